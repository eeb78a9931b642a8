package memory_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/backendtest"
	"github.com/bleepstore/bleepstore/backends/memory"
)

func TestBackend(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backends.Backend { return memory.New(1 << 30) })
}

func TestLimit(t *testing.T) {
	const limit = 10_000
	b := memory.New(limit)
	put := func(size int) (backends.ID, error) {
		id := backends.NewID()
		_, err := b.Put(t.Context(), id, bytes.NewReader(make([]byte, size)), backends.Label{})
		return id, err
	}

	first, err := put(6_000)
	if err != nil {
		t.Fatalf("put of 6,000 of %d bytes: %v", limit, err)
	}
	if _, err := put(4_001); !errors.Is(err, backends.ErrNoSpace) {
		t.Fatalf("put of 4,001 of 4,000 free bytes: error %v, want ErrNoSpace", err)
	}
	if _, err := put(4_000); err != nil {
		t.Fatalf("put of the last 4,000 bytes, after one that failed: %v", err)
	}
	if err := b.Check(t.Context()); !errors.Is(err, backends.ErrNoSpace) {
		t.Errorf("Check() of a full backend = %v, want ErrNoSpace", err)
	}
	if _, err := put(0); err != nil {
		t.Errorf("put of no bytes into a full backend: %v", err)
	}
	if err := b.Delete(t.Context(), []backends.ID{first}); err != nil {
		t.Fatal(err)
	}
	if _, err := put(6_000); err != nil {
		t.Errorf("put into the room of a deleted blob: %v", err)
	}
}

// A reader that never ends must not be read for longer than there is room.
func TestLimitHoldsWhileReading(t *testing.T) {
	const limit = 1 << 20
	endless := &countingReader{}
	_, err := memory.New(limit).Put(t.Context(), backends.NewID(), endless, backends.Label{})
	if !errors.Is(err, backends.ErrNoSpace) {
		t.Fatalf("put of an endless reader: error %v, want ErrNoSpace", err)
	}
	if endless.n > limit+1 {
		t.Errorf("%d bytes were read with a limit of %d", endless.n, limit)
	}
}

type countingReader struct{ n int }

func (r *countingReader) Read(p []byte) (int, error) {
	r.n += len(p)
	return len(p), nil
}

// Blobs and files share the room, and what is replaced or deleted gives its own back.
func TestLimitOfFiles(t *testing.T) {
	b := memory.New(10_000)
	put := func(name string, size int) error {
		return b.Files().Put(t.Context(), name, bytes.NewReader(make([]byte, size)))
	}
	for range 3 {
		if err := put("a", 4_000); err != nil {
			t.Fatal(err)
		}
	}
	if err := put("b", 6_001); !errors.Is(err, backends.ErrNoSpace) {
		t.Errorf("put of 6,001 bytes into 6,000: error %v, want ErrNoSpace", err)
	}
	if _, err := b.Put(t.Context(), backends.NewID(), bytes.NewReader(make([]byte, 6_001)), backends.Label{}); !errors.Is(err, backends.ErrNoSpace) {
		t.Errorf("put of a blob of 6,001 bytes into 6,000: error %v, want ErrNoSpace", err)
	}
	if err := b.Files().Delete(t.Context(), []string{"a"}); err != nil {
		t.Fatal(err)
	}
	if err := put("b", 10_000); err != nil {
		t.Error(err)
	}
}
