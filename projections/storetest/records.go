package storetest

import (
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

var day = time.Date(2024, 2, 29, 23, 59, 59, 999e6, time.UTC)

func bucket(name string) *projections.Bucket {
	return &projections.Bucket{
		Name: name, Region: "eu-west-3", Created: day,
		Owner:      eventlog.Owner{ID: "owner-id", Name: "owner"},
		Versioning: eventlog.VersioningSuspended,
		Ownership:  eventlog.BucketOwnerPreferred,
		Grants: []eventlog.Grant{
			{Account: eventlog.Owner{ID: "owner-id", Name: "owner"}, Permission: eventlog.PermissionFullControl},
			{Group: eventlog.GroupAllUsers, Permission: eventlog.PermissionRead},
		},
		PublicAccessBlock: &eventlog.PublicAccessBlock{IgnorePublicACLs: true},
		CORS: []eventlog.CORSRule{{
			ID: "rule", AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET"}, AllowedHeaders: []string{"x-*"},
			ExposeHeaders: []string{"ETag"}, MaxAge: new(int64(0)),
		}},
		Tags: []eventlog.Tag{{Key: "k", Value: "v"}},
		Notification: []eventlog.NotificationRule{{
			ID: "rule", Kind: eventlog.NotifyTopic, Target: "arn:bleepstore:sqs::t:nats", Events: []string{"s3:ObjectCreated:*"}, Prefix: "p/", Suffix: ".s",
		}},
	}
}

// object returns an object with every field set.
func object(bucket, key, version string) *projections.Object {
	return &projections.Object{Bucket: bucket, Key: key, Object: content(version)}
}

func content(version string) eventlog.Object {
	return eventlog.Object{
		Version:   version,
		Null:      true,
		OlderNull: "0",
		Modified:  day,
		Owner:     eventlog.Owner{ID: "owner-id", Name: "owner"},
		Grants:    []eventlog.Grant{}, // nobody has anything, which is not the same as nil
		Upload:    "upload-id",
		Size:      1<<40 + 7,
		ETag:      "0123456789abcdef0123456789abcdef-2",
		Checksum:  eventlog.Checksum{Algorithm: "CRC64NVME", Type: "FULL_OBJECT", Value: "AAAAAAAAAAA="},
		Attributes: eventlog.Attributes{
			ContentType: "text/plain", ContentEncoding: "gzip", ContentLanguage: "eu", ContentDisposition: "inline",
			CacheControl: "no-cache", Expires: "yesterday", WebsiteRedirect: "/there", StorageClass: "STANDARD_IA",
			Metadata: map[string]string{"name": "Zoë \"☃\" <&>", "empty": ""},
			Tags:     []eventlog.Tag{{Key: "k", Value: "v"}, {Key: "k2"}},
		},
		Blobs: []eventlog.Blob{{ID: "b1" + version, Size: 1 << 40, CRC64NVME: "x"}, {ID: "b2" + version, Size: 7}},
		Parts: []eventlog.Part{
			{Number: 1, Size: 1 << 40, ETag: "e1", Modified: day},
			{Number: 10_000, Size: 7, ETag: "e2", Checksum: eventlog.Checksum{Algorithm: "SHA1", Value: "s"}},
		},
		Manifest: &eventlog.Blob{ID: "manifest", Size: 3},
	}
}

func version(bucket, key, id string) *projections.Version {
	return &projections.Version{Bucket: bucket, Key: key, Object: content(id)}
}

func upload(bucket, key, id string) *projections.Upload {
	return &projections.Upload{
		Bucket: bucket, Key: key, ID: id, Initiated: day,
		Owner:       eventlog.Owner{ID: "owner-id"},
		Grants:      []eventlog.Grant{{Account: eventlog.Owner{ID: "other"}, Permission: eventlog.PermissionReadACP}},
		ObjectOwner: eventlog.Owner{ID: "other"},
		Attributes:  eventlog.Attributes{ContentType: "image/png", Metadata: map[string]string{"a": "b"}},
		Checksum:    eventlog.Checksum{Algorithm: "SHA256", Type: "COMPOSITE"},
	}
}

func part(upload string, number int) *projections.Part {
	return &projections.Part{
		Upload: upload,
		Part:   eventlog.Part{Number: number, Size: int64(number), ETag: fmt.Sprint(number), Modified: day},
		Blob:   eventlog.Blob{ID: fmt.Sprintf("blob-%s-%d", upload, number), Size: int64(number)},
	}
}

func garbage(id string, since time.Time) projections.Garbage {
	return projections.Garbage{FreeBlob: eventlog.FreeBlob{ID: id, Manifest: true}, Since: since}
}

func position(seq uint64) eventlog.Position {
	return eventlog.Position{Log: "log-1", Seq: seq, Hash: fmt.Sprintf("%064x", seq)}
}
