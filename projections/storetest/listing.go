package storetest

import (
	"maps"
	"slices"
	"strings"

	"github.com/bleepstore/bleepstore/projections"
)

// testListing pages through random keys and compares with a search through all of them.
func testListing(s *suite) {
	g := newGenerator(s)
	parts := []string{"a", "b", "/", "//", "é", "😀", "\x00", "-", "/😀", "\U0010ffff"}
	text := func(most int) (t string) {
		for range g.IntN(most + 1) {
			t += g.pick(parts)
		}
		return t
	}
	keys := make(map[string]bool)
	var changes []projections.Change
	for range 300 {
		key := g.pick(parts) + text(5)
		keys[key] = true
		changes = append(changes, projections.PutObject{Object: object("b", key, "v")})
	}
	s.apply(changes...)

	for range 300 {
		if !s.sampled() {
			continue
		}
		l := projections.Listing{
			Bucket:     "b",
			Prefix:     text(2),
			Delimiter:  g.pick([]string{"", "/", "/", "a/", "😀", "\U0010ffff", "\x00"}),
			Marker:     g.pick([]string{"", "", text(4)}),
			StartAfter: g.pick([]string{"", "", text(4)}),
			Limit:      []int{0, 1, 2, 3, 10, 1000}[g.IntN(6)],
		}
		for {
			page, err := projections.ListObjects(s.Context(), s.store, l)
			s.check("ListObjects", err)
			want := listNaively(keys, l)
			got := entries{prefixes: page.CommonPrefixes, truncated: page.Truncated, next: page.Next}
			for _, o := range page.Records {
				got.keys = append(got.keys, o.Key)
			}
			if !slices.Equal(got.keys, want.keys) || !slices.Equal(got.prefixes, want.prefixes) ||
				got.truncated != want.truncated || got.next != want.next {
				s.Fatalf("%+v:\n got %+v\nwant %+v", l, got, want)
			}
			if !page.Truncated {
				break
			}
			if page.Next <= l.Marker {
				s.Fatalf("%+v: the next page begins at %q", l, page.Next)
			}
			l.Marker = page.Next
		}
	}
}

// entries are what a page lists.
type entries struct {
	keys, prefixes []string
	truncated      bool
	next           string
}

func listNaively(keys map[string]bool, l projections.Listing) (page entries) {
	isPrefix := make(map[string]bool) // of each entry
	for key := range keys {
		rest, ok := strings.CutPrefix(key, l.Prefix)
		if !ok || key <= l.StartAfter && l.StartAfter != "" {
			continue
		}
		entry, common := key, false
		if l.Delimiter != "" {
			if name, _, found := strings.Cut(rest, l.Delimiter); found {
				entry, common = l.Prefix+name+l.Delimiter, true
			}
		}
		if l.Marker == "" || entry > l.Marker {
			isPrefix[entry] = common
		}
	}
	for _, entry := range slices.Sorted(maps.Keys(isPrefix)) {
		if len(page.keys)+len(page.prefixes) == l.Limit {
			page.truncated = l.Limit > 0
			break
		}
		page.next = entry
		if isPrefix[entry] {
			page.prefixes = append(page.prefixes, entry)
		} else {
			page.keys = append(page.keys, entry)
		}
	}
	if !page.truncated {
		page.next = ""
	}
	return page
}
