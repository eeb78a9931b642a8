package local

import (
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// hang is a disk that can hang: fsyncs of some files do not end until it is released.
type hang struct {
	files func(path string) bool
	armed atomic.Bool
	held  chan struct{}
}

func (h *hang) see(op errorfs.Op) error {
	if h.armed.Load() && isSync(op) && h.files(op.Path) {
		<-h.held
	}
	return nil
}

// While the disk hangs, puts wait as long as there is room for them; the others are refused at once and leave nothing.
// When the disk goes on, so does all that was not refused.
func TestPutsToADiskThatHangs(t *testing.T) {
	const surplus = 50
	ofSmall := func(path string) bool { return filepath.Ext(path) == ".log" }
	ofLarge := func(path string) bool { return strings.Contains(path, "tmp") }
	for name, test := range map[string]struct {
		files func(path string) bool
		size  int
		room  int // for so many
	}{
		"short blobs": {ofSmall, 4 << 10, 4096},
		"small blobs": {ofSmall, smallLimit, 819},
		"large blobs": {ofLarge, smallLimit + 1, 512},
	} {
		t.Run(name, func(t *testing.T) {
			h := &hang{files: test.files, held: make(chan struct{})}
			b := openOn(t, watch(h.see), t.TempDir())
			before, err := put(t, b, test.size)
			if err != nil {
				t.Fatal(err)
			}
			h.armed.Store(true)
			release := sync.OnceFunc(func() { close(h.held) })
			defer release()

			type outcome struct {
				id  backends.ID
				err error
			}
			ended := make(chan outcome, test.room+surplus)
			for range test.room + surplus {
				go func() {
					id, err := put(t, b, test.size)
					ended <- outcome{id, err}
				}()
			}
			refused := 0
			check := func(o outcome) {
				t.Helper()
				switch found := read(t, b, o.id, test.size); {
				case o.err == nil && found != nil:
					t.Errorf("Get of a blob that was stored: %v", found)
				case errors.Is(o.err, backends.ErrBusy) && errors.Is(found, backends.ErrNotFound):
					refused++
				case o.err != nil:
					t.Errorf("Put: error %v, want ErrBusy, or none; then Get: %v", o.err, found)
				}
			}
			for range surplus {
				check(<-ended)
			}
			if refused != surplus {
				t.Errorf("%d of %d puts ended while the disk hangs without ErrBusy", surplus-refused, surplus)
			}
			if err := read(t, b, before, test.size); err != nil {
				t.Errorf("Get while the disk hangs: %v", err)
			}

			release()
			for range test.room {
				check(<-ended)
			}
			// Those that are about to be refused may take up room for a moment.
			if stored := test.room + surplus - refused; stored < test.room*3/4 {
				t.Errorf("only %d puts waited for the disk, there is room for %d", stored, test.room)
			}
			if _, err := put(t, b, test.size); err != nil {
				t.Errorf("Put when the disk goes on: %v", err)
			}
		})
	}
}
