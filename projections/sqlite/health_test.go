package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sqlite3 "github.com/ncruces/go-sqlite3"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

func bucketNumber(i int) *projections.Bucket {
	return &projections.Bucket{Name: fmt.Sprintf("bucket-%d", i)}
}

func putBucketNumber(ctx context.Context, s *Store, i int) error {
	pos := eventlog.Position{Log: "log", Seq: uint64(i)}
	return s.Apply(ctx, pos, []projections.Change{projections.PutBucket{Bucket: bucketNumber(i)}})
}

// putBuckets writes the buckets from the from-th up to the to-th, each with an Apply at its own position.
func putBuckets(t *testing.T, s *Store, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		if err := putBucketNumber(t.Context(), s, i); err != nil {
			t.Fatal(err)
		}
	}
}

// wantBuckets checks that a store is at a position not below atLeast, and has the buckets from the first up to its position.
func wantBuckets(t *testing.T, s *Store, atLeast uint64) {
	t.Helper()
	position, err := s.Position(t.Context())
	if err != nil || position.Seq < atLeast {
		t.Fatalf("position %v, error %v; want at least %d", position, err, atLeast)
	}
	list, err := s.Buckets(t.Context(), "", 1<<20)
	if err != nil || uint64(len(list)) != position.Seq {
		t.Fatalf("%d buckets, error %v; want as many as the position says: %d", len(list), err, position.Seq)
	}
	names := make(map[string]bool)
	for _, bucket := range list {
		names[bucket.Name] = true
	}
	for i := range list {
		if name := bucketNumber(i + 1).Name; !names[name] {
			t.Fatalf("%s is missing", name)
		}
	}
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func mustOpen(t *testing.T, dir, fs string) *Store {
	t.Helper()
	s, err := open(dir, fs, migrations)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustClose(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// mustConnect returns a connection as another program would have it.
func mustConnect(t *testing.T, dir string) *conn {
	t.Helper()
	c, err := connect(filepath.Join(dir, File), fileSystem, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestFullDisk(t *testing.T) {
	full := new(atomic.Bool)
	dir := t.TempDir()
	s := mustOpen(t, dir, disk(full).register(t))
	defer mustClose(t, s)
	putBuckets(t, s, 1, 10)

	full.Store(true)
	applied := make(chan error)
	go func() { applied <- putBucketNumber(t.Context(), s, 11) }()
	await(t, "Check reports the full disk", func() bool {
		return errors.Is(s.Check(t.Context()), sqlite3.FULL)
	})
	wantBuckets(t, s, 10)

	full.Store(false)
	if err := <-applied; err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("with space again: %v", err)
	}
	wantBuckets(t, s, 11)

	full.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { applied <- putBucketNumber(ctx, s, 12) }()
	await(t, "Check reports the full disk", func() bool { return s.Check(t.Context()) != nil })
	cancel()
	if err := <-applied; !errors.Is(err, context.Canceled) {
		t.Errorf("Apply on a full disk, with its context ended: got %v, want that", err)
	}
	full.Store(false)
	wantBuckets(t, s, 11)
	putBuckets(t, s, 12, 12)
	wantBuckets(t, s, 12)
}

func TestOpenOnAFullDiskFails(t *testing.T) {
	full := new(atomic.Bool)
	full.Store(true)
	if _, err := open(t.TempDir(), disk(full).register(t), migrations); !errors.Is(err, sqlite3.FULL) {
		t.Errorf("got %v, want that the disk is full", err)
	}
}

// TestAnotherProgramWrites has Apply wait for the end of a transaction of somebody who does not only read.
func TestAnotherProgramWrites(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, fileSystem)
	defer mustClose(t, s)
	other := mustConnect(t, dir)
	tx, err := other.db.BeginImmediate()
	if err != nil {
		t.Fatal(err)
	}
	applied := make(chan error)
	go func() { applied <- putBucketNumber(t.Context(), s, 1) }()
	await(t, "Check reports who writes", func() bool {
		return errors.Is(s.Check(t.Context()), sqlite3.BUSY)
	})
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-applied; err != nil {
		t.Fatal(err)
	}
	wantBuckets(t, s, 1)
}

func TestDamage(t *testing.T) {
	tests := []struct {
		name   string
		damage func(file []byte) []byte
		want   error
	}{
		{"NotADatabase", func([]byte) []byte { return bytes.Repeat([]byte("no database"), 1000) }, sqlite3.NOTADB},
		{"Halved", func(file []byte) []byte { return file[:len(file)/2] }, sqlite3.CORRUPT},
		{"FlippedBit", func(file []byte) []byte {
			file[bytes.Index(file, []byte("bucket-500"))] ^= 1
			return file
		}, sqlite3.IOERR_DATA},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, File)
			s := mustOpen(t, dir, fileSystem)
			putBuckets(t, s, 1, 1000)
			mustClose(t, s)
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, tt.damage(file), 0o600); err != nil {
				t.Fatal(err)
			}

			s, err = Open(dir)
			if err == nil {
				defer mustClose(t, s)
				_, err = s.Buckets(t.Context(), "", 1<<20)
				if check := s.Check(t.Context()); !errors.Is(check, tt.want) {
					t.Errorf("Check: got %v, want %v", check, tt.want)
				}
			}
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if !strings.Contains(err.Error(), File) || !strings.Contains(err.Error(), "mv "+dir+" ") {
				t.Errorf("the error does not say what to do with which folder: %v", err)
			}
		})
	}
}
