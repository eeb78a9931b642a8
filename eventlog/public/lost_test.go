package public_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/feed"
)

// fill publishes events of both owners, and returns which events each key finds.
func (w *world) fill(commits int) map[string][]string {
	w.t.Helper()
	w.append(bucketCreated("a", alice), bucketCreated("b", bob))
	for i := range commits - 1 {
		w.append(objectDeleted("a", fmt.Sprint(i)), objectDeleted("b", fmt.Sprint(i)))
	}
	w.published()
	want := map[string][]string{"root": w.all()}
	for seq := range commits {
		want["alice"] = append(want["alice"], feed.ID{Seq: uint64(seq + 1)}.String())
		want["bob"] = append(want["bob"], feed.ID{Seq: uint64(seq + 1), Index: 1}.String())
	}
	return want
}

// blocks are the files of messages of all streams.
func (w *world) blocks() []string {
	w.t.Helper()
	blocks, err := filepath.Glob(w.config.Dir + "/nats/jetstream/*/streams/*/msgs/*.blk")
	must(w.t, err)
	if len(blocks) < 3 {
		w.t.Fatalf("there are %v", blocks)
	}
	return blocks
}

// Of what was lost of streams, all is published again, and nothing twice.
func TestLoss(t *testing.T) {
	cut := func(path string, by int64) {
		info, err := os.Stat(path)
		must(t, err)
		must(t, os.Truncate(path, max(0, info.Size()-by)))
	}
	// A crash leaves no index of messages, which would be written at a stop.
	crash := func(w *world) {
		indexes, err := filepath.Glob(w.config.Dir + "/nats/jetstream/*/streams/*/msgs/index.db")
		must(t, err)
		for _, path := range indexes {
			must(t, os.Remove(path))
		}
	}
	for name, lose := range map[string]func(w *world){
		"nothing":              func(*world) {},
		"everything":           func(w *world) { must(t, os.RemoveAll(w.config.Dir)) },
		"the progress":         func(w *world) { must(t, os.Remove(w.config.Dir+"/progress.json")) },
		"the progress, partly": func(w *world) { cut(w.config.Dir+"/progress.json", 10) },
		"all but progress":     func(w *world) { must(t, os.RemoveAll(w.config.Dir+"/nats")) },
		"one stream":           func(w *world) { must(t, os.RemoveAll(filepath.Dir(filepath.Dir(w.blocks()[1])))) },
		"a tail":               func(w *world) { crash(w); cut(w.blocks()[1], 1000) },
		"a tail, with index":   func(w *world) { cut(w.blocks()[1], 1000) },
		"a byte":               func(w *world) { crash(w); cut(w.blocks()[2], 1) },
		"all tails": func(w *world) {
			crash(w)
			for i, path := range w.blocks() {
				cut(path, int64(1000*(i+1)))
			}
		},
		"a stream's messages": func(w *world) { crash(w); cut(w.blocks()[0], 1<<30) },
		"what is in a file of messages": func(w *world) {
			crash(w)
			info, err := os.Stat(w.blocks()[0])
			must(t, err)
			must(t, os.WriteFile(w.blocks()[0], make([]byte, info.Size()), 0o600))
		},
		"a bit in the middle": func(w *world) {
			crash(w)
			data, err := os.ReadFile(w.blocks()[0])
			must(t, err)
			data[len(data)/2] ^= 1
			must(t, os.WriteFile(w.blocks()[0], data, 0o600))
		},
		"the server's folder": func(w *world) {
			must(t, os.RemoveAll(w.config.Dir+"/nats"))
			must(t, os.WriteFile(w.config.Dir+"/nats", nil, 0o600))
		},
		"what a stream is": func(w *world) {
			must(t, os.WriteFile(filepath.Dir(filepath.Dir(w.blocks()[1]))+"/meta.inf", []byte("?"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := w.fill(20)
			w.restart(func() { lose(w) })
			w.want(want)
			w.append(objectDeleted("a", "last"))
			want["root"], want["alice"] = append(want["root"], "21-0"), append(want["alice"], "21-0")
			w.want(want)
		})
	}
}

// Streams of another log, or of commits that the log does not have any more, are made again.
func TestAnotherLog(t *testing.T) {
	t.Run("another", func(t *testing.T) {
		w := newWorld(t)
		w.fill(20)
		w.restart(func() {
			must(t, w.log.Close())
			w.logDir = t.TempDir()
			w.openLog()
		})
		w.want(w.fill(30))
	})
	t.Run("copied before", func(t *testing.T) {
		w := newWorld(t)
		w.fill(20)
		copied := t.TempDir()
		w.restart(func() {
			must(t, w.log.Close())
			must(t, os.CopyFS(copied, os.DirFS(w.logDir)))
			w.openLog()
		})
		w.append(objectDeleted("a", "lost"))
		w.append(objectDeleted("a", "lost too"))
		w.published()
		w.restart(func() {
			must(t, w.log.Close())
			w.logDir = copied
			w.openLog()
			w.append(objectDeleted("b", "instead"))
		})
		w.append(objectDeleted("b", "more"))
		w.want(map[string][]string{"root": w.all(), "alice": ids(20, 0), "bob": append(ids(20, 1), "21-0", "22-0")})
	})
}

// ids are those of the events at an index in the first commits.
func ids(commits, index int) []string {
	var list []string
	for seq := range commits {
		list = append(list, feed.ID{Seq: uint64(seq + 1), Index: index}.String())
	}
	return list
}

// A stream keeps what its limits allow, also after they have changed, and what is made again leaves out what is too old.
func TestLimits(t *testing.T) {
	w := newWorld(t)
	old := eventlog.Event{Time: time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond), Data: bucketCreated("a", alice)}
	_, err := w.log.Append(t.Context(), old)
	must(t, err)
	w.append(objectDeleted("a", "1"))
	w.want(map[string][]string{"root": {"1-0", "2-0"}, "alice": {"1-0", "2-0"}})
	w.restart(func() {
		must(t, os.RemoveAll(w.config.Dir))
		w.config.MaxAge = 30 * time.Minute
	})
	w.want(map[string][]string{"root": {"2-0"}, "alice": {"2-0"}})
	w.restart(func() { w.config.MaxAge = 100 * time.Millisecond })
	for deadline := time.Now().Add(patience); len(w.stream(root))+len(w.stream(alice)) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("events do not go when they are too old")
		}
	}
	w.restart(func() { w.config.MaxAge = time.Hour })
	w.append(objectDeleted("a", "2"))
	w.want(map[string][]string{"root": {"3-0"}, "alice": {"3-0"}})
	w.restart(func() { w.config.MaxBytes = 2000 })
	for range 10 {
		w.append(objectDeleted("a", "3"))
	}
	w.published()
	if kept := w.stream(root); len(kept) == 0 || len(kept) > 5 || strings.Fields(kept[len(kept)-1])[1] != "13-0" {
		t.Errorf("of events for more than the size of the stream remain %q", kept)
	}
}
