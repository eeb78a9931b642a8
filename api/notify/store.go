package notify

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/durable"
	"github.com/bleepstore/bleepstore/internal/fulldisk"
	"github.com/bleepstore/bleepstore/internal/pebbledb"
)

// store keeps what is to be known of the targets after a restart. It is safe for concurrent use.
//
// Its keys are the ARN of a target, by which rules name it, a zero byte, the kind of the value, and its id:
//
//	ARN 0 c           the cursor: the position up to which the log was read, in JSON
//	ARN 0 b BUCKET    the bucket, as of that position
//	ARN 0 w MESSAGE   an event up to that position that is still to be sent: an Undelivered
//	ARN 0 d MESSAGE   a dead letter: an Undelivered
//
// Invariant: an event up to the cursor that a target is to be told of was sent, or is under w or d. What belongs together is
// written in one batch.
type store struct {
	db      *pebble.DB
	closing chan struct{}
}

// The kinds of values.
const (
	kindCursor  = 'c'
	kindBucket  = 'b'
	kindWaiting = 'w'
	kindDead    = 'd'
)

// Undelivered is a message that was not delivered, or not yet.
type Undelivered struct {
	ID     string    `json:"id"` // of the message
	Bucket string    `json:"bucket"`
	Key    string    `json:"key"`
	Event  string    `json:"event"` // as in rules, such as s3:ObjectCreated:Put
	Time   time.Time `json:"time"`  // of the event
	// Since is when it was first sent in vain; zero if it was not yet.
	Since time.Time      `json:"since,omitzero"`
	Tries int            `json:"tries,omitzero"`
	Error string         `json:"error,omitzero"` // of the last try
	Died  time.Time      `json:"died,omitzero"`  // when it went to the dead letters
	Body  jsontext.Value `json:"body"`
}

// Line is the message as a line of JSON.
func (u *Undelivered) Line() ([]byte, error) {
	line, err := json.Marshal(u)
	return append(line, '\n'), err
}

func openStore(dir string) (*store, error) {
	s := &store{closing: make(chan struct{})}
	var open atomic.Bool
	// A write waits while the disk is full, because Pebble would end the process if one to its log failed. Opening fails instead.
	awaitSpace := func() {
		if open.Load() {
			fulldisk.Await(vfs.Default, dir, s.closing)
		}
	}
	options := &pebble.Options{
		FS:                 vfs.OnDiskFull(durable.KeepMarkers(vfs.Default), awaitSpace),
		Logger:             quiet{},
		FormatMajorVersion: pebble.FormatNewest,
		CacheSize:          1 << 20,
		MemTableSize:       1 << 20,
	}
	var err error
	s.db, err = pebbledb.Open(options, func() (*pebble.DB, error) { return pebble.Open(dir, options) })
	if err != nil {
		return nil, fmt.Errorf("open what is to be sent to the targets of notifications, in %s: %w; "+
			"if that folder is moved away, they are told of what happens from then on", dir, err)
	}
	open.Store(true)
	return s, nil
}

func (s *store) close() error {
	close(s.closing)
	return s.db.Close()
}

// quiet drops what Pebble tells: errors are returned.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}

// Fatalf implements pebble.Logger, and does not return: Pebble cannot go on, as after a failed fsync. Ending the process
// here is safe, because every start recovers.
func (quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("notifications: "+format, args...))
}

func keyOf(target string, kind byte, id string) []byte {
	return append(append([]byte(target), 0, kind), id...)
}

// get reads a value, and tells whether it is there.
func (s *store) get(key []byte, v any) (bool, error) {
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %q: %w", key, err)
	}
	defer closer.Close()
	if err := json.Unmarshal(value, v); err != nil {
		return false, fmt.Errorf("read %q: %w", key, err)
	}
	return true, nil
}

func put(batch *pebble.Batch, key []byte, v any) error {
	value, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %q: %w", key, err)
	}
	return batch.Set(key, value, nil)
}

// each passes the ids and values of a kind to visit, ascending, from behind the id after, until visit returns false.
func (s *store) each(target string, kind byte, after string, visit func(id string, value []byte) (bool, error)) error {
	prefix := keyOf(target, kind, "")
	lower := append(keyOf(target, kind, after), 0)
	if after == "" {
		lower = prefix
	}
	i, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: keyOf(target, kind+1, "")})
	if err != nil {
		return fmt.Errorf("read what is to be sent to %s: %w", target, err)
	}
	for more := i.First(); more; more = i.Next() {
		value, err := i.ValueAndErr()
		if err == nil {
			more, err = visit(string(bytes.TrimPrefix(i.Key(), prefix)), value)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("read %q: %w", i.Key(), err), i.Close())
		}
		if !more {
			break
		}
	}
	if err := i.Close(); err != nil {
		return fmt.Errorf("read what is to be sent to %s: %w", target, err)
	}
	return nil
}

func (s *store) cursor(target string) (pos eventlog.Position, found bool, err error) {
	found, err = s.get(keyOf(target, kindCursor, ""), &pos)
	return pos, found, err
}

func (s *store) buckets(target string) (map[string]bucket, error) {
	all := make(map[string]bucket)
	err := s.each(target, kindBucket, "", func(name string, value []byte) (bool, error) {
		var b bucket
		err := json.Unmarshal(value, &b)
		all[name] = b
		return true, err
	})
	return all, err
}

// undelivered returns up to limit messages of a kind behind the id after.
func (s *store) undelivered(target string, kind byte, after string, limit int) (list []Undelivered, err error) {
	err = s.each(target, kind, after, func(_ string, value []byte) (bool, error) {
		if len(list) == limit {
			return false, nil
		}
		var u Undelivered
		err := json.Unmarshal(value, &u)
		list = append(list, u)
		return true, err
	})
	return list, err
}

func (s *store) count(target string, kind byte) (n int, err error) {
	err = s.each(target, kind, "", func(string, []byte) (bool, error) {
		n++
		return true, nil
	})
	return n, err
}

// write makes a batch durable that change fills or, if synced is false, leaves that to what is written next.
func (s *store) write(synced bool, change func(*pebble.Batch) error) error {
	batch := s.db.NewBatch()
	defer batch.Close()
	if err := change(batch); err != nil {
		return err
	}
	if batch.Empty() {
		return nil
	}
	return batch.Commit(&pebble.WriteOptions{Sync: synced})
}
