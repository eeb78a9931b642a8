package azblob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/bleepstore/bleepstore/internal/tracing"
)

// idleConnections are kept for the next requests.
const idleConnections = 64

// tokenPatience is how long a token may take. The client asks for those of a batch's parts without a time limit.
const tokenPatience = 30 * time.Second

// open opens a container, as somebody whom identity tells if nothing else does.
func open(c Config, retry policy.RetryOptions, identity func() (azcore.TokenCredential, error)) (*Bucket, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = idleConnections
	b := &Bucket{config: c, transport: transport}
	var err error
	if b.client, err = c.newClient(&container.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport:        &http.Client{Transport: tracing.Transport(transport)},
		Retry:            retry,
		Telemetry:        policy.TelemetryOptions{ApplicationID: "bleepstore"},
		PerCallPolicies:  []policy.Policy{startFrom{}},
		PerRetryPolicies: []policy.Policy{freshBody{}},
	}}, identity); err != nil {
		return nil, err
	}
	b.url, _, _ = strings.Cut(b.client.URL(), "?")
	return b, nil
}

var accountName = regexp.MustCompile(`^[a-z0-9]{3,24}$`)

// check finds what is missing, and what contradicts each other.
func (c Config) check() error {
	ways := 0
	for _, secret := range []string{c.Key, c.SAS, c.ConnectionString} {
		if secret != "" {
			ways++
		}
	}
	switch {
	case c.Container == "":
		return errors.New("storage.azblob.container is missing")
	case strings.ContainsAny(c.Container, "/?#%"):
		return fmt.Errorf("storage.azblob.container: %q is not the name of a container", c.Container)
	case ways > 1:
		return errors.New("only one of storage.azblob.key, storage.azblob.sas and storage.azblob.connection_string can be given")
	case c.ConnectionString != "":
		if c.Account != "" || c.Endpoint != "" {
			return errors.New("storage.azblob.connection_string has the account in it: leave out storage.azblob.account and " +
				"storage.azblob.endpoint")
		}
		return nil
	case c.Key != "" && c.Account == "":
		return errors.New("storage.azblob.key needs storage.azblob.account, the name of the account whose key it is")
	case c.Endpoint != "":
		return c.checkEndpoint(ways == 0)
	case c.Account == "":
		return errors.New("storage.azblob.account is missing, or storage.azblob.endpoint instead")
	case !accountName.MatchString(c.Account):
		return fmt.Errorf("storage.azblob.account: %q is not the name of an account, which has 3 to 24 of a-z and 0-9", c.Account)
	}
	return nil
}

func (c Config) checkEndpoint(identity bool) error {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.User != nil {
		// It is not told what it is, for it may have a SAS in it.
		return errors.New("storage.azblob.endpoint is not a URL such as https://example.blob.core.windows.net")
	}
	if identity && u.Scheme != "https" {
		return errors.New("storage.azblob.endpoint must begin with https://, or a token could be read by others; " +
			"for an emulator, set storage.azblob.key")
	}
	return nil
}

func (c Config) newClient(
	options *container.ClientOptions, identity func() (azcore.TokenCredential, error),
) (*container.Client, error) {
	if c.ConnectionString != "" {
		client, err := container.NewClientFromConnectionString(c.ConnectionString, c.Container, options)
		if err != nil {
			return nil, fmt.Errorf("storage.azblob.connection_string: %w", err) // which has no part of it
		}
		return client, nil
	}
	endpoint := strings.TrimSuffix(c.Endpoint, "/")
	if endpoint == "" {
		endpoint = "https://" + c.Account + ".blob.core.windows.net"
	}
	where := endpoint + "/" + c.Container
	switch {
	case c.Key != "":
		key, err := container.NewSharedKeyCredential(c.Account, c.Key)
		if err != nil {
			return nil, errors.New("storage.azblob.key is not base64, as keys of accounts are: copy it again")
		}
		return container.NewClientWithSharedKeyCredential(where, key, options)
	case c.SAS != "":
		token := strings.TrimPrefix(c.SAS, "?")
		if values, err := url.ParseQuery(token); err != nil || !values.Has("sig") || strings.Contains(token, "://") {
			return nil, errors.New("storage.azblob.sas is not a SAS token, which is sv=...&sig=... and no URL")
		}
		return container.NewClientWithNoCredential(where+"?"+token, options)
	}
	who, err := identity()
	if err != nil {
		return nil, fmt.Errorf("find an identity of Azure: %w", err)
	}
	return container.NewClient(where, credential{who}, options)
}

// newIdentity is whom Azure's default credential finds: the environment's, the managed identity of the machine, or that of az.
func newIdentity() (azcore.TokenCredential, error) { return azidentity.NewDefaultAzureCredential(nil) }

// credential tells by its errors that there was no token for a request, which was then not sent.
type credential struct{ azcore.TokenCredential }

// GetToken implements azcore.TokenCredential.
func (c credential) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenPatience)
	defer cancel()
	token, err := c.TokenCredential.GetToken(ctx, options)
	if err != nil {
		err = &credentialError{err}
	}
	return token, err
}

type credentialError struct{ error }

func (e *credentialError) Unwrap() error { return e.error }

// NonRetriable keeps the client from asking again: the credential has done so.
func (e *credentialError) NonRetriable() {}
