package projections_test

import (
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// version is the object "k" of bucket "b" in a version.
func version(id string) eventlog.Object { return eventlog.Object{Version: id, Blobs: blobs(id)} }

func current(id string) projections.Change {
	return projections.PutObject{Object: &projections.Object{Bucket: "b", Key: "k", Object: version(id)}}
}

func noncurrent(id string) projections.Change {
	return projections.PutVersion{Version: &projections.Version{Bucket: "b", Key: "k", Object: version(id)}}
}

func noVersion(id string) projections.Change {
	return projections.DeleteVersion{Bucket: "b", Key: "k", Version: id}
}

// keeping is what a new version does to another, which is kept, and to one which it replaces.
func keeping(kept, dropped string) eventlog.Displaced {
	object := version(kept)
	return eventlog.Displaced{Kept: &object, Dropped: dropped, Freed: freed(dropped)}
}

func promoted(id string) *eventlog.Object {
	object := version(id)
	return &object
}

func changed(id string, noncurrent bool) eventlog.ObjectChanged {
	return eventlog.ObjectChanged{Bucket: "b", Key: "k", Noncurrent: noncurrent, Object: version(id)}
}

var (
	owner = eventlog.Owner{ID: "id", Name: "name"}

	foldVersions = []foldTest{
		{
			name: "object created above another, in place of the null version",
			events: []eventlog.Data{&eventlog.ObjectCreated{
				Bucket: "b", Key: "k", Object: version("3"), Displaced: keeping("2", "1"),
			}},
			want: []projections.Change{noncurrent("2"), noVersion("1"), current("3"), garbage("1")},
		},
		{
			name: "delete marker above an object, in place of the null version",
			events: []eventlog.Data{&eventlog.MarkerCreated{
				Bucket: "b", Key: "k", Displaced: keeping("2", "1"),
				Marker: eventlog.Marker{Version: "3", Null: true, OlderNull: "0", Modified: noon, Owner: owner},
			}},
			want: []projections.Change{
				noncurrent("2"), noVersion("1"),
				projections.PutVersion{Version: &projections.Version{
					Bucket: "b", Key: "k", DeleteMarker: true,
					Object: eventlog.Object{Version: "3", Null: true, OlderNull: "0", Modified: noon, Owner: owner},
				}},
				projections.DeleteObject{Bucket: "b", Key: "k"},
				garbage("1"),
			},
		},
		{
			name: "current object deleted, the one below comes up",
			events: []eventlog.Data{&eventlog.ObjectDeleted{
				Bucket: "b", Key: "k", Version: "2", Promoted: promoted("1"), Freed: freed("2"),
			}},
			want: []projections.Change{current("1"), noVersion("1"), garbage("2")},
		},
		{
			name:   "version deleted",
			events: []eventlog.Data{&eventlog.VersionDeleted{Bucket: "b", Key: "k", Version: "1", Freed: freed("1")}},
			want:   []projections.Change{noVersion("1"), garbage("1")},
		},
		{
			name: "delete marker deleted, the object below comes up",
			events: []eventlog.Data{&eventlog.VersionDeleted{
				Bucket: "b", Key: "k", Version: "2", DeleteMarker: true, Promoted: promoted("1"),
			}},
			want: []projections.Change{noVersion("2"), current("1"), noVersion("1")},
		},
		{
			name: "current object changed",
			events: []eventlog.Data{
				&eventlog.ObjectTagsSet{ObjectChanged: changed("1", false)},
				&eventlog.ObjectTagsDeleted{ObjectChanged: changed("2", false)},
				&eventlog.ObjectACLSet{ObjectChanged: changed("3", false)},
			},
			want: []projections.Change{current("1"), current("2"), current("3")},
		},
		{
			name: "version changed",
			events: []eventlog.Data{
				&eventlog.ObjectTagsSet{ObjectChanged: changed("1", true)},
				&eventlog.ObjectTagsDeleted{ObjectChanged: changed("2", true)},
				&eventlog.ObjectACLSet{ObjectChanged: changed("3", true)},
			},
			want: []projections.Change{noncurrent("1"), noncurrent("2"), noncurrent("3")},
		},
	}
)

// configured is a change of the bucket that the View has, or that was created.
func configured(change func(*projections.Bucket)) projections.Change {
	bucket := &projections.Bucket{Name: "b", Region: "r"}
	change(bucket)
	return projections.PutBucket{Bucket: bucket}
}

var (
	grants = []eventlog.Grant{{Group: eventlog.GroupAllUsers, Permission: eventlog.PermissionRead}}
	block  = eventlog.PublicAccessBlock{IgnorePublicACLs: true}
	rules  = []eventlog.CORSRule{{ID: "rule"}}
	tags   = []eventlog.Tag{{Key: "k", Value: "v"}}

	notification = []eventlog.NotificationRule{{ID: "rule", Kind: eventlog.NotifyQueue, Target: "t", Events: []string{"e"}}}

	foldConfigurations = []foldTest{
		{
			name: "each aspect of a bucket is set, and leaves the others",
			events: []eventlog.Data{
				&eventlog.BucketVersioningSet{Bucket: "b", Status: eventlog.VersioningEnabled},
				&eventlog.BucketACLSet{Bucket: "b", Grants: grants},
				&eventlog.BucketOwnershipSet{Bucket: "b", Ownership: eventlog.ObjectWriter},
				&eventlog.BucketPublicAccessBlockSet{Bucket: "b", PublicAccessBlock: block},
				&eventlog.BucketCORSSet{Bucket: "b", Rules: rules},
				&eventlog.BucketTagsSet{Bucket: "b", Tags: tags},
				&eventlog.BucketNotificationSet{Bucket: "b", Rules: notification},
			},
			want: steps(
				func(b *projections.Bucket) { b.Versioning = eventlog.VersioningEnabled },
				func(b *projections.Bucket) { b.Grants = grants },
				func(b *projections.Bucket) { b.Ownership = eventlog.ObjectWriter },
				func(b *projections.Bucket) { b.PublicAccessBlock = &block },
				func(b *projections.Bucket) { b.CORS = rules },
				func(b *projections.Bucket) { b.Tags = tags },
				func(b *projections.Bucket) { b.Notification = notification },
			),
		},
		{
			name: "aspects of a bucket that was created in the same stretch are deleted",
			events: []eventlog.Data{
				&eventlog.BucketCreated{Bucket: "new", Region: "r", Owner: owner, Ownership: eventlog.ObjectWriter, Grants: grants},
				&eventlog.BucketOwnershipDeleted{Bucket: "new"},
				&eventlog.BucketPublicAccessBlockSet{Bucket: "new", PublicAccessBlock: block},
				&eventlog.BucketPublicAccessBlockDeleted{Bucket: "new"},
				&eventlog.BucketCORSSet{Bucket: "new", Rules: rules},
				&eventlog.BucketCORSDeleted{Bucket: "new"},
				&eventlog.BucketTagsSet{Bucket: "new", Tags: tags},
				&eventlog.BucketTagsDeleted{Bucket: "new"},
				&eventlog.BucketNotificationSet{Bucket: "new", Rules: notification},
				&eventlog.BucketNotificationSet{Bucket: "new"},
			},
			want: steps(
				func(b *projections.Bucket) {
					b.Name, b.Created, b.Owner, b.Ownership, b.Grants = "new", noon, owner, eventlog.ObjectWriter, grants
				},
				func(b *projections.Bucket) { b.Ownership = "" },
				func(b *projections.Bucket) { b.PublicAccessBlock = &block },
				func(b *projections.Bucket) { b.PublicAccessBlock = nil },
				func(b *projections.Bucket) { b.CORS = rules },
				func(b *projections.Bucket) { b.CORS = nil },
				func(b *projections.Bucket) { b.Tags = tags },
				func(b *projections.Bucket) { b.Tags = nil },
				func(b *projections.Bucket) { b.Notification = notification },
				func(b *projections.Bucket) { b.Notification = nil },
			),
		},
	}
)

// steps are the changes of the bucket that are made of one another.
func steps(changes ...func(*projections.Bucket)) (all []projections.Change) {
	for i := range changes {
		all = append(all, configured(func(b *projections.Bucket) {
			for _, change := range changes[:i+1] {
				change(b)
			}
		}))
	}
	return all
}
