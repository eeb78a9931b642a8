//go:build linux

package powercut

import (
	"errors"
	"os"
	"testing"

	"github.com/bleepstore/bleepstore/internal/durable"
)

func TestHeldSyncs(t *testing.T) {
	t.Parallel()
	d := mount(t, New())
	d.write("f", "old")
	release := d.fs.HoldSyncs()
	defer release()
	synced := make(chan error)
	go func() {
		synced <- errors.Join(durable.Sync(d.path("f")), durable.Sync(d.string))
	}()
	d.write("g", "new")
	if got := content("f")(d) + content("g")(d); got != "oldnew" {
		t.Errorf("found %q while a sync is held", got)
	}
	d.must(os.Rename(d.path("g"), d.path("h")))
	select {
	case err := <-synced:
		t.Errorf("a sync that was held ended: %v", err)
	default:
	}
	release()
	d.must(<-synced)
	d.sync("h")
}
