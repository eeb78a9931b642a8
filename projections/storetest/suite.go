package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// suite is a test of a store, with queries that must not fail.
type suite struct {
	*testing.T
	store projections.MetadataStore
	seq   uint64 // of the last apply
}

func (s *suite) close() {
	if err := s.store.Close(); err != nil {
		s.Errorf("Close: %v", err)
	}
}

// sampled tells whether one of very many queries is made: all of them are where they are cheap, and else a random one in six.
func (s *suite) sampled() bool { return s.store.SeekCost() == 0 || rand.IntN(6) == 0 }

// apply makes changes at the next position.
func (s *suite) apply(changes ...projections.Change) {
	s.Helper()
	s.seq++
	s.check("Apply", s.store.Apply(s.Context(), position(s.seq), changes))
}

func (s *suite) check(what string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}

func (s *suite) position() eventlog.Position {
	s.Helper()
	p, err := s.store.Position(s.Context())
	s.check("Position", err)
	return p
}

func (s *suite) buckets(after string, limit int) []*projections.Bucket {
	s.Helper()
	list, err := s.store.Buckets(s.Context(), after, limit)
	s.check("Buckets", err)
	return list
}

func (s *suite) objects(bucket string, scan projections.Scan) []*projections.Object {
	s.Helper()
	list, err := s.store.Objects(s.Context(), bucket, scan)
	s.check("Objects", err)
	return list
}

func (s *suite) versions(bucket string, scan projections.Scan) []*projections.Version {
	s.Helper()
	list, err := s.store.Versions(s.Context(), bucket, scan)
	s.check("Versions", err)
	return list
}

func (s *suite) uploads(bucket string, scan projections.Scan) []*projections.Upload {
	s.Helper()
	list, err := s.store.Uploads(s.Context(), bucket, scan)
	s.check("Uploads", err)
	return list
}

func (s *suite) parts(upload string, after, limit int) []*projections.Part {
	s.Helper()
	list, err := s.store.Parts(s.Context(), upload, after, limit)
	s.check("Parts", err)
	return list
}

func (s *suite) shared(blob string) int64 {
	s.Helper()
	n, err := s.store.Shared(s.Context(), blob)
	s.check("Shared", err)
	return n
}

func (s *suite) garbage(limit int) []projections.Garbage {
	s.Helper()
	list, err := s.store.Garbage(s.Context(), projections.Garbage{}, limit)
	s.check("Garbage", err)
	return list
}

// wantRecord compares what a query for one record returned.
func wantRecord[T any](s *suite, want *T) func(*T, error) {
	s.Helper()
	return func(got *T, err error) {
		s.Helper()
		s.check("query", err)
		wantEqual(s, "record", got, want)
	}
}

// wantNone wants a query for one record to have found none.
func (s *suite) wantNone(_ any, err error) {
	s.Helper()
	if !errors.Is(err, projections.ErrNotFound) {
		s.Fatalf("got error %v, want ErrNotFound", err)
	}
}

func wantEqual[T any](s *suite, what string, got, want T) {
	s.Helper()
	if !reflect.DeepEqual(got, want) {
		s.Fatalf("%s:\n got %s\nwant %s", what, show(got), show(want))
	}
}

// wantList compares lists; an empty one may be nil.
func wantList[T any](s *suite, what string, got []T, want ...T) {
	s.Helper()
	if len(got) != 0 || len(want) != 0 {
		wantEqual(s, what, got, want)
	}
}

// show prints the records that pointers point to.
func show(v any) string {
	rv := reflect.ValueOf(v)
	switch {
	case rv.Kind() == reflect.Slice:
		var b strings.Builder
		fmt.Fprintf(&b, "%d:", rv.Len())
		for i := range rv.Len() {
			fmt.Fprintf(&b, "\n\t%s", show(rv.Index(i).Interface()))
		}
		return b.String()
	case rv.Kind() == reflect.Pointer && !rv.IsNil():
		return fmt.Sprintf("%+v", rv.Elem().Interface())
	}
	return fmt.Sprintf("%+v", v)
}
