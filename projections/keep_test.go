package projections_test

import (
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/projections"
)

// What was kept holds for the commit that it was kept at, and for no other.
func TestKept(t *testing.T) {
	folder, err := files.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := eventlog.Position{Log: "log", Seq: 7, Hash: "hash"}
	want := projections.Totals{Buckets: 1, Objects: 2, Bytes: 3}
	if _, found, err := projections.Kept(t.Context(), folder, at); found || err != nil {
		t.Errorf("before anything was kept: found %v, %v", found, err)
	}
	if err := projections.Keep(t.Context(), folder, at, want); err != nil {
		t.Fatal(err)
	}
	if got, found, err := projections.Kept(t.Context(), folder, at); !found || err != nil || got != want {
		t.Errorf("kept is %+v, found %v, %v; want %+v", got, found, err, want)
	}
	for _, other := range []eventlog.Position{{}, {Log: "log", Seq: 8, Hash: "hash"}, {Log: "other", Seq: 7, Hash: "hash"}, {Log: "log", Seq: 7, Hash: "other"}} {
		if _, found, err := projections.Kept(t.Context(), folder, other); found || err != nil {
			t.Errorf("at %v: found %v, %v", other, found, err)
		}
	}
	if err := folder.Put(t.Context(), "totals.json", strings.NewReader("{")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := projections.Kept(t.Context(), folder, at); err == nil {
		t.Error("a damaged file is no error")
	}
}
