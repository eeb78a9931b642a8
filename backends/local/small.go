package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/crash"
	"github.com/bleepstore/bleepstore/internal/damage"
	"github.com/bleepstore/bleepstore/internal/durable"
	"github.com/bleepstore/bleepstore/internal/group"
	"github.com/bleepstore/bleepstore/internal/pebbledb"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
)

// smallStore keeps small blobs in Pebble: the key is the text of the id, the value is the blob.
//
// Once Pebble has failed to write, it is not asked to write again: what its log holds from there on is unknown until it
// is read again by the next Open. Reads go on.
type smallStore struct {
	disk   disk
	db     *pebble.DB
	puts   *group.Committer[*smallPut]
	failed atomic.Pointer[fatalError]
	broken atomic.Bool // a read broke off in Pebble, which cannot be closed any more
}

// smallPut is a blob on its way into Pebble.
type smallPut struct {
	id    backends.ID
	value []byte
	err   error
}

// maxBatch is how many bytes of blobs go to Pebble at once, to bound the memory for a group of writers.
const maxBatch = 1 << 20

func openSmall(d disk, dir string) (*smallStore, error) {
	s := &smallStore{disk: d}
	options := smallOptions(d)
	var err error
	s.db, err = pebbledb.Open(options, func() (db *pebble.DB, err error) {
		err = s.write(func() (err error) {
			options.ErrorIfNotExists, err = d.holdsTables(dir)
			if err == nil {
				db, err = pebble.Open(dir, options)
			}
			return err
		})
		return db, err
	})
	if damage.Is(err) {
		return nil, &backends.DamagedError{Dir: dir, Found: err}
	}
	if err != nil {
		return nil, fmt.Errorf("open Pebble in %s: %w", dir, spaceError(err))
	}
	s.puts = group.New(s.commit)
	return s, nil
}

func smallOptions(d disk) *pebble.Options {
	o := &pebble.Options{
		FS:     durable.KeepMarkers(d.fs),
		Logger: logger{},
		// Without it, damage that the background finds would be fatal. Who reads the blobs concerned gets an error, and all
		// others can still be read.
		EventListener:      &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}},
		FormatMajorVersion: pebble.FormatNewest,
		// A blob is usually read once, so the cache is for keys; the operating system caches blobs.
		CacheSize: 8 << 20,
		// Two of these stay in memory for good. Larger ones made no more puts per second.
		MemTableSize:                4 << 20,
		MemTableStopWritesThreshold: 4,
		// Tables hold only keys, so it costs little to merge them early, and it is what frees the room of deleted blobs.
		L0CompactionFileThreshold:  4,
		CompactionConcurrencyRange: func() (lower, upper int) { return 1, 2 },
	}
	// Values live outside of the tables, in files that compactions of keys leave alone: a blob is written twice, to the
	// log and to a value file, and not again at every level.
	o.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
		return pebble.ValueSeparationPolicy{
			Enabled:               true,
			MinimumSize:           256,
			MaxBlobReferenceDepth: 10,
			// What deleted blobs occupied is given back when they are a quarter of a value file of some age.
			RewriteMinimumAge:  5 * time.Minute,
			TargetGarbageRatio: 0.25,
		}
	}
	// One value file for each memtable, instead of several: blobs make many of them.
	o.TargetFileSizes[0] = 16 << 20
	// Bytes are kept as they came: most are compressed already, and sizes on disk are what users expect.
	for i := range o.Levels {
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
	}
	return o
}

// put stores a blob durably. value is not used after put has returned.
func (s *smallStore) put(id backends.ID, value []byte) error {
	p := &smallPut{id: id, value: value}
	if !s.puts.Do(p) {
		return errors.New("the backend is closed")
	}
	return p.err
}

// commit writes a group of blobs and makes them durable with one fsync.
func (s *smallStore) commit(puts []*smallPut) {
	err := s.disk.require(putReserve)
	if err == nil {
		err = s.write(func() error { return s.insert(puts) })
	}
	for _, p := range puts {
		p.err = err
	}
}

func (s *smallStore) insert(puts []*smallPut) error {
	batch := s.db.NewBatch()
	defer func() { _ = batch.Close() }() // never fails
	for i, p := range puts {
		if i > 0 && batch.Len()+len(p.value) > maxBatch {
			if err := batch.Commit(pebble.NoSync); err != nil {
				return err
			}
			batch.Reset()
		}
		if err := batch.Set([]byte(p.id), p.value, nil); err != nil {
			return err
		}
	}
	// Pebble's log is written in order, so this makes the batches before it durable too.
	return batch.Commit(pebble.Sync)
}

func (s *smallStore) size(id backends.ID) (int64, error) {
	value, closer, err := s.find(id)
	if err != nil {
		return 0, err
	}
	return int64(len(value)), closer.Close()
}

func (s *smallStore) get(id backends.ID, offset, length int64) (io.ReadCloser, error) {
	value, closer, err := s.find(id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = closer.Close() }() // never fails
	if err := backends.CheckRange(offset, length, int64(len(value))); err != nil {
		return nil, err
	}
	// value is Pebble's own memory only until closer is closed.
	return io.NopCloser(bytes.NewReader(bytes.Clone(value[offset : offset+length]))), nil
}

// find returns a value, which is Pebble's; backends.ErrNotFound if there is none. Of a value file without a sound end, Pebble
// tries to report more than it knows, and panics.
func (s *smallStore) find(id backends.ID) (value []byte, closer io.Closer, err error) {
	defer func() {
		if cause := recover(); cause == "unknown metadata type: <nil>" {
			s.broken.Store(true)
			err = errors.New("the file of its value is damaged")
		} else if cause != nil {
			panic(cause)
		}
	}()
	value, closer, err = s.db.Get([]byte(id))
	if errors.Is(err, pebble.ErrNotFound) {
		err = backends.ErrNotFound
	}
	return value, closer, err
}

func (s *smallStore) delete(ids []backends.ID) error {
	if err := s.disk.require(deleteReserve); err != nil {
		return err
	}
	return s.write(func() error {
		batch := s.db.NewBatch()
		defer func() { _ = batch.Close() }() // never fails
		for _, id := range ids {
			if err := batch.Delete([]byte(id), nil); err != nil {
				return err
			}
		}
		return batch.Commit(pebble.NoSync)
	})
}

func (s *smallStore) list(ctx context.Context, after backends.ID, limit int) ([]backends.ID, error) {
	iter, err := s.db.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: []byte(after + "\x00")})
	if err != nil {
		return nil, err
	}
	var ids []backends.ID
	for iter.First(); iter.Valid() && len(ids) < limit; iter.Next() {
		ids = append(ids, backends.ID(iter.Key()))
	}
	return ids, errors.Join(iter.Error(), iter.Close())
}

// failure is why nothing can be written until the backend is opened again, or nil.
func (s *smallStore) failure() error {
	if err := s.failed.Load(); err != nil {
		return fmt.Errorf("small blobs are read-only until a restart: %w", *err)
	}
	return nil
}

func (s *smallStore) close() error {
	s.puts.Close()
	if s.broken.Load() {
		return nil // which is safe, as every Open is a recovery
	}
	return s.db.Close()
}

// write runs f, which changes the database, unless Pebble has failed before. Where Pebble gives up in f, it returns why.
func (s *smallStore) write(f func() error) (err error) {
	if err := s.failure(); err != nil {
		return err
	}
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case fatalError:
			s.failed.CompareAndSwap(nil, &cause)
			err = cause
		default:
			crash.With(cause) // Pebble broke off in the middle, with its locks held
		}
	}()
	return f()
}

// logger is what Pebble logs to. Everything it reports without stopping, it retries or returns.
type logger struct{}

func (logger) Infof(string, ...any)  {}
func (logger) Errorf(string, ...any) {}

// Fatalf is called where Pebble's state in memory and on disk no longer agree; it must not return. In a write it becomes
// an error of that write. In a goroutine of Pebble's it ends the process: after a failed change of the manifest only a
// new start can tell what the disk holds.
func (logger) Fatalf(format string, args ...any) {
	fatal := fatalError{message: fmt.Sprintf("Pebble gave up: "+format, args...)}
	for _, arg := range args {
		if cause, ok := arg.(error); ok {
			fatal.cause = spaceError(cause)
		}
	}
	panic(fatal)
}

// fatalError says that Pebble gave up, and for what.
type fatalError struct {
	message string
	cause   error
}

func (e fatalError) Error() string { return e.message }
func (e fatalError) Unwrap() error { return e.cause }
