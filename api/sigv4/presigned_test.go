package sigv4

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/api"
)

func TestPresignedLifetime(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration
		code  api.Code
	}{
		"at once":        {0, ""},
		"at the end":     {7 * 24 * time.Hour, ""},
		"past the end":   {7*24*time.Hour + time.Second, api.AccessDenied},
		"within skew":    {-15 * time.Minute, ""},
		"before its day": {-15*time.Minute - time.Second, api.AccessDenied},
	} {
		t.Run(name, func(t *testing.T) {
			received := sent(t, presign(t, newRequest(t, http.MethodGet, "/key", nil), "604800"))
			_, err := verifierAt(exampleTime.Add(c.after)).Verify(received)
			if c.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantCode(t, err, c.code)
			if got := detail(err, "Expires"); got != "2013-05-31T00:00:00Z" {
				t.Errorf("Expires is %q", got)
			}
			if want := exampleTime.Add(c.after).Format(serverTimeLayout); detail(err, "ServerTime") != want {
				t.Errorf("ServerTime is %q, want %s", detail(err, "ServerTime"), want)
			}
		})
	}
}

func TestPresignedPut(t *testing.T) {
	r := newRequest(t, http.MethodPut, "/key", strings.NewReader("body"))
	r.Header.Set("Content-Type", "text/plain")
	r.Header.Set("X-Amz-Meta-A", "b")
	received := sent(t, presign(t, r, "60"))
	verified := verify(t, received)
	if got, err := io.ReadAll(verified.Body); err != nil || string(got) != "body" {
		t.Errorf("Body is %q, %v", got, err)
	}

	received.Header.Set("X-Amz-Acl", "public-read")
	_, err := verifierAt(exampleTime).Verify(received)
	wantCode(t, err, api.AccessDenied)
	if got := detail(err, "HeadersNotSigned"); got != "x-amz-acl" {
		t.Errorf("HeadersNotSigned is %q", got)
	}
	received.Header.Del("X-Amz-Acl")

	received.Header.Set("X-Amz-Meta-A", "c")
	_, err = verifierAt(exampleTime).Verify(received)
	wantCode(t, err, api.SignatureDoesNotMatch)
}

func TestPresignedRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		parameter, value string
		code             api.Code
		message          string
	}{
		"algorithm":       {"X-Amz-Algorithm", "AWS4-HMAC-MD5", api.AuthorizationQueryParametersError, "X-Amz-Algorithm only supports"},
		"asymmetric":      {"X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256", api.NotImplemented, "Asymmetric"},
		"no credential":   {"X-Amz-Credential", "", api.AuthorizationQueryParametersError, "requires the X-Amz-Algorithm"},
		"no signature":    {"X-Amz-Signature", "", api.AuthorizationQueryParametersError, "requires the X-Amz-Algorithm"},
		"no date":         {"X-Amz-Date", "", api.AuthorizationQueryParametersError, "requires the X-Amz-Algorithm"},
		"no headers":      {"X-Amz-SignedHeaders", "", api.AuthorizationQueryParametersError, "requires the X-Amz-Algorithm"},
		"no expiry":       {"X-Amz-Expires", "", api.AuthorizationQueryParametersError, "requires the X-Amz-Algorithm"},
		"date format":     {"X-Amz-Date", "2013-05-24", api.AuthorizationQueryParametersError, "ISO8601"},
		"expiry a word":   {"X-Amz-Expires", "soon", api.AuthorizationQueryParametersError, "should be a number"},
		"expiry negative": {"X-Amz-Expires", "-1", api.AuthorizationQueryParametersError, "non-negative"},
		"expiry too long": {"X-Amz-Expires", "604801", api.AuthorizationQueryParametersError, "less than a week"},
		"expiry changed":  {"X-Amz-Expires", "61", api.SignatureDoesNotMatch, ""},
		"credential":      {"X-Amz-Credential", "a/b", api.AuthorizationQueryParametersError, "the Credential is mal-formed"},
		"region":          {"X-Amz-Credential", exampleKey + "/20130524/eu-west-1/s3/aws4_request", api.AuthorizationQueryParametersError, "the region 'eu-west-1' is wrong"},
		"credential date": {"X-Amz-Credential", exampleKey + "/20130523/us-east-1/s3/aws4_request", api.AuthorizationQueryParametersError, "Invalid credential date"},
		"unknown key":     {"X-Amz-Credential", "nobody/" + exampleScope, api.InvalidAccessKeyID, ""},
		"session token":   {"X-Amz-Security-Token", "token", api.InvalidToken, ""},
		"signature":       {"X-Amz-Signature", "0", api.SignatureDoesNotMatch, ""},
		"added parameter": {"versionId", "1", api.SignatureDoesNotMatch, ""},
		"chunks":          {"X-Amz-Content-Sha256", unsignedChunksTrailer, api.InvalidArgument, ""},
	} {
		t.Run(name, func(t *testing.T) {
			received := sent(t, presign(t, newRequest(t, http.MethodGet, "/key", nil), "60"))
			query := received.URL.Query()
			if c.value == "" {
				query.Del(c.parameter)
			} else {
				query.Set(c.parameter, c.value)
			}
			received.URL.RawQuery = query.Encode()
			_, err := verifierAt(exampleTime).Verify(received)
			wantCode(t, err, c.code)
			if !strings.Contains(err.Error(), c.message) {
				t.Errorf("message is %q, want %q", err, c.message)
			}
		})
	}
}
