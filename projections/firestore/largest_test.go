package firestore_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/e2e/emulators"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/rows"
)

// largestRecord is how long the page says that records get at most, in bytes.
const largestRecord = 300 << 10

// TestLargestRecord writes the largest records that the API lets come to be, and one that nearly fills a document.
func TestLargestRecord(t *testing.T) {
	table := openTable(t, newCollection(emulators.Firestore(t)))
	defer table.Close()
	key := strings.Repeat("\U0010ffff", rows.MaxSort/4)
	object, err := json.Marshal(largestObject(key))
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := json.Marshal(largestBucket())
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range [][]byte{object, bucket} {
		t.Logf("%d bytes", len(record))
		if len(record) > largestRecord {
			t.Errorf("a record has %d bytes", len(record))
		}
	}
	const fitting = 1<<20 - 8<<10
	for i, record := range []string{string(object), string(bucket), `"` + strings.Repeat("x", fitting-2) + `"`} {
		r := rows.Row{Key: rows.Key{Partition: fmt.Sprint("p", i), Sort: key}, Commit: 1, Record: record}
		if err := table.Write(t.Context(), []rows.Write{{Row: r}}); err != nil {
			t.Fatalf("%d bytes: %v", len(record), err)
		}
		if got, err := table.Get(t.Context(), []rows.Key{r.Key}); err != nil || got[0] == nil || *got[0] != r {
			t.Errorf("Get of %d bytes: %v", len(record), err)
		}
		if got, err := table.Scan(t.Context(), r.Partition, "", "", 1); err != nil || len(got) != 1 || got[0] != r {
			t.Errorf("Scan of %d bytes: %v", len(record), err)
		}
	}
}

// quotes are what JSON makes twice as long.
func quotes(n int) string { return strings.Repeat(`"`, n) }

func grants() []eventlog.Grant {
	grant := eventlog.Grant{
		Account:    eventlog.Owner{ID: strings.Repeat("f", 64), Name: quotes(64)},
		Permission: eventlog.PermissionFullControl,
	}
	all := make([]eventlog.Grant, 100)
	for i := range all {
		all[i] = grant
	}
	return all
}

func tags(n int) []eventlog.Tag {
	all := make([]eventlog.Tag, n)
	for i := range all {
		all[i] = eventlog.Tag{Key: strings.Repeat("\U00010400", 128), Value: strings.Repeat("\U00010400", 256)}
	}
	return all
}

// largestObject has all that a request's header, which has 64 KiB at most, can say of it, and as many parts as are not in a
// manifest.
func largestObject(key string) projections.Object {
	o := projections.Object{Bucket: strings.Repeat("b", 63), Key: key, Object: eventlog.Object{
		Version: strings.Repeat("v", 32), OlderNull: strings.Repeat("v", 32), Modified: time.Now().UTC(),
		Owner: eventlog.Owner{ID: strings.Repeat("f", 64), Name: quotes(64)}, Grants: grants(),
		Upload: strings.Repeat("u", 32), Size: 5 << 40, ETag: strings.Repeat("e", 32) + "-100",
		Checksum: eventlog.Checksum{Algorithm: "SHA256", Type: "COMPOSITE", Value: strings.Repeat("c", 44) + "-100"},
		Attributes: eventlog.Attributes{
			ContentDisposition: quotes(62 << 10), StorageClass: "STANDARD_IA",
			Metadata: map[string]string{"m": quotes(2<<10 - 1)}, Tags: tags(10),
		},
	}}
	for i := range 100 {
		o.Blobs = append(o.Blobs, eventlog.Blob{ID: strings.Repeat("i", 40), Size: 5 << 30, CRC64NVME: strings.Repeat("c", 12)})
		o.Parts = append(o.Parts, eventlog.Part{
			Number: 9900 + i, Size: 5 << 30, ETag: strings.Repeat("e", 32), Modified: o.Modified,
			Checksum: eventlog.Checksum{Algorithm: "SHA256", Value: strings.Repeat("c", 44)},
		})
	}
	return o
}

// largestBucket has all that can be configured; the rules come in a document of 64 KiB.
func largestBucket() projections.Bucket {
	b := projections.Bucket{
		Name: strings.Repeat("b", 63), Region: strings.Repeat("r", 32), Created: time.Now().UTC(),
		Owner:  eventlog.Owner{ID: strings.Repeat("f", 64), Name: quotes(64)},
		Grants: grants(), PublicAccessBlock: &eventlog.PublicAccessBlock{BlockPublicACLs: true}, Tags: tags(50),
	}
	for range 100 {
		b.CORS = append(b.CORS, eventlog.CORSRule{
			ID: quotes(255), AllowedOrigins: []string{quotes(64<<10/100 - 255)},
			AllowedMethods: []string{"GET", "PUT", "HEAD", "POST", "DELETE"},
		})
	}
	return b
}
