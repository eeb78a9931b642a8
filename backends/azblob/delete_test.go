package azblob

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
	"github.com/bleepstore/bleepstore/e2e/emulators"
)

func isBatch(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "comp=batch") }

// Many objects are deleted by few requests, whoever asks, and by many where the service takes no such ones.
func testDeleteMany(t *testing.T, account emulators.AzureAccount) {
	keyed, proxy, config := proxied(t, account)
	var names, some []string
	for i := range maxBatch + 44 {
		names = append(names, fmt.Sprintf("dir/%d +%%?&#ä'\"", i))
	}
	some = names[200:260:260]
	shared := mustOpen(t, withSAS(t, config, "racwdl"))
	for _, tt := range []struct {
		name     string
		b        *Bucket
		fault    buckettest.Fault
		requests int
	}{
		{"key", keyed, nil, 2},
		{"SAS", shared, nil, 2},
		{"no batches", keyed, answer(400, "InvalidQueryParameterValue", "No."), 2 + len(names)},
		{"no right to batches", shared, answer(403, "AuthorizationFailure", "No."), 2 + len(names)},
	} {
		for _, name := range some { // the others were never there
			mustPut(t, keyed, name, content(1, 10), options)
		}
		if _, err := keyed.client.NewBlobClient(some[0]).CreateSnapshot(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		mustPut(t, keyed, "kept", content(1, 10), options)
		proxy.Fail(isBatch, buckettest.Always, tt.fault)
		if err := tt.b.Delete(t.Context(), names); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if n := len(proxy.Requests()); n != tt.requests {
			t.Errorf("%s: %d requests, want %d", tt.name, n, tt.requests)
		}
		if got := list(t, keyed, "", "", 1000); len(got) != 1 {
			t.Errorf("%s: there are %q", tt.name, got)
		}
	}
}

// What is not deleted is an error, also in a batch, which deletes the others.
func testDeleteLeased(t *testing.T, account emulators.AzureAccount) {
	b, proxy, _ := proxied(t, account)
	names := []string{"x", "y", "z"}
	for _, name := range names {
		mustPut(t, b, name, content(1, 10), options)
	}
	l, err := lease.NewBlobClient(b.client.NewBlobClient("y"), &lease.BlobClientOptions{LeaseID: to.Ptr("00000000-0000-4000-8000-000000000000")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.AcquireLease(t.Context(), -1, nil); err != nil {
		t.Fatal(err)
	}
	proxy.Heal()
	err = b.Delete(t.Context(), names)
	if !errors.Is(err, backends.ErrUnavailable) || !strings.Contains(err.Error(), "az storage blob lease break") ||
		!strings.Contains(err.Error(), "delete object y") {
		t.Errorf("%v", err)
	}
	if n := len(proxy.Requests()); n != 2 {
		t.Errorf("%d requests: %q", n, proxy.Requests())
	}
	wantMissing(t, b, "x")
	wantMissing(t, b, "z")
	wantContent(t, b, "y", content(1, 10))
}
