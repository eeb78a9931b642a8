package projections_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
)

// scanCounter counts what listings ask of a store.
type scanCounter struct {
	*memory.Store
	scans, records int
}

func (s *scanCounter) Objects(ctx context.Context, bucket string, scan projections.Scan) ([]*projections.Object, error) {
	list, err := s.Store.Objects(ctx, bucket, scan)
	s.scans++
	s.records += len(list)
	return list, err
}

func withKeys(t *testing.T, keys ...string) *scanCounter {
	t.Helper()
	s := &scanCounter{Store: memory.New()}
	var changes []projections.Change
	for _, key := range keys {
		changes = append(changes, projections.PutObject{Object: &projections.Object{Bucket: "b", Key: key}})
	}
	if err := s.Apply(t.Context(), positionAt(1), changes); err != nil {
		t.Fatal(err)
	}
	return s
}

// entriesOf are a page's entries, in their order.
func entriesOf(page projections.Page[*projections.Object]) []string {
	entries := slices.Clone(page.CommonPrefixes)
	for _, o := range page.Records {
		entries = append(entries, o.Key)
	}
	slices.Sort(entries)
	return entries
}

func TestListObjects(t *testing.T) {
	keys := []string{"a", "a/", "a/x", "a/y/1", "a/y/2", "b", "c//d", "c/é/1", "c/é/2", "d"}
	tests := []struct {
		listing   projections.Listing
		want      string // entries, parted by spaces
		truncated bool
	}{
		{projections.Listing{Limit: 1000}, strings.Join(keys, " "), false},
		{projections.Listing{Limit: 10}, strings.Join(keys, " "), false},
		{projections.Listing{Limit: 9}, strings.Join(keys[:9], " "), true},
		{projections.Listing{Limit: 0}, "", false},
		{projections.Listing{Limit: 1000, Delimiter: "/"}, "a a/ b c/ d", false},
		{projections.Listing{Limit: 2, Delimiter: "/"}, "a a/", true},
		{projections.Listing{Limit: 5, Delimiter: "/"}, "a a/ b c/ d", false},
		{projections.Listing{Limit: 1000, Delimiter: "/", Prefix: "a"}, "a a/", false},
		{projections.Listing{Limit: 1000, Delimiter: "/", Prefix: "a/"}, "a/ a/x a/y/", false},
		{projections.Listing{Limit: 1000, Delimiter: "/", Prefix: "c/"}, "c// c/é/", false},
		{projections.Listing{Limit: 1000, Delimiter: "é", Prefix: "c"}, "c//d c/é", false},
		{projections.Listing{Limit: 1, Delimiter: "/", Prefix: "c/é"}, "c/é/", false},
		{projections.Listing{Limit: 1000, Delimiter: "/", Prefix: "absent"}, "", false},

		// A page does not begin with the common prefix with which the one before ended.
		{projections.Listing{Limit: 1000, Delimiter: "/", Marker: "a"}, "a/ b c/ d", false},
		{projections.Listing{Limit: 1000, Delimiter: "/", Marker: "a/"}, "b c/ d", false},
		{projections.Listing{Limit: 1000, Delimiter: "/", Marker: "a/x"}, "b c/ d", false},
		{projections.Listing{Limit: 1000, Delimiter: "/", Marker: "a/", Prefix: "a/"}, "a/x a/y/", false},
		{projections.Listing{Limit: 1000, Delimiter: "/", Marker: "aa"}, "b c/ d", false},
		{projections.Listing{Limit: 1000, Marker: "a/x"}, "a/y/1 a/y/2 b c//d c/é/1 c/é/2 d", false},
		{projections.Listing{Limit: 1000, Marker: "d"}, "", false},
		// A key to start after leaves the rest of its common prefix.
		{projections.Listing{Limit: 1000, Delimiter: "/", StartAfter: "a/x"}, "a/ b c/ d", false},
		{projections.Listing{Limit: 1000, Delimiter: "/", StartAfter: "a/y/2"}, "b c/ d", false},
		{projections.Listing{Limit: 1000, Delimiter: "/", StartAfter: "a", Prefix: "c/"}, "c// c/é/", false},
		{projections.Listing{Limit: 1000, Delimiter: "/", StartAfter: "a/x", Marker: "a/"}, "b c/ d", false},
		{projections.Listing{Limit: 1000, Delimiter: "/", StartAfter: "c/é/1", Marker: "a/"}, "c/ d", false},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%+v", tt.listing), func(t *testing.T) {
			tt.listing.Bucket = "b"
			page, err := projections.ListObjects(t.Context(), withKeys(t, keys...), tt.listing)
			if err != nil {
				t.Fatal(err)
			}
			entries := entriesOf(page)
			if got := strings.Join(entries, " "); got != tt.want || page.Truncated != tt.truncated {
				t.Errorf("got %q, truncated: %v; want %q, %v", got, page.Truncated, tt.want, tt.truncated)
			}
			next := ""
			if tt.truncated {
				next = entries[len(entries)-1]
			}
			if page.Next != next {
				t.Errorf("next: got %q, want %q", page.Next, next)
			}
		})
	}
}

// TestListSeeksBehindTheLastCharacters has delimiters behind which there is no next character, or not at once.
func TestListSeeksBehindTheLastCharacters(t *testing.T) {
	for _, last := range []string{"\x7f", "\ud7ff", "\uffff", "\U0010ffff"} {
		next := map[string]string{"\x7f": "\u0080", "\ud7ff": "\ue000", "\uffff": "\U00010000", "\U0010ffff": ""}[last]
		keys := []string{"a" + next + "z", "b", last + last, last + last + "x"}
		for i := range 100 {
			keys = append(keys, fmt.Sprint("a", last, i))
		}
		s := withKeys(t, keys...)
		want := []string{"a" + last, "a" + next + "z", "b", last}
		slices.Sort(want)
		for limit := range 5 {
			page, err := projections.ListObjects(t.Context(), s, projections.Listing{Bucket: "b", Delimiter: last, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			if got := entriesOf(page); !slices.Equal(got, want[:limit]) || page.Truncated != (limit > 0 && limit < 4) {
				t.Errorf("%+q, limit %d: got %+q, truncated: %v; want %+q", last, limit, got, page.Truncated, want[:limit])
			}
		}
	}
}

func TestListRefusesWhatIsNotUTF8(t *testing.T) {
	l := projections.Listing{Bucket: "b", Delimiter: "\xc3", Limit: 10}
	if _, err := projections.ListObjects(t.Context(), withKeys(t, "é"), l); err == nil {
		t.Error("half a character was taken as a delimiter")
	}
}

// TestListCost counts scans, each a round trip to a remote engine, and the records that they read.
func TestListCost(t *testing.T) {
	numbered := func(format string, n int) (keys []string) {
		for i := range n {
			keys = append(keys, fmt.Sprintf(format, i))
		}
		return keys
	}
	nested := func(prefixes, each int) (keys []string) {
		for i := range prefixes {
			keys = append(keys, numbered(fmt.Sprintf("%05d/%%06d", i), each)...)
		}
		return keys
	}
	tests := []struct {
		name           string
		keys           []string
		entries        int
		scans, records int // at most
	}{
		{"no keys", nil, 0, 1, 0},
		{"keys alone", numbered("%06d", 20_000), 1000, 1, 1001},
		{"one prefix hides all", nested(1, 100_000), 1, 2, 1001},
		{"a prefix, then keys", append(nested(1, 100_000), numbered("a%06d", 999)...), 1000, 6, 2500},
		{"prefixes of one key", nested(2000, 1), 1000, 1, 1001},
		{"prefixes of three keys", nested(2000, 3), 1000, 5, 3005},
		{"prefixes of a thousand keys", nested(100, 1000), 100, 101, 1001 + 100*18},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := withKeys(t, tt.keys...)
			l := projections.Listing{Bucket: "b", Delimiter: "/", Limit: 1000}
			page, err := projections.ListObjects(t.Context(), s, l)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(entriesOf(page)); got != tt.entries {
				t.Errorf("got %d entries, want %d", got, tt.entries)
			}
			if s.scans > tt.scans || s.records > tt.records {
				t.Errorf("%d scans read %d records, want at most %d and %d", s.scans, s.records, tt.scans, tt.records)
			}
		})
	}
}

func TestListUploads(t *testing.T) {
	s := memory.New()
	var changes []projections.Change
	all := []string{"a 1", "a 2", "a 3", "d/x 1", "d/x 2", "d/y 1", "e 1", "e 2"}
	for _, u := range all {
		key, id, _ := strings.Cut(u, " ")
		changes = append(changes, projections.PutUpload{Upload: &projections.Upload{Bucket: "b", Key: key, ID: id}})
	}
	if err := s.Apply(t.Context(), positionAt(1), changes); err != nil {
		t.Fatal(err)
	}
	list := func(l projections.Listing) (entries []string, page projections.Page[*projections.Upload]) {
		l.Bucket = "b"
		page, err := projections.ListUploads(t.Context(), s, l)
		if err != nil {
			t.Fatal(err)
		}
		entries = slices.Clone(page.CommonPrefixes)
		for _, u := range page.Records {
			entries = append(entries, u.Key+" "+u.ID)
		}
		slices.Sort(entries)
		return entries, page
	}
	want := map[string][]string{"": all, "/": {"a 1", "a 2", "a 3", "d/", "e 1", "e 2"}}
	for delimiter, want := range want {
		for limit := 1; limit <= 9; limit++ {
			l := projections.Listing{Delimiter: delimiter, Limit: limit}
			var got []string
			for range len(all) {
				entries, page := list(l)
				got = append(got, entries...)
				if l.Marker, l.MarkerID = page.Next, page.NextID; !page.Truncated {
					break
				}
				if len(entries) != limit {
					t.Fatalf("delimiter %q: a truncated page of %d entries, want %d", delimiter, len(entries), limit)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("delimiter %q, pages of %d: got %q, want %q", delimiter, limit, got, want)
			}
		}
	}
	if got, _ := list(projections.Listing{Marker: "a", Limit: 1}); !slices.Equal(got, []string{"d/x 1"}) {
		t.Errorf("behind all of a key: got %q", got)
	}
	if got, _ := list(projections.Listing{Marker: "a", MarkerID: "2", Limit: 1}); !slices.Equal(got, []string{"a 3"}) {
		t.Errorf("behind an upload: got %q", got)
	}
}
