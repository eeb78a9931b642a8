//go:build linux

package powercut

import (
	"os"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/internal/durable"
)

func TestHeldSyncs(t *testing.T) {
	t.Parallel()
	d := mount(t, New())
	d.write("f", "old")
	d.must(os.Mkdir(d.path("folder"), 0o700))
	release := d.fs.HoldSyncs()
	defer release()
	synced := make(chan error, 2)
	for _, path := range []string{d.path("f"), d.path("folder")} {
		go func() { synced <- durable.Sync(path) }()
	}
	for end := time.Now().Add(20 * time.Second); d.fs.syncs.count() < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d syncs are held, want 2", d.fs.syncs.count())
		}
	}
	d.write("g", "new")
	d.must(os.Rename(d.path("g"), d.path("h")))
	if got := content("f")(d) + content("h")(d); got != "oldnew" {
		t.Errorf("found %q while syncs are held", got)
	}
	if len(synced) > 0 {
		t.Error("a sync ended that was held")
	}
	release()
	for range 2 {
		d.must(<-synced)
	}
	d.sync("h")
}
