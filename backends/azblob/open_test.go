package azblob

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/e2e/emulators"
)

const secret = "c2VjcmV0"

func TestOpen(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    Config
		url  string // or
		want string // in the error
	}{
		{"key", Config{Container: "c", Account: "example", Key: secret}, "https://example.blob.core.windows.net/c", ""},
		{"SAS", Config{Container: "c", Account: "example", SAS: "?sv=1&sig=" + secret}, "https://example.blob.core.windows.net/c", ""},
		{"identity", Config{Container: "c", Account: "example"}, "https://example.blob.core.windows.net/c", ""},
		{
			"another cloud",
			Config{Container: "c", Account: "example", Endpoint: "https://example.blob.core.usgovcloudapi.net/", Key: secret},
			"https://example.blob.core.usgovcloudapi.net/c", "",
		},
		{
			"connection string",
			Config{Container: "c", ConnectionString: "DefaultEndpointsProtocol=https;AccountName=example;AccountKey=" + secret},
			"https://example.blob.core.windows.net/c", "",
		},
		{
			"connection string with SAS",
			Config{Container: "c", ConnectionString: "BlobEndpoint=https://x.example/;SharedAccessSignature=sv=1&sig=" + secret},
			"https://x.example/c", "",
		},
		{"no container", Config{Account: "example", Key: secret}, "", "storage.azblob.container is missing"},
		{"no name", Config{Container: "c/d", Account: "example", Key: secret}, "", "storage.azblob.container"},
		{"no account", Config{Container: "c", SAS: "sig=" + secret}, "", "storage.azblob.account is missing"},
		{"key of whom", Config{Container: "c", Endpoint: "https://x.example", Key: secret}, "", "needs storage.azblob.account"},
		{"odd account", Config{Container: "c", Account: "example.com/"}, "", "storage.azblob.account"},
		{"two ways", Config{Container: "c", Account: "example", Key: secret, SAS: "sig=" + secret}, "", "only one of"},
		{"two accounts", Config{Container: "c", Account: "example", ConnectionString: secret}, "", "leave out storage.azblob.account"},
		{"odd key", Config{Container: "c", Account: "example", Key: secret + "*"}, "", "storage.azblob.key is not base64"},
		{"odd SAS", Config{Container: "c", Account: "example", SAS: "https://x/?sig=" + secret}, "", "storage.azblob.sas is not"},
		{"odd string", Config{Container: "c", ConnectionString: secret}, "", "storage.azblob.connection_string"},
		{"odd endpoint", Config{Container: "c", Endpoint: "x.example?sig=" + secret}, "", "storage.azblob.endpoint"},
		{"token in the clear", Config{Container: "c", Endpoint: "http://x.example"}, "", "https://"},
	} {
		b, err := Open(t.Context(), tt.c)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want == "" && b.String() != tt.url:
			t.Errorf("%s: it is %v, want %s", tt.name, b, tt.url)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret)):
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// testSignIn asks the emulator for what it refuses, and nobody at all.
func testSignIn(t *testing.T, account emulators.AzureAccount) {
	good := newContainer(t, account)
	with := func(c Config, change func(*Config)) Config {
		change(&c)
		return c
	}
	noDelete := withSAS(t, good, "rl")
	for _, tt := range []struct {
		name string
		c    Config
		want string // in errors; empty if it is good
	}{
		{"key", good, ""},
		{"SAS", withSAS(t, good, "racwdl"), ""},
		{"connection string", Config{Container: good.Container, ConnectionString: account.ConnectionString}, ""},
		{"wrong key", with(good, func(c *Config) { c.Key = secret }), "storage.azblob.key"},
		{"wrong SAS", with(withSAS(t, good, "racwdl"), func(c *Config) { c.SAS += "x" }), "storage.azblob.sas"},
		{"SAS that permits nothing of it", withSAS(t, good, "t"), "storage.azblob.sas"},
		{
			"wrong string",
			Config{Container: good.Container, ConnectionString: strings.Replace(account.ConnectionString, account.Key, secret, 1)},
			"storage.azblob.connection_string",
		},
		{"no container", with(good, func(c *Config) { c.Container = "nowhere" }), "az storage container create"},
		{"nobody listens", with(good, func(c *Config) { c.Endpoint = "http://127.0.0.1:1/devstoreaccount1" }), "storage.azblob.endpoint"},
		{"nobody listens, SAS", Config{Container: "c", Endpoint: "http://127.0.0.1:1", SAS: "sig=" + secret}, "storage.azblob.endpoint"},
		{"no token", Config{Container: "c", Account: "example"}, "managed identity"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := mustOpen(t, tt.c)
			if tt.name == "no token" {
				b = mustOpenAs(t, tt.c, noToken{})
			}
			if tt.want == "" {
				mustPut(t, b, "x", content(1, 1000), options)
			}
			for _, call := range []string{"Check", "Put", "Head", "Get", "Send", "List", "Delete", "Delete 2"} {
				err := calls(b, "x")[call](t.Context())
				if tt.want == "" {
					if err != nil {
						t.Errorf("%s: %v", call, err)
					}
					continue
				}
				if !errors.Is(err, backends.ErrUnavailable) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s: %v, want %q", call, err, tt.want)
				}
				wantNoSecrets(t, err, tt.c)
			}
		})
	}
	b := mustOpen(t, noDelete)
	if err := b.Check(t.Context()); err != nil {
		t.Errorf("Check by who may read and list: %v", err)
	}
	mustPut(t, mustOpen(t, good), "x", content(1, 1000), options)
	for _, names := range [][]string{{"x"}, {"x", "y"}} {
		if err := b.Delete(t.Context(), names); !errors.Is(err, backends.ErrUnavailable) {
			t.Errorf("Delete %q by who may read and list: %v", names, err)
		}
	}
	wantContent(t, b, "x", content(1, 1000))
}

// wantNoSecrets looks at an error and at all that it wraps.
func wantNoSecrets(t *testing.T, err error, c Config) {
	t.Helper()
	if err == nil {
		return
	}
	_, signature, _ := strings.Cut(c.SAS, "sig=")
	for _, s := range []string{secret, c.Key, c.SAS, signature} {
		if s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("a secret is in %q", err)
		}
	}
	switch wrapped := err.(type) { //nolint:errorlint // it is gone through
	case interface{ Unwrap() error }:
		wantNoSecrets(t, wrapped.Unwrap(), c)
	case interface{ Unwrap() []error }:
		for _, err := range wrapped.Unwrap() {
			wantNoSecrets(t, err, c)
		}
	}
}

// noToken is a machine without an identity.
type noToken struct{}

func (noToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, errors.New("DefaultAzureCredential: failed to acquire a token.\nAttempted credentials:\n\tnone")
}

// Errors of the client's own have URLs in them.
func TestSaid(t *testing.T) {
	got := said(errors.New("parse \"http://x/?sv=1&sig=" + secret + "%3D&x=1\": no\n\n" + strings.Repeat("long ", 100)))
	if strings.Contains(got, secret) || strings.Contains(got, "\n") || len(got) > 310 || !strings.Contains(got, "sig=REDACTED&x=1") {
		t.Errorf("%q", got)
	}
}
