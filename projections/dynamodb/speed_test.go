package dynamodb_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/rows"
)

// objectRows returns writes of n rows as those of objects commonly are.
func objectRows(t *testing.T, n int) []rows.Write {
	t.Helper()
	writes := make([]rows.Write, n)
	for i := range writes {
		key := fmt.Sprintf("photos/2024/march/bridge-%06d.jpg", i)
		text, err := json.Marshal(&projections.Object{Bucket: "photos", Key: key, Object: eventlog.Object{
			Version: fmt.Sprintf("%026d", i), Null: true, Modified: time.Unix(1_700_000_000, 0).UTC(),
			Owner: eventlog.Owner{ID: "bleepstore", Name: "bleepstore"},
			Size:  4_000_000, ETag: "9e107d9d372bb6826bd81d3542a419d6",
			Checksum: eventlog.Checksum{Algorithm: "CRC64NVME", Type: "FULL_OBJECT", Value: "AAAAAAAAAAA="},
			Attributes: eventlog.Attributes{
				ContentType: "image/jpeg", CacheControl: "max-age=31536000",
				Metadata: map[string]string{"camera": "F3", "mtime": "1700000000.123456789"},
				Tags:     []eventlog.Tag{{Key: "project", Value: "river"}},
			},
			Blobs: []eventlog.Blob{{ID: fmt.Sprintf("%026d", i), Size: 4_000_000, CRC64NVME: "AAAAAAAAAAA="}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		writes[i].Row = rows.Row{Key: rows.Key{Partition: "object/photos", Sort: key}, Commit: 1, Record: string(text)}
	}
	return writes
}

// TestSpeed compares many rows in one Write with a round trip for each, at a distance of 5 ms. Whatever the machine does
// beside, each of three tries must be so bad for the test to fail.
func TestSpeed(t *testing.T) {
	const distance, many, few, wantRatio = 5 * time.Millisecond, 3000, 30, 20
	p := newProxy(t)
	table := openClosed(t, emulated("table", p.URL))
	writes := objectRows(t, many)
	p.set(func(http.ResponseWriter, string, int, []byte) bool {
		time.Sleep(distance)
		return false
	})
	best := 0.0
	for range 3 {
		begun := time.Now()
		for _, w := range writes[:few] {
			write(t, table, w)
		}
		single := few / time.Since(begun).Seconds()
		begun = time.Now()
		write(t, table, writes...)
		bulk := many / time.Since(begun).Seconds()
		t.Logf("%.0f rows a second one by one, %.0f in one Write: %.1f times as many", single, bulk, bulk/single)
		if best = max(best, bulk/single); best >= wantRatio {
			return
		}
	}
	t.Errorf("one Write of many rows is %.1f times as fast as one by one, want %d times", best, wantRatio)
}

// TestRequests counts the requests that rows of objects take.
func TestRequests(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	table := openClosed(t, emulated("table", p.URL))
	writes := objectRows(t, 1100)
	t.Logf("a record is %d bytes", len(writes[0].Record))
	wantRequests := func(operation string, want int, call func() error) {
		t.Helper()
		p.set(nil)
		if err := call(); err != nil {
			t.Fatal(err)
		}
		if n := p.count(operation); n != want {
			t.Errorf("%d requests of %s, want %d", n, operation, want)
		}
	}
	wantRequests("BatchWriteItem", 44, func() error { return table.Write(t.Context(), writes) })
	wantRequests("PutItem", 25, func() error { return table.Write(t.Context(), writes[:25]) })
	scan := func(from, to string) func() error {
		return func() error {
			page, err := table.Scan(t.Context(), "object/photos", from, to, 1000)
			if err == nil && len(page) != 1000 {
				err = fmt.Errorf("a page of %d rows", len(page))
			}
			return err
		}
	}
	wantRequests("Query", 1, scan("", ""))
	wantRequests("Query", 1, scan("photos/", "photos0"))
	keys := make([]rows.Key, 250)
	for i := range keys {
		keys[i] = writes[i].Key
	}
	get := func(n int) func() error {
		return func() error {
			_, err := table.Get(t.Context(), keys[:n])
			return err
		}
	}
	wantRequests("BatchGetItem", 3, get(250))
	wantRequests("GetItem", 1, get(1))
	wantRequests("GetItem", 1, func() error { return table.Check(t.Context()) })
}
