package gcs_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/gcs"
)

func credentials(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    gcs.Config
		says []string
	}{
		{"no bucket", gcs.Config{}, []string{"storage.gcs.bucket"}},
		{"a path as a bucket", gcs.Config{Bucket: "gs://b"}, []string{"storage.gcs.bucket", `"gs://b"`}},
		{"an endpoint that is no URL", gcs.Config{Bucket: "b", Endpoint: "localhost:4443"}, []string{"storage.gcs.endpoint", "localhost:4443"}},
		{"no such credentials", gcs.Config{Bucket: "b", CredentialsFile: "/none/key.json"}, []string{"storage.gcs.credentials_file", "/none/key.json"}},
		{
			"credentials that are not JSON",
			gcs.Config{Bucket: "b", CredentialsFile: credentials(t, "key")},
			[]string{"storage.gcs.credentials_file", "not JSON"},
		},
		{
			"credentials of no known type",
			gcs.Config{Bucket: "b", CredentialsFile: credentials(t, `{"type":"magic"}`)},
			[]string{"magic", "storage.gcs.credentials_file"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := gcs.Open(t.Context(), tt.c)
			for _, want := range tt.says {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want something about %s", err, want)
				}
			}
		})
	}
}

// TestCredentialsThatAreRefused has Google refuse to give a token for a key.
func TestCredentialsThatAreRefused(t *testing.T) {
	tokens := newService(t, map[string]answer{
		"POST /token": {http.StatusBadRequest, `{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}`},
	})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "me@example.com", "private_key_id": "1", "token_uri": tokens.url + "/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := gcs.OpenBrisk(t.Context(), gcs.Config{Bucket: "b", CredentialsFile: credentials(t, string(file))})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, op := range operations {
		err := op.call(t.Context(), b)
		if !errors.Is(err, backends.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", op.name, err)
			continue
		}
		for _, want := range []string{"Invalid JWT Signature", "storage.gcs.credentials_file"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v\ndoes not say %q", op.name, err, want)
			}
		}
	}
}
