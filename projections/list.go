package projections

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"
)

// Listing selects one page of the keys of a bucket, as S3's List calls do.
//
// With a Delimiter, all keys that have the same text between Prefix and the first delimiter behind it are one entry: the
// common prefix that they share, delimiter included. Entries, keys and common prefixes alike, are in ascending order
// and count the same towards Limit. What a page costs depends on its entries, not on the keys behind common prefixes.
//
// Strings that are not UTF-8, which no key can match, are refused.
//
// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
type Listing struct {
	Bucket    string
	Prefix    string
	Delimiter string

	// Marker is the entry behind which the page begins, the Next of the page before: a common prefix is not returned
	// again, also if Marker is a key within it. It is the marker of ListObjects, and what a continuation token stands for.
	Marker string
	// MarkerID is an id under the key Marker, where a key has several records: those of Marker behind it come first.
	MarkerID string
	// StartAfter is a key behind which the keys begin: a common prefix is returned for what remains of it.
	// It is the start-after of ListObjectsV2.
	StartAfter string

	// Limit is how many entries the page has at most. 0 gives an empty page that is not truncated.
	Limit int
}

// Page is a page of a Listing.
type Page[T any] struct {
	Records        []T
	CommonPrefixes []string
	Truncated      bool   // there are entries behind this page, or may be
	Next           string // the last entry, if Truncated: the Marker of the next page
	NextID         string // the id of the last record, where it is one of several of its key: the next MarkerID
}

// ListObjects returns a page of the current objects of a bucket.
func ListObjects(ctx context.Context, store MetadataStore, l Listing) (Page[*Object], error) {
	return list(ctx, l, store.SeekCost(), store.Objects, func(o *Object) (key, id string) { return o.Key, "" })
}

// ListUploads returns a page of the uploads of a bucket.
func ListUploads(ctx context.Context, store MetadataStore, l Listing) (Page[*Upload], error) {
	return list(ctx, l, store.SeekCost(), store.Uploads, func(u *Upload) (key, id string) { return u.Key, u.ID })
}

// smallScan is the size of a scan that is expected to end within a common prefix. A few records more than one cost
// less than another scan.
const smallScan = 16

// maxSeeks is how many scans a page takes at most where beginning one is dear.
const maxSeeks = 3

// list pages through what scan yields, where it costs seekCost to begin one. at tells where a record is; its id is empty if it
// is the only one of its key.
func list[T any](
	ctx context.Context, l Listing, seekCost int,
	scan func(context.Context, string, Scan) ([]T, error),
	at func(T) (key, id string),
) (Page[T], error) {
	for _, s := range []string{l.Prefix, l.Delimiter, l.Marker, l.StartAfter} {
		if !utf8.ValidString(s) {
			return Page[T]{}, fmt.Errorf("list bucket %s: %q is not UTF-8", l.Bucket, s)
		}
	}
	if l.Limit == 0 {
		return Page[T]{}, nil
	}
	p := pager[T]{Listing: l, at: at}
	p.begin()

	// A scan asks for all that may fit, going by what the last one found, and one more, which tells whether the page is
	// truncated. But where entries hide many records, small scans that seek behind each are cheaper.
	most := max(l.Limit, 2*seekCost)
	size, perEntry := most, 1
	for seeks := 0; !p.done; seeks++ {
		if seekCost > 0 && seeks >= maxSeeks && p.entries() > 0 {
			p.page.Truncated = true
			break
		}
		p.next.Limit = min(size, (l.Limit-p.entries())*perEntry) + 1
		records, err := scan(ctx, l.Bucket, p.next)
		if err != nil {
			return Page[T]{}, fmt.Errorf("list bucket %s: %w", l.Bucket, err)
		}
		before := p.entries()
		p.done = len(records) < p.next.Limit
		p.take(records)
		if p.done {
			break
		}
		found := p.entries() - before
		if perEntry = (len(records) + found - 1) / found; perEntry > smallScan/2+seekCost {
			size = smallScan
		} else {
			size = min(size*4, most)
		}
	}
	if !p.page.Truncated {
		p.page.Next, p.page.NextID = "", ""
	}
	return p.page, nil
}

// pager makes a page.
type pager[T any] struct {
	Listing
	at   func(T) (key, id string)
	page Page[T]
	next Scan // where to go on
	done bool // there is nothing there, or the page is full
}

func (p *pager[T]) entries() int { return len(p.page.Records) + len(p.page.CommonPrefixes) }

// take adds the records of a scan to the page, until it is full. A record
// that finds it full tells that it is truncated.
func (p *pager[T]) take(records []T) {
	for len(records) > 0 {
		if p.entries() == p.Limit {
			p.page.Truncated = true
			p.done = true
			return
		}
		key, id := p.at(records[0])
		prefix, isCommon := p.commonPrefix(key)
		if !isCommon {
			p.page.Records = append(p.page.Records, records[0])
			p.page.Next, p.page.NextID = key, id
			p.next.Start, p.next.After = behind(key, id)
			records = records[1:]
			continue
		}
		p.page.CommonPrefixes = append(p.page.CommonPrefixes, prefix)
		p.page.Next, p.page.NextID = prefix, ""
		p.seekBehind(prefix)
		hidden := sort.Search(len(records), func(i int) bool {
			key, _ := p.at(records[i])
			return !strings.HasPrefix(key, prefix)
		})
		records = records[hidden:]
	}
}

// begin finds where the listing begins.
func (p *pager[T]) begin() {
	p.next.Prefix = p.Prefix
	if prefix, isCommon := p.commonPrefix(p.Marker); isCommon {
		p.seekBehind(prefix)
	} else if p.Marker != "" {
		p.next.Start, p.next.After = behind(p.Marker, p.MarkerID)
	}
	if start, _ := behind(p.StartAfter, ""); p.StartAfter != "" && start > p.next.Start {
		p.next.Start, p.next.After = start, ""
	}
}

// seekBehind goes on behind all keys with a prefix.
func (p *pager[T]) seekBehind(prefix string) {
	start, exists := Successor(prefix)
	p.next.Start, p.next.After = start, ""
	p.done = p.done || !exists
}

// commonPrefix returns the common prefix that stands for a key, if one does.
func (l *Listing) commonPrefix(key string) (string, bool) {
	if l.Delimiter == "" || !strings.HasPrefix(key, l.Prefix) {
		return "", false
	}
	i := strings.Index(key[len(l.Prefix):], l.Delimiter)
	if i < 0 {
		return "", false
	}
	return key[:len(l.Prefix)+i+len(l.Delimiter)], true
}

// behind returns the Start and After of a scan that begins behind a record: behind all of its key without an id.
func behind(key, id string) (start, after string) {
	if id == "" {
		return key + "\x00", ""
	}
	return key, id
}

// Successor returns the smallest string that is greater than all strings with a prefix; false if there is none.
// It is valid UTF-8 if prefix is, for engines that take nothing else: code points sort as their encodings do.
func Successor(prefix string) (string, bool) {
	for prefix != "" {
		r, n := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-n]
		switch r {
		case utf8.MaxRune:
			continue
		case surrogateMin - 1:
			r = surrogateMax
		}
		return prefix + string(r+1), true
	}
	return "", false
}

// UTF-8 has no encodings for the code points between these.
const (
	surrogateMin = 0xD800
	surrogateMax = 0xDFFF
)
