package eventlog_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
)

var update = flag.Bool("update", false, "write the golden files")

// samples holds one event per type, with every member set.
var samples = []eventlog.Data{
	&eventlog.BucketCreated{
		Bucket: "photos", Region: "us-east-1", Owner: sampleOwner, Ownership: eventlog.ObjectWriter, Grants: sampleGrants,
		Created: sampleTime.AddDate(-1, 0, 0),
	},
	&eventlog.BucketDeleted{Bucket: "photos"},
	&eventlog.BucketVersioningSet{Bucket: "photos", Status: eventlog.VersioningEnabled},
	&eventlog.BucketACLSet{Bucket: "photos", Grants: sampleGrants},
	&eventlog.BucketOwnershipSet{Bucket: "photos", Ownership: eventlog.BucketOwnerEnforced},
	&eventlog.BucketOwnershipDeleted{Bucket: "photos"},
	&eventlog.BucketPublicAccessBlockSet{Bucket: "photos", PublicAccessBlock: eventlog.PublicAccessBlock{
		BlockPublicACLs: true, IgnorePublicACLs: true, BlockPublicPolicy: true, RestrictPublicBuckets: true,
	}},
	&eventlog.BucketPublicAccessBlockDeleted{Bucket: "photos"},
	&eventlog.BucketCORSSet{Bucket: "photos", Rules: []eventlog.CORSRule{{
		ID: "web", AllowedOrigins: []string{"https://*.example.com"}, AllowedMethods: []string{"GET", "PUT"},
		AllowedHeaders: []string{"x-amz-*"}, ExposeHeaders: []string{"ETag"}, MaxAge: new(int64(3000)),
	}}},
	&eventlog.BucketCORSDeleted{Bucket: "photos"},
	&eventlog.BucketTagsSet{Bucket: "photos", Tags: sampleAttributes.Tags},
	&eventlog.BucketTagsDeleted{Bucket: "photos"},
	&eventlog.BucketNotificationSet{Bucket: "photos", Rules: []eventlog.NotificationRule{{
		ID: "thumbnails", Kind: eventlog.NotifyQueue, Target: "arn:bleepstore:sqs::thumbnailer:webhook",
		Events: []string{"s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"}, Prefix: "2026/", Suffix: ".jpg",
	}}},
	&eventlog.ObjectCreated{
		Bucket: "photos", Key: "2026/ä & <b>/\u2028\".jpg", Via: eventlog.ViaMultipart, Object: sampleObject,
		Source:    &eventlog.Source{Bucket: "old", Key: "a/b", Version: "01kc0000000000000000000001"},
		Displaced: sampleDisplaced,
	},
	&eventlog.MarkerCreated{
		Bucket: "photos", Key: "a/b", Displaced: sampleDisplaced,
		Marker: sampleMarker,
	},
	&eventlog.ObjectDeleted{
		Bucket: "photos", Key: "a/b", Version: "01kc0000000000000000000001", Null: true, Promoted: &sampleObject, Freed: sampleFreed,
	},
	&eventlog.VersionDeleted{
		Bucket: "photos", Key: "a/b", Version: "01kc0000000000000000000001", Null: true, DeleteMarker: true,
		Promoted: &sampleObject, Freed: sampleFreed,
	},
	&eventlog.ObjectTagsSet{ObjectChanged: sampleChanged},
	&eventlog.ObjectTagsDeleted{ObjectChanged: sampleChanged},
	&eventlog.ObjectACLSet{ObjectChanged: sampleChanged},
	&eventlog.UploadCreated{
		Bucket: "photos", Key: "a/b", Upload: "01kc0000000000000000000002", Owner: sampleOwner,
		Attributes: sampleAttributes, Grants: sampleGrants, ObjectOwner: sampleOwner,
		Checksum: eventlog.Checksum{Algorithm: "CRC32C", Type: "COMPOSITE"}, Initiated: sampleTime.AddDate(-1, 0, 0),
	},
	&eventlog.PartStored{
		Bucket: "photos", Key: "a/b", Upload: "01kc0000000000000000000002",
		Part: samplePart, Blob: sampleBlob, Freed: sampleFreedV1,
	},
	&eventlog.UploadAborted{Bucket: "photos", Key: "a/b", Upload: "01kc0000000000000000000002", Freed: sampleFreedV1},
	&eventlog.LogRestored{From: eventlog.Position{Log: "2a78d19b-aa64-42f8-91fc-701a05e40279", Seq: 62, Hash: "6733feef188f72f2"}},
	&eventlog.StorageRebased{From: "/var/lib/bleepstore/blobs", To: "s3://bucket/prefix/", Blobs: 1_000_000, Bytes: 5 << 40},
	&eventlog.BlobsReaped{Blobs: []eventlog.ReapedBlob{{FreeBlob: sampleFreed[0], Since: sampleTime}, {FreeBlob: sampleFreed[1], Since: sampleTime}}},
}

// oldSamples holds what the golden files of shapes that are not written any more are read as.
var oldSamples = map[string]eventlog.Data{
	"bucket.created.v1.json": &eventlog.BucketCreated{Bucket: "photos", Region: "us-east-1", Owner: sampleOwner},
	"bucket.created.v2.json": &eventlog.BucketCreated{
		Bucket: "photos", Region: "us-east-1", Owner: sampleOwner, Ownership: eventlog.ObjectWriter, Grants: sampleGrants,
	},
	"object.created.v1.json": &eventlog.ObjectCreated{
		Bucket: "photos", Key: "2026/ä & <b>/\u2028\".jpg", Via: eventlog.ViaMultipart, Object: sampleObjectV1,
		Source:    &eventlog.Source{Bucket: "old", Key: "a/b", Version: "01kc0000000000000000000001"},
		Displaced: eventlog.Displaced{Freed: sampleFreedV1},
	},
	"object.deleted.v1.json": &eventlog.ObjectDeleted{
		Bucket: "photos", Key: "a/b", Version: "01kc0000000000000000000001", Freed: sampleFreedV1,
	},
	"object.created.v2.json": &eventlog.ObjectCreated{
		Bucket: "photos", Key: "2026/ä & <b>/\u2028\".jpg", Via: eventlog.ViaMultipart, Object: sampleObjectV2,
		Source:    &eventlog.Source{Bucket: "old", Key: "a/b", Version: "01kc0000000000000000000001"},
		Displaced: sampleDisplacedV1,
	},
	"object.deleted.v2.json": &eventlog.ObjectDeleted{
		Bucket: "photos", Key: "a/b", Version: "01kc0000000000000000000001", Promoted: &sampleObjectV2, Freed: sampleFreed,
	},
	"marker.created.v1.json": &eventlog.MarkerCreated{
		Bucket: "photos", Key: "a/b", Marker: sampleMarker, Displaced: sampleDisplacedV1,
	},
	"object.deleted.v3.json": &eventlog.ObjectDeleted{
		Bucket: "photos", Key: "a/b", Version: "01kc0000000000000000000001", Promoted: &sampleObject, Freed: sampleFreed,
	},
	"version.deleted.v2.json": &eventlog.VersionDeleted{
		Bucket: "photos", Key: "a/b", Version: "01kc0000000000000000000001", DeleteMarker: true,
		Promoted: &sampleObject, Freed: sampleFreed,
	},
	"version.deleted.v1.json": &eventlog.VersionDeleted{
		Bucket: "photos", Key: "a/b", Version: "01kc0000000000000000000001", DeleteMarker: true,
		Promoted: &sampleObjectV2, Freed: sampleFreed,
	},
	"object.tags.set.v1.json":     &eventlog.ObjectTagsSet{ObjectChanged: sampleChangedV1},
	"object.tags.deleted.v1.json": &eventlog.ObjectTagsDeleted{ObjectChanged: sampleChangedV1},
	"object.acl.set.v1.json":      &eventlog.ObjectACLSet{ObjectChanged: sampleChangedV1},
	"upload.created.v1.json": &eventlog.UploadCreated{
		Bucket: "photos", Key: "a/b", Upload: "01kc0000000000000000000002", Owner: sampleOwner,
		Attributes: sampleAttributes,
		Checksum:   eventlog.Checksum{Algorithm: "CRC32C", Type: "COMPOSITE"},
	},
	"upload.created.v2.json": &eventlog.UploadCreated{
		Bucket: "photos", Key: "a/b", Upload: "01kc0000000000000000000002", Owner: sampleOwner,
		Attributes: sampleAttributes, Grants: sampleGrants, ObjectOwner: sampleOwner,
		Checksum: eventlog.Checksum{Algorithm: "CRC32C", Type: "COMPOSITE"},
	},
}

var (
	sampleTime  = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	sampleOwner = eventlog.Owner{ID: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", Name: "bleepstore"}
	sampleBlob  = eventlog.Blob{ID: "06d0000000000000000000000b", Size: 5 << 20, CRC64NVME: "rosUhgpPY9M="}
	sampleFreed = []eventlog.FreeBlob{
		{ID: "06d0000000000000000000000c"},
		{ID: "06d0000000000000000000000d", Manifest: true, Size: 5 << 10, CRC64NVME: "rosUhgpPY9M="},
	}
	// Of a part, and in the first versions of events, a freed blob has neither size nor checksum.
	sampleFreedV1 = []eventlog.FreeBlob{{ID: "06d0000000000000000000000c"}, {ID: "06d0000000000000000000000d", Manifest: true}}
	samplePart    = eventlog.Part{
		Number: 1, Size: 5 << 20, ETag: "5f363e0e58a95f06cbe9bbc662c5dfb6", Modified: sampleTime,
		Checksum: eventlog.Checksum{Algorithm: "CRC32C", Type: "FULL_OBJECT", Value: "yZRlqg=="},
	}
	sampleAttributes = eventlog.Attributes{
		ContentType: "image/jpeg", ContentEncoding: "gzip", ContentLanguage: "de", ContentDisposition: "inline",
		CacheControl: "no-cache", Expires: "Thu, 01 Dec 2026 16:00:00 GMT", WebsiteRedirect: "/elsewhere",
		StorageClass: "STANDARD_IA",
		Metadata:     map[string]string{"camera": "X100", "artist": "É. Atget", "b": "", "zoom": "2"},
		Tags:         []eventlog.Tag{{Key: "project", Value: "x"}, {Key: "empty"}},
	}
	sampleGrants = []eventlog.Grant{
		{Account: sampleOwner, Permission: eventlog.PermissionFullControl},
		{Group: eventlog.GroupAllUsers, Permission: eventlog.PermissionRead},
	}
	sampleObjectV1 = eventlog.Object{
		Version: "01kc0000000000000000000003", Null: true, Modified: sampleTime, Owner: sampleOwner,
		Size: 5 << 20, ETag: "5f363e0e58a95f06cbe9bbc662c5dfb6-1",
		Checksum:   eventlog.Checksum{Algorithm: "CRC32C", Type: "COMPOSITE", Value: "yZRlqg==-1"},
		Attributes: sampleAttributes,
		Blobs:      []eventlog.Blob{sampleBlob},
		Parts:      []eventlog.Part{samplePart},
		Manifest:   &sampleBlob,
		Upload:     "01kc0000000000000000000002",
	}
	sampleObjectV2 = func() eventlog.Object {
		object := sampleObjectV1
		object.OlderNull = "01kc0000000000000000000001"
		object.Grants = sampleGrants
		return object
	}()
	sampleObject = func() eventlog.Object {
		object := sampleObjectV2
		object.Blobs = []eventlog.Blob{sampleBlob, {
			ID: "06d0000000000000000000000c", Size: 7, Place: "s3://theirs/2025/ä b%20.jpg", Tag: "5f363e0e58a95f06cbe9bbc662c5dfb6-1",
		}}
		return object
	}()
	sampleMarker = eventlog.Marker{
		Version: "01kc0000000000000000000004", Null: true, OlderNull: "01kc0000000000000000000001",
		Modified: sampleTime, Owner: sampleOwner,
	}
	sampleDisplaced   = displaced(&sampleObject)
	sampleDisplacedV1 = displaced(&sampleObjectV2)
	sampleChanged     = changed(sampleObject)
	sampleChangedV1   = changed(sampleObjectV2)
)

func displaced(kept *eventlog.Object) eventlog.Displaced {
	return eventlog.Displaced{Kept: kept, Dropped: "01kc0000000000000000000001", Freed: sampleFreed}
}

func changed(object eventlog.Object) eventlog.ObjectChanged {
	return eventlog.ObjectChanged{Bucket: "photos", Key: "a/b", Noncurrent: true, Object: object}
}

func sampleEvent(data eventlog.Data) eventlog.Event {
	return eventlog.Event{
		Time:    sampleTime,
		Actor:   eventlog.Actor{Account: sampleOwner.ID, AccessKey: "bleepstore", Address: "127.0.0.1"},
		Request: "4442587FB7D0A2F9",
		Data:    data,
	}
}

// TestGolden keeps the forms that are in logs readable for good. A golden file is never changed once it was released.
func TestGolden(t *testing.T) {
	want := []string{}
	for _, data := range samples {
		name := fmt.Sprintf("%s.v%d.json", data.EventType(), data.EventVersion())
		want = append(want, name)
		t.Run(name, func(t *testing.T) {
			event := sampleEvent(data)
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, append(encode(t, &event), '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			line := bytes.TrimSuffix(golden, []byte("\n"))
			var got eventlog.Event
			if err := json.Unmarshal(line, &got); err != nil {
				t.Fatalf("decode: %v", err)
			}
			if !reflect.DeepEqual(got, event) {
				t.Errorf("decoded\n%+v\nwant\n%+v", got, event)
			}
			if again := encode(t, &got); !bytes.Equal(again, line) {
				t.Errorf("encoded again\n%s\nwant\n%s", again, line)
			}
		})
	}

	for name, data := range oldSamples {
		want = append(want, name)
		t.Run(name, func(t *testing.T) {
			golden, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			var got eventlog.Event
			if err := json.Unmarshal(golden, &got); err != nil {
				t.Fatalf("decode: %v", err)
			}
			if event := sampleEvent(data); !reflect.DeepEqual(got, event) {
				t.Errorf("decoded\n%+v\nwant\n%+v", got, event)
			}
		})
	}

	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := filepath.Base(file); !slices.Contains(want, name) {
			t.Errorf("golden file %s has no sample", name)
		}
	}
}

func encode(t testing.TB, event *eventlog.Event) []byte {
	t.Helper()
	line, err := json.Marshal(event)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return line
}

func TestDecodeRefuses(t *testing.T) {
	const rest = `"time":"2026-01-02T03:04:05.678Z","actor":{},"request":"r"`
	for name, test := range map[string]struct {
		line    string
		want    string // in the error
		unknown bool   // an UnknownEventError
	}{
		"unknown type":    {`{"type":"bucket.painted","v":1,` + rest + `,"data":{}}`, `"bucket.painted" version 1`, true},
		"unknown version": {`{"type":"bucket.deleted","v":7,` + rest + `,"data":{}}`, `"bucket.deleted" version 7`, true},
		"data before its type": {
			`{"data":{"bucket":"b"},"type":"bucket.deleted","v":1,` + rest + `}`, `"" version 0`, true,
		},
		"unknown member": {
			`{"type":"bucket.deleted","v":1,` + rest + `,"data":{"bucket":"b","force":true}}`, "force", false,
		},
		"unknown nested member": {
			`{"type":"bucket.created","v":1,` + rest + `,"data":{"owner":{"id":"o","mood":"good"}}}`, "mood", false,
		},
		"unknown member beside the data": {
			`{"type":"bucket.deleted","v":1,` + rest + `,"data":{"bucket":"b"},"more":1}`, "more", false,
		},
		"no data":          {`{"type":"bucket.deleted","v":1,` + rest + `}`, "without data", false},
		"null data":        {`{"type":"bucket.deleted","v":1,` + rest + `,"data":null}`, "must be an object", false},
		"duplicate member": {`{"type":"bucket.deleted","v":1,` + rest + `,"data":{"bucket":"b","bucket":"c"}}`, "duplicate", false},
		"cut short":        {`{"type":"bucket.deleted","v":1,` + rest + `,"data":{"bucket":"b"}`, "EOF", false},
		"more behind it":   {`{"type":"bucket.deleted","v":1,` + rest + `,"data":{"bucket":"b"}} 1`, "after", false},
	} {
		t.Run(name, func(t *testing.T) {
			var event eventlog.Event
			err := json.Unmarshal([]byte(test.line), &event)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got error %v, want one with %q", err, test.want)
			}
			if _, unknown := errors.AsType[*eventlog.UnknownEventError](err); unknown != test.unknown {
				t.Errorf("an UnknownEventError: %v, want %v", unknown, test.unknown)
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, event := range map[string]eventlog.Event{
		"no data":       sampleEvent(nil),
		"invalid UTF-8": sampleEvent(&eventlog.BucketDeleted{Bucket: "\xff"}),
	} {
		if line, err := json.Marshal(&event); err == nil {
			t.Errorf("%s: encoded as %s", name, line)
		}
	}
}

func smallObject() eventlog.Event {
	return sampleEvent(&eventlog.ObjectCreated{
		Bucket: "photos", Key: "2026/08/holiday/img-00001234.jpg", Via: eventlog.ViaPut,
		Object: eventlog.Object{
			Version: "01kc0000000000000000000003", Null: true, Modified: sampleTime, Owner: sampleOwner,
			Size: 4096, ETag: "5f363e0e58a95f06cbe9bbc662c5dfb6",
			Checksum:   eventlog.Checksum{Algorithm: "CRC64NVME", Type: "FULL_OBJECT", Value: "rosUhgpPY9M="},
			Attributes: eventlog.Attributes{ContentType: "image/jpeg"},
			Blobs:      []eventlog.Blob{{ID: "06d0000000000000000000000b", Size: 4096, CRC64NVME: "rosUhgpPY9M="}},
		},
	})
}

func BenchmarkEncode(b *testing.B) {
	event := smallObject()
	b.SetBytes(int64(len(encode(b, &event))))
	b.ReportAllocs()
	for b.Loop() {
		encode(b, &event)
	}
}

func BenchmarkDecode(b *testing.B) {
	event := smallObject()
	line := encode(b, &event)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		var got eventlog.Event
		if err := json.Unmarshal(line, &got); err != nil {
			b.Fatal(err)
		}
	}
}
