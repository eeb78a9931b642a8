package azblob

import (
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
	"github.com/bleepstore/bleepstore/e2e/emulators"
)

func list(t *testing.T, b *Bucket, prefix, after string, page int) (names []string) {
	t.Helper()
	for info, err := range b.List(t.Context(), prefix, after, page) {
		if err != nil {
			t.Fatalf("List(%q, %q, %d): %v", prefix, after, page, err)
		}
		names = append(names, info.Name)
	}
	return names
}

// A list begins where it is to begin, and is right all the same where the service knows no way to say so.
func testListBegins(t *testing.T, account emulators.AzureAccount) {
	_, proxy, config := proxied(t, account)
	b := mustOpen(t, config)
	names := []string{"a/1 +%?&#", "a/2/", "a/2/x", "a/3'\"<", "a/4ä", "b"}
	for _, name := range names {
		mustPut(t, b, name, content(1, 10), options)
	}
	withSAS := mustOpen(t, withSAS(t, config, "rl")) // whose signature covers no parameters
	forgetful := func(w http.ResponseWriter, r *http.Request, forward *httputil.ReverseProxy) {
		query := r.URL.Query()
		query.Del("startFrom")
		r.URL.RawQuery = query.Encode()
		forward.ServeHTTP(w, r)
	}
	for i, after := range append([]string{""}, names...) {
		for _, page := range []int{2, 1000} {
			proxy.Heal()
			if got := list(t, b, "", after, page); !slices.Equal(got, names[i:]) {
				t.Errorf("behind %q, in pages of %d: %q", after, page, got)
			}
			if n := len(proxy.Requests()); n > len(names[i:])/page+2 {
				t.Errorf("behind %q, in pages of %d: %d requests", after, page, n)
			}
			proxy.Fail(nil, buckettest.Always, forgetful)
			if got := list(t, withSAS, "", after, page); !slices.Equal(got, names[i:]) {
				t.Errorf("behind %q, in pages of %d, from the beginning: %q", after, page, got)
			}
		}
	}
}

// No name is lost by going on behind another, whatever the order of names is.
func testListOrder(t *testing.T, account emulators.AzureAccount) {
	b, _, _ := proxied(t, account)
	names := []string{"p/a", "p/z", "p/\u00e4", "p/\U0001f600", "p/\uff5e", "p/\U0001f600x"}
	for _, name := range names {
		mustPut(t, b, name, content(1, 10), options)
	}
	all := list(t, b, "p/", "", 1000)
	if want := slices.Sorted(slices.Values(names)); !slices.Equal(slices.Sorted(slices.Values(all)), want) {
		t.Fatalf("%q", all)
	}
	for i, after := range all {
		got := list(t, b, "p/", after, 2)
		for _, name := range all[i+1:] {
			if !slices.Contains(got, name) {
				t.Errorf("behind %q: %q, without %q", after, got, name)
			}
		}
		if slices.Contains(got, after) || after < "p/\u00ff" && !slices.Equal(got, all[i+1:]) {
			t.Errorf("behind %q: %q", after, got)
		}
	}
}

// What a list tells of objects is what a look at each would.
func testListed(t *testing.T, account emulators.AzureAccount) {
	b, _, _ := proxied(t, account)
	mustPut(t, b, "x", content(1, 1000), remote.Options{ContentType: "text/odd", Metadata: map[string]string{"blob": "b1", "key": "%C3%A4~ \"'&<"}})
	if err := putPieces(t, b, "y", content(2, 6<<20), options); err != nil {
		t.Fatal(err)
	}
	found := 0
	for got, err := range b.List(t.Context(), "", "", 10) {
		if err != nil {
			t.Fatal(err)
		}
		found++
		want, err := b.Head(t.Context(), got.Name)
		if err != nil {
			t.Fatal(err)
		}
		_, read, err := b.Get(t.Context(), got.Name, "", 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		read.Headers.StorageClass = want.Headers.StorageClass // which the answer does not tell
		for _, info := range []remote.Info{got, read} {
			if !slices.Equal(fields(info), fields(want)) {
				t.Errorf("%s:\n got %q\nwant %q", got.Name, fields(info), fields(want))
			}
		}
		if len(want.ETag) < 8 || strings.ContainsAny(want.ETag, `"xX`) || len(want.ETag) == 32 != (got.Name == "x") {
			t.Errorf("%s: ETag %q", got.Name, want.ETag)
		}
	}
	if found != 2 {
		t.Errorf("%d objects", found)
	}
}

func fields(info remote.Info) []string {
	all := []string{
		info.Name, info.Tag, info.ETag, info.Modified.String(), info.Headers.ContentType, info.Headers.StorageClass,
		info.Metadata["blob"], info.Metadata["key"],
	}
	return append(all, string(rune(info.Size)), string(rune(len(info.Metadata))))
}
