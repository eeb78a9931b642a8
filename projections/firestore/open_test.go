package firestore_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/projections/firestore"
)

func TestOpenRefuses(t *testing.T) {
	file := func(content string) string {
		path := filepath.Join(t.TempDir(), "credentials.json")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		name string
		c    firestore.Config
		says string
	}{
		{"no project", firestore.Config{}, "project"},
		{"a path as a collection", firestore.Config{Project: "p", Collection: "a/b"}, `"a/b"`},
		{"a reserved collection", firestore.Config{Project: "p", Collection: "__a__"}, `"__a__"`},
		{"no such credentials", firestore.Config{Project: "p", CredentialsFile: "/none/key.json"}, "/none/key.json"},
		{"credentials that are not JSON", firestore.Config{Project: "p", CredentialsFile: file("key")}, "not JSON"},
		{"credentials of something else", firestore.Config{Project: "p", CredentialsFile: file(`{"user":"me"}`)}, "no type"},
		{"credentials of no known type", firestore.Config{Project: "p", CredentialsFile: file(`{"type":"magic"}`)}, "magic"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := firestore.Open(t.Context(), tt.c)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want something about %s", err, tt.says)
			}
		})
	}
}

// TestOpenSilent connects to a server that says nothing at all.
func TestOpenSilent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err = firestore.Open(ctx, newCollection(listener.Addr().String()))
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > 5*time.Second {
		t.Errorf("Open gives %v after %v", err, took)
	}
}
