package cosmos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// failure is an error in one line: the client's own have many.
type failure struct {
	text  string
	cause error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

// failure returns an error that names the container and what was being done to it.
func (t *Table) failure(doing, what string, cause error) error {
	return &failure{cause: cause, text: fmt.Sprintf("Cosmos DB at %s, container %s/%s: %s: %s",
		t.config.Endpoint, t.config.Database, t.config.Container, doing, what)}
}

// explain returns an error that says what failed and what to do about it.
func (t *Table) explain(doing string, err error) error {
	return t.failure(doing, t.remedy(err), err)
}

func (t *Table) remedy(err error) string {
	said := said(err)
	switch status(err) {
	case noStatus:
		if isCredential(err) {
			return "no token for the service: set a key, or give this machine a managed identity: " + said
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return "no answer in time: " + said
		}
	case http.StatusUnauthorized:
		return "the credentials are refused: set the key that az cosmosdb keys list shows, or none to use a managed identity, " +
			"and check the clock: " + said
	case http.StatusForbidden:
		if subStatus(err) == subPartitionFull {
			return "a logical partition has 20 GB, its limit: a bucket has too many rows of a kind: " + said
		}
		return `access is denied: give the identity the role "Cosmos DB Built-in Data Contributor" with ` +
			"az cosmosdb sql role assignment create, and let this machine through the account's firewall: " + said
	case http.StatusNotFound:
		switch subStatus(err) {
		case subOwnerNotFound:
			return t.missing()
		case subReadSessionNotAvailable:
			return "no replica has what was written before; if the container was replaced, restart: " + said
		}
	case http.StatusRequestEntityTooLarge:
		return "a row has more than 2 MB, the limit of an item: " + said
	case http.StatusTooManyRequests:
		return fmt.Sprintf("throttled: raise the throughput with az cosmosdb sql container throughput update, "+
			"or let it scale with throughput migrate --throughput-type autoscale: %s", said)
	}
	return said
}

// missing says that there is no container, and how to make one.
func (t *Table) missing() string {
	at := fmt.Sprintf("--account-name %s --resource-group GROUP", t.account())
	return fmt.Sprintf("there is no such container: make it with az cosmosdb sql database create %s --name %s; "+
		"az cosmosdb sql container create %s --database-name %s --name %s --partition-key-path %s",
		at, t.config.Database, at, t.config.Database, t.config.Container, partitionKeyPath)
}

// account is the name of the account, for commands.
func (t *Table) account() string {
	endpoint, err := url.Parse(t.config.Endpoint)
	if err != nil {
		return "ACCOUNT"
	}
	name, _, _ := strings.Cut(endpoint.Hostname(), ".")
	return name
}

// said is what an error says, in a line.
func said(err error) string {
	text := err.Error()
	if r := refusal(err); r != nil {
		text = fmt.Sprintf("%d %s", r.StatusCode, http.StatusText(r.StatusCode))
		if sub := subStatus(err); sub != "" {
			text += ", sub-status " + sub
		}
		var body struct {
			Message string `json:"message"`
		}
		if data, err := runtime.Payload(r.RawResponse); err == nil && json.Unmarshal(data, &body) == nil && body.Message != "" {
			text += ": " + body.Message
		}
	}
	const enough = 300
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	if len(text) > enough {
		text = text[:enough] + "..."
	}
	return strings.TrimSpace(text)
}
