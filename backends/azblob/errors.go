package azblob

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"github.com/bleepstore/bleepstore/backends"
)

// isTaken tells whether an object was not stored because there is one of its name.
func isTaken(err error) bool {
	return bloberror.HasCode(err, bloberror.BlobAlreadyExists, bloberror.ConditionNotMet)
}

// failure is an error of the client in a line and without secrets: its own have many lines, and URLs in which a SAS is. Of the
// original it wraps what callers look for.
type failure struct {
	text  string
	wraps []error
}

func (f *failure) Error() string   { return f.text }
func (f *failure) Unwrap() []error { return f.wraps }

// failure returns an error that says what was being done, what failed, and what to do about it.
func (b *Bucket) failure(doing string, err error) error {
	if err == nil {
		return nil
	}
	f := &failure{text: doing}
	remedy, kind := b.classify(err)
	if kind != nil {
		f.text += ": " + kind.Error()
		f.wraps = append(f.wraps, kind)
	}
	f.text += ": " + said(err)
	if remedy != "" {
		f.text += ": " + remedy
	}
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF} {
		if errors.Is(err, cause) {
			f.wraps = append(f.wraps, cause)
		}
	}
	return f
}

// classify returns which of the errors of package backends an error is, if any, and what can be done about it.
func (b *Bucket) classify(err error) (remedy string, kind error) {
	var response *azcore.ResponseError
	switch {
	case errors.As(err, &response):
		return b.classifyAnswer(response)
	case errors.Is(err, context.Canceled):
		return "", nil
	case errors.As(err, new(*credentialError)):
		return "there is no token: give this machine a managed identity, or set storage.azblob.key, storage.azblob.sas or " +
			"storage.azblob.connection_string", backends.ErrUnavailable
	}
	return "check " + b.whereSetting() + " and the network", backends.ErrUnavailable
}

// classifyAnswer does so by the codes of https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes.
func (b *Bucket) classifyAnswer(response *azcore.ResponseError) (remedy string, kind error) {
	code := bloberror.Code(response.ErrorCode)
	switch code {
	case bloberror.BlobNotFound:
		return "", backends.ErrNotFound
	case bloberror.ContainerNotFound, bloberror.ContainerBeingDeleted, bloberror.ContainerDisabled, bloberror.InvalidResourceName:
		return "there is no container at " + b.url + ": make it with az storage container create, or correct " +
			"storage.azblob.container", backends.ErrUnavailable
	case bloberror.BlobArchived, bloberror.BlobBeingRehydrated:
		return "it is in the archive tier: bring it back with az storage blob set-tier, and keep lifecycle rules from moving " +
			"there what is in this container", backends.ErrUnavailable
	case bloberror.BlobImmutableDueToPolicy:
		return "take the immutability policy or the legal hold from the container", backends.ErrUnavailable
	case bloberror.LeaseIDMissing:
		return "somebody has a lease on it: end it with az storage blob lease break", backends.ErrUnavailable
	case bloberror.ConditionNotMet:
		return "", backends.ErrChanged
	case bloberror.ServerBusy:
		return "", backends.ErrBusy
	case bloberror.MD5Mismatch, bloberror.CRC64Mismatch:
		return "it was damaged on its way, and is not stored: try again", nil
	}
	switch status := response.StatusCode; {
	case status == http.StatusTooManyRequests:
		return "", backends.ErrBusy
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return b.refused(code), backends.ErrUnavailable
	case status == http.StatusNotFound: // of what, is not known
		return "check " + b.whereSetting(), backends.ErrUnavailable
	case status == http.StatusRequestTimeout || status >= 500:
		return "", backends.ErrUnavailable
	case status == http.StatusPreconditionFailed:
		return "", backends.ErrChanged
	}
	return "", nil
}

// refused says what to do when the service refuses who asks.
func (b *Bucket) refused(code bloberror.Code) string {
	if code == bloberror.AuthorizationFailure {
		return "let this machine through the account's firewall, and check the permissions of " + b.signInSetting()
	}
	return "check " + b.signInSetting() + ", and the clock of this machine"
}

// signInSetting is what decides who asks.
func (b *Bucket) signInSetting() string {
	switch c := b.config; {
	case c.Key != "":
		return "storage.azblob.key, which must be a key of the account that storage.azblob.account names"
	case c.SAS != "":
		return "storage.azblob.sas, which must permit to read, add, create, write, delete and list (racwdl) in the container, " +
			"and must not have expired"
	case c.ConnectionString != "":
		return "storage.azblob.connection_string"
	}
	return `the role of the identity, which must be "Storage Blob Data Contributor" for the container`
}

// whereSetting is what decides where requests go.
func (b *Bucket) whereSetting() string {
	switch c := b.config; {
	case c.ConnectionString != "":
		return "storage.azblob.connection_string"
	case c.Endpoint != "":
		return "storage.azblob.endpoint"
	}
	return "storage.azblob.account"
}

// signature is of a SAS in a URL.
var signature = regexp.MustCompile(`(?i)\bsig=[^&\s"']*`)

// said is what an error says, in a line.
func said(err error) string {
	var text string
	var response *azcore.ResponseError
	var request *url.Error
	switch {
	case errors.As(err, &response):
		text = answered(response)
	case errors.As(err, &request):
		text = request.Err.Error() // without the URL
	default:
		text = err.Error()
	}
	const enough = 300
	text = signature.ReplaceAllString(strings.Join(strings.Fields(text), " "), "sig=REDACTED")
	if len(text) > enough {
		text = text[:enough] + "..."
	}
	return text
}

// answered is what the service says: its status and code, and the first line of its message. The others are numbers of the
// request and, where credentials are wrong, what was signed.
func answered(response *azcore.ResponseError) string {
	text := fmt.Sprintf("%d %s", response.StatusCode, http.StatusText(response.StatusCode))
	if response.ErrorCode != "" {
		text += ", " + response.ErrorCode
	}
	var body struct{ Message string }
	if data, err := runtime.Payload(response.RawResponse); err == nil && xml.Unmarshal(data, &body) == nil {
		if message, _, _ := strings.Cut(body.Message, "\n"); message != "" {
			text += ", " + message
		}
	}
	return text
}
