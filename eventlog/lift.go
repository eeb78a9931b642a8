package eventlog

// oldShape is data in a shape that is not written any more, but may be in a log.
type oldShape interface {
	Data
	// lift returns the same in the shape that is written now.
	lift() Data
}

// Of bucket.created, version 2 added ownership and grants.
type bucketCreatedV1 struct{ BucketCreated }

func (*bucketCreatedV1) EventVersion() int { return 1 }

func (d *bucketCreatedV1) lift() Data { return &d.BucketCreated }

// Of bucket.created, version 3 added when a bucket was made elsewhere.
type bucketCreatedV2 struct{ BucketCreated }

func (*bucketCreatedV2) EventVersion() int { return 2 }

func (d *bucketCreatedV2) lift() Data { return &d.BucketCreated }

// Of object.created, version 2 added what happens to versions, and grants, and has the upload within the object.
type objectCreatedV1 struct {
	ObjectCreated
	Upload string `json:"upload,omitzero"`
}

func (*objectCreatedV1) EventVersion() int { return 1 }

func (d *objectCreatedV1) lift() Data {
	d.Object.Upload = d.Upload
	return &d.ObjectCreated
}

// Of object.deleted, version 2 added the version that is promoted.
type objectDeletedV1 struct{ ObjectDeleted }

func (*objectDeletedV1) EventVersion() int { return 1 }

func (d *objectDeletedV1) lift() Data { return &d.ObjectDeleted }

// Of upload.created, version 2 added grants and the object's owner.
type uploadCreatedV1 struct{ UploadCreated }

func (*uploadCreatedV1) EventVersion() int { return 1 }

func (d *uploadCreatedV1) lift() Data { return &d.UploadCreated }

// Of upload.created, version 3 added when an upload was begun elsewhere.
type uploadCreatedV2 struct{ UploadCreated }

func (*uploadCreatedV2) EventVersion() int { return 2 }

func (d *uploadCreatedV2) lift() Data { return &d.UploadCreated }

// Version 2 of markers, versions and changes of objects, and version 3 of objects, added blobs that are elsewhere.
type (
	objectCreatedV2     struct{ ObjectCreated }
	objectDeletedV2     struct{ ObjectDeleted }
	markerCreatedV1     struct{ MarkerCreated }
	versionDeletedV1    struct{ VersionDeleted }
	objectTagsSetV1     struct{ ObjectTagsSet }
	objectTagsDeletedV1 struct{ ObjectTagsDeleted }
	objectACLSetV1      struct{ ObjectACLSet }
)

func (*objectCreatedV2) EventVersion() int { return 2 }

func (*objectDeletedV2) EventVersion() int { return 2 }

func (*markerCreatedV1) EventVersion() int { return 1 }

func (*versionDeletedV1) EventVersion() int { return 1 }

func (*objectTagsSetV1) EventVersion() int { return 1 }

func (*objectTagsDeletedV1) EventVersion() int { return 1 }

func (*objectACLSetV1) EventVersion() int { return 1 }

func (d *objectCreatedV2) lift() Data { return &d.ObjectCreated }

func (d *objectDeletedV2) lift() Data { return &d.ObjectDeleted }

func (d *markerCreatedV1) lift() Data { return &d.MarkerCreated }

func (d *versionDeletedV1) lift() Data { return &d.VersionDeleted }

func (d *objectTagsSetV1) lift() Data { return &d.ObjectTagsSet }

func (d *objectTagsDeletedV1) lift() Data { return &d.ObjectTagsDeleted }

func (d *objectACLSetV1) lift() Data { return &d.ObjectACLSet }

// Version 4 of object.deleted, and version 3 of version.deleted, tell the null version.
type (
	objectDeletedV3  struct{ ObjectDeleted }
	versionDeletedV2 struct{ VersionDeleted }
)

func (*objectDeletedV3) EventVersion() int { return 3 }

func (*versionDeletedV2) EventVersion() int { return 2 }

func (d *objectDeletedV3) lift() Data { return &d.ObjectDeleted }

func (d *versionDeletedV2) lift() Data { return &d.VersionDeleted }
