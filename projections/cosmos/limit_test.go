package cosmos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/e2e/emulators"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/rows"
)

// dear is n bytes of text that take four times as many in an item, where a record is JSON in a string.
func dear(n int) string { return strings.Repeat(`"`, n) }

// largestObject is as large as the S3 API lets an object's record become: headers of 64 KiB, among them 2 KiB of metadata
// and the tags, an ACL of 100 grants to accounts, and 100 parts; more parts are in a manifest blob.
func largestObject() *projections.Object {
	o := &projections.Object{Bucket: strings.Repeat("b", 63), Key: dear(rows.MaxSort)}
	account := eventlog.Owner{ID: strings.Repeat("f", 64), Name: dear(100)}
	hash := strings.Repeat("d", 64)
	o.Object = eventlog.Object{
		Version: hash, OlderNull: hash, Modified: time.Now(), Owner: account, Upload: hash, Size: 5 << 40, ETag: hash,
		Checksum:   eventlog.Checksum{Algorithm: "SHA256", Type: "COMPOSITE", Value: hash},
		Attributes: eventlog.Attributes{ContentDisposition: dear(64 << 10), Metadata: map[string]string{"m": dear(2 << 10)}},
	}
	for range 10 {
		o.Attributes.Tags = append(o.Attributes.Tags, eventlog.Tag{Key: dear(128), Value: dear(256)})
	}
	for i := range 100 {
		o.Grants = append(o.Grants, eventlog.Grant{Account: account, Permission: eventlog.PermissionFullControl})
		o.Parts = append(o.Parts, eventlog.Part{Number: 9900 + i, Size: 5 << 30, ETag: hash, Modified: time.Now(), Checksum: o.Checksum})
		o.Blobs = append(o.Blobs, eventlog.Blob{ID: hash, Size: 5 << 30, CRC64NVME: hash})
	}
	return o
}

// largestBucket has a CORS configuration of 64 KiB in 100 rules, 100 grants and 50 tags.
func largestBucket() *projections.Bucket {
	o := largestObject()
	b := &projections.Bucket{Name: o.Bucket, Created: time.Now(), Owner: o.Owner, Grants: o.Grants}
	for range 100 {
		b.CORS = append(b.CORS, eventlog.CORSRule{ID: dear(255), AllowedOrigins: []string{dear(400)}, AllowedMethods: []string{"PUT"}})
	}
	for range 50 {
		b.Tags = append(b.Tags, eventlog.Tag{Key: dear(128), Value: dear(256)})
	}
	return b
}

// TestLargest writes the largest records that there can be, alone and many at once, and checks that they are well below the
// service's limits. The emulator's launcher refuses requests of more than 2 MB, as the service does.
func TestLargest(t *testing.T) {
	t.Parallel()
	table, _ := openHooked(t, emulators.Cosmos(t))
	for name, record := range map[string]any{"object": largestObject(), "bucket": largestBucket()} {
		data, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		var all []rows.Row
		for i := range 7 { // more than fit in a request
			all = append(all, rows.Row{Key: rows.Key{Partition: name, Sort: fmt.Sprintf("%02d", i)}, Commit: 1, Record: string(data)})
		}
		item, err := encode(all[0])
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("the largest %s: a record of %d KB, an item of %d KB", name, len(data)>>10, len(item)>>10)
		if len(item) > 1<<20 {
			t.Errorf("the largest %s is an item of %d bytes", name, len(item))
		}
		mustWrite(t, table, puts(all[:1]))
		mustWrite(t, table, puts(all))
		mustHold(t, table, all)
	}
	// Rows that a batch has no room for more than one of.
	var all []rows.Row
	for i := range 3 {
		all = append(all, rows.Row{Key: rows.Key{Partition: "huge", Sort: fmt.Sprint(i)}, Record: `"` + strings.Repeat("x", 1900<<10) + `"`})
	}
	mustWrite(t, table, puts(all))
	mustHold(t, table, all)
	all[0].Record = `"` + strings.Repeat("x", 2<<20) + `"`
	if err := table.Write(t.Context(), puts(all[:1])); status(err) != http.StatusRequestEntityTooLarge {
		t.Errorf("a row of more than 2 MB: %v", err)
	}
}

// FuzzSort checks that encoded sort keys sort as the keys do, and can be decoded.
func FuzzSort(f *testing.F) {
	f.Add("a", "a\x00")
	f.Add("\U00010000", "\uffff")
	f.Add("", "\x00")
	f.Fuzz(func(t *testing.T, a, b string) {
		ea, eb := encodeSort("p", a), encodeSort("p", b)
		if strings.Compare(ea, eb) != strings.Compare(a, b) {
			t.Errorf("%q and %q are encoded as %q and %q", a, b, ea, eb)
		}
		if key, err := decodeSort(ea); err != nil || key.Sort != a || key.Partition != "p" {
			t.Errorf("%q is decoded as %q, %v", ea, key, err)
		}
		if !slices.IsSorted([]string{encodeSort("p", ""), ea, "p" + behindSort}) {
			t.Errorf("%q is not between the ends of its partition", ea)
		}
	})
}
