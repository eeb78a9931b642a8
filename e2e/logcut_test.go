//go:build linux

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
)

// The power is cut when the log has just begun another file, and soon after. All that was appended is there.
func TestPowerCutOfALogOfManyFiles(t *testing.T) {
	t.Parallel()
	p := newPower(t)
	dir := filepath.Join(p.dir, "log")
	event := eventlog.Event{Data: &eventlog.ObjectCreated{Bucket: "b", Key: "k", Object: eventlog.Object{ETag: strings.Repeat("x", 3<<20)}}}
	for round := range rounds(5, 30) {
		log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: dir})
		if err != nil {
			t.Fatalf("in round %d: %v", round, err)
		}
		for range 1 + p.random.IntN(7) { // of which three fill a file
			if _, err := log.Append(t.Context(), event); err != nil {
				t.Fatal(err)
			}
		}
		appended := log.Head()
		after := p.disk.Cut(p.random)
		_ = log.Close() // to a disk, the end of a process is nothing
		p.unplug(t)
		p.disk = after
		p.mount(t)
		dir = filepath.Join(p.dir, "log")
		log, err = eventlog.Open(t.Context(), eventlog.Config{Dir: dir})
		if err != nil {
			t.Fatalf("in round %d, after %v: %v", round, appended, err)
		}
		if log.Head() != appended {
			t.Errorf("the log ends with %v, want %v", log.Head(), appended)
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	}
}
