package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bleepstore/bleepstore/projections"
)

// testVersionListing pages through the versions of random keys and compares with all of them.
func testVersionListing(s *suite) {
	g := newGenerator(s)
	type entry struct {
		key, version string
		latest       bool
	}
	var all []entry
	var changes []projections.Change
	for _, key := range []string{"a", "a/1", "a/2", "a\x00", "b", "b/", "é", "\U0010ffff"} {
		versions := g.IntN(5)
		for i := range versions {
			id := fmt.Sprint(9 - i) // the newest first
			all = append(all, entry{key, id, i == 0})
			if i == 0 && g.IntN(3) > 0 {
				changes = append(changes, projections.PutObject{Object: object("b", key, id)})
				continue
			}
			v := version("b", key, id)
			v.DeleteMarker = i == 0
			changes = append(changes, projections.PutVersion{Version: v})
		}
	}
	s.apply(changes...)
	slices.SortFunc(all, func(a, b entry) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(b.version, a.version)) })

	for limit := 1; limit <= len(all)+1; limit++ {
		for _, prefix := range []string{"", "a", "b/"} {
			for _, delimiter := range []string{"", "/"} {
				l := projections.Listing{Bucket: "b", Prefix: prefix, Delimiter: delimiter, Limit: limit}
				var got, want []entry
				var prefixes []string
				for more := true; more; {
					page, err := projections.ListVersions(s.Context(), s.store, l)
					s.check("ListVersions", err)
					if n := len(page.Records) + len(page.CommonPrefixes); n > limit || page.Truncated && n < limit {
						s.Fatalf("%+v: %d entries", l, n)
					}
					for _, v := range page.Records {
						got = append(got, entry{v.Key, v.Version.Version, v.Latest})
					}
					prefixes = append(prefixes, page.CommonPrefixes...)
					l.Marker, l.MarkerID, more = page.Next, page.NextID, page.Truncated
				}
				var wantPrefixes []string
				for _, e := range all {
					rest, ok := strings.CutPrefix(e.key, prefix)
					name, _, common := strings.Cut(rest, "/")
					switch {
					case !ok:
					case common && delimiter != "":
						wantPrefixes = append(wantPrefixes, prefix+name+"/")
					default:
						want = append(want, e)
					}
				}
				wantEqual(s, fmt.Sprintf("versions, %+v", l), got, want)
				wantEqual(s, fmt.Sprintf("prefixes, %+v", l), prefixes, slices.Compact(wantPrefixes))
			}
		}
	}
}
