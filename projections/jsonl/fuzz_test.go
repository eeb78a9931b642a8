package jsonl

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
)

// FuzzOpen opens files with strangers' bytes: lines of one kind, of which a commit tells, and a tail behind the commits. They are
// refused, or make a store that can be written to, and is the same when it is opened again.
func FuzzOpen(f *testing.F) {
	var b batch
	for _, c := range step(1) {
		if err := b.add(c); err != nil {
			f.Fatal(err)
		}
	}
	second := commit{Position: at(2), Synced: 1}
	tail, err := second.encode()
	if err != nil {
		f.Fatal(err)
	}
	for k := range kinds {
		f.Add(uint8(k), b[k].text.Bytes(), append(tail, '\n'))
	}
	f.Add(uint8(shared), []byte(`{"put":{"blob":"b","count":1},"delete":{"blob":"b"}}`), []byte{})
	f.Add(uint8(buckets), []byte{}, bytes.Repeat([]byte{0}, maxCommit+1))

	f.Fuzz(func(t *testing.T, k uint8, lines, tail []byte) {
		disk := vfs.NewMem()
		if err := disk.MkdirAll("data", 0o700); err != nil {
			t.Fatal(err)
		}
		g, err := create(disk, "data/000001")
		if err != nil {
			t.Fatal(err)
		}
		var b batch
		block := &b[int(k)%len(b)]
		block.text.Write(lines)
		for range bytes.Lines(lines) {
			block.lines++
		}
		if err := g.append(commit{Position: at(1)}, &b); err != nil {
			t.Fatal(err)
		}
		if _, err := g.commits.WriteAt(tail, g.end.commits.bytes); err != nil {
			t.Fatal(err)
		}
		g.close()

		s, err := load(disk)
		if err != nil {
			return
		}
		if err := s.Apply(t.Context(), at(3), []projections.Change{projections.DeleteBucket{Name: "none"}}); err != nil {
			t.Fatal(err)
		}
		want := dump(t, s)
		s.generation.close()
		if s, err = load(disk); err != nil {
			t.Fatal(err)
		}
		if got := dump(t, s); !reflect.DeepEqual(got, want) {
			t.Errorf("opened again:\n got %+v\nwant %+v", got, want)
		}
		s.generation.close()
	})
}

// load opens a store without work in the background, so that the same bytes take the same way.
func load(fs vfs.FS) (*Store, error) {
	s := &Store{Store: memory.New(), fs: fs, dir: "data"}
	return s, s.load()
}
