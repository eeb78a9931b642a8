package tabletest

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/rows"
)

// MaxRecord is more than any record has, in bytes.
const MaxRecord = 300_000

// The limits that package s3 and the server put on what becomes a record, and what JSON makes of it at worst.
const (
	maxHeaders = 64<<10 + 4<<10 // with what net/http adds; quotes and backslashes take two bytes in JSON
	maxCORS    = 64 << 10       // the document that sets the rules; the same
	maxNotify  = 64 << 10       // the rules about notifications, in JSON
	maxGrants  = 100
	maxParts   = 100 // that are not in a manifest
)

var (
	escaped = strings.Repeat(`"`, 1<<10)
	control = strings.Repeat("\x01", rows.MaxSort)                                        // takes six bytes each in JSON
	owner   = eventlog.Owner{ID: strings.Repeat("i", 64), Name: strings.Repeat("n", 256)} // far more than they are
)

func longTags(n int) []eventlog.Tag {
	tags := make([]eventlog.Tag, n)
	for i := range tags {
		tags[i] = eventlog.Tag{Key: strings.Repeat("あ", 128), Value: strings.Repeat("い", 256)}
	}
	return tags
}

func longGrants() []eventlog.Grant {
	grants := make([]eventlog.Grant, maxGrants)
	for i := range grants {
		grants[i] = eventlog.Grant{Account: owner, Permission: eventlog.PermissionFullControl}
	}
	return grants
}

// largestObject returns an object that has as much of everything as it can have.
func largestObject() *projections.Object {
	now := time.Now().UTC()
	checksum := eventlog.Checksum{Algorithm: "CRC64NVME", Type: "FULL_OBJECT", Value: strings.Repeat("A", 12)}
	object := &projections.Object{Bucket: strings.Repeat("b", 63), Key: control, Object: eventlog.Object{
		Version: strings.Repeat("v", 26), OlderNull: strings.Repeat("v", 26), Null: true, Modified: now, Owner: owner,
		Grants: longGrants(), Upload: strings.Repeat("u", 128),
		Size: 5 << 40, ETag: strings.Repeat("e", 36), Checksum: checksum,
		Attributes: eventlog.Attributes{
			CacheControl: strings.Repeat(escaped, maxHeaders>>10), StorageClass: "REDUCED_REDUNDANCY", Tags: longTags(10),
		},
	}}
	checksum.Algorithm, checksum.Value = "SHA256", strings.Repeat("A", 44)
	for i := range maxParts {
		object.Blobs = append(object.Blobs, eventlog.Blob{ID: strings.Repeat("i", 26), Size: 5 << 30, CRC64NVME: "AAAAAAAAAAA="})
		object.Parts = append(object.Parts, eventlog.Part{
			Number: 10_000 - i, Size: 5 << 30, ETag: strings.Repeat("e", 32), Modified: now, Checksum: checksum,
		})
	}
	return object
}

// largestBucket returns a bucket that has as much of everything as it can have.
func largestBucket() *projections.Bucket {
	return &projections.Bucket{
		Name: strings.Repeat("b", 63), Region: "eu-central-1", Created: time.Now().UTC(), Owner: owner,
		Versioning: eventlog.VersioningSuspended, Ownership: eventlog.BucketOwnerPreferred, Grants: longGrants(),
		PublicAccessBlock: &eventlog.PublicAccessBlock{
			BlockPublicACLs: true, IgnorePublicACLs: true, BlockPublicPolicy: true, RestrictPublicBuckets: true,
		},
		CORS: []eventlog.CORSRule{{
			AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET"}, ExposeHeaders: []string{strings.Repeat(escaped, maxCORS>>10)},
		}},
		Tags:         longTags(50),
		Notification: []eventlog.NotificationRule{{ID: strings.Repeat("i", maxNotify)}},
	}
}

// LargestRecords returns the largest records that there can be, by what they are of.
func LargestRecords() (map[string]string, error) {
	records := make(map[string]string)
	for name, record := range map[string]any{"object": largestObject(), "bucket": largestBucket()} {
		text, err := json.Marshal(record)
		if err != nil {
			return nil, err
		}
		records[name] = string(text)
	}
	return records, nil
}

// testLargest writes the largest records by each way of writing.
func testLargest(s *suite) {
	records, err := LargestRecords()
	if err != nil {
		s.Fatal(err)
	}
	var others []rows.Row
	for i := range 30 {
		others = append(others, row("others", string(rune('a'+i)), 1))
	}
	for name, record := range records {
		if len(record) > MaxRecord {
			s.Errorf("the largest %s has %d bytes, more than the pages of the engines say", name, len(record))
		}
		hold := func(want rows.Row) {
			s.Helper()
			got, page := s.get(want.Key)[0], s.scan(want.Partition, want.Sort, "", 1)
			if got == nil || *got != want || len(page) != 1 || page[0] != want {
				s.Fatalf("the largest %s does not come back as it was: %t, %d rows", name, got != nil, len(page))
			}
		}
		for _, sort := range []string{control, strings.Repeat("\U0010ffff", rows.MaxSort/4)} {
			largest := rows.Row{Key: rows.Key{Partition: strings.Repeat(name[:1], 80), Sort: sort}, Commit: 1, Record: record}
			s.put(append(others, largest)...)
			hold(largest)
			largest.Commit = 1 << 52
			s.put(largest)
			hold(largest)
			swapped := largest
			swapped.Record = strings.Replace(record, "r", "R", 1)
			if err := s.table.Swap(s.Context(), swapped, record); err != nil {
				s.Fatalf("Swap of the largest %s: %v", name, err)
			}
			hold(swapped)
		}
	}
}
