package projections

// Change is one change to a record of a MetadataStore; one of the types below.
// The records in changes are shared: whoever keeps one does not modify it.
type Change interface{ isChange() }

// The changes.
type (
	// PutBucket writes the record of a bucket.
	PutBucket struct{ Bucket *Bucket }
	// DeleteBucket removes the record of a bucket.
	DeleteBucket struct{ Name string }

	// PutObject writes the current object of a key.
	PutObject struct{ Object *Object }
	// DeleteObject removes the current object of a key.
	DeleteObject struct{ Bucket, Key string }

	// PutVersion writes a version that is not current.
	PutVersion struct{ Version *Version }
	// DeleteVersion removes a version that is not current.
	DeleteVersion struct{ Bucket, Key, Version string }

	// PutUpload writes the record of an upload.
	PutUpload struct{ Upload *Upload }
	// DeleteUpload removes an upload and all its parts.
	DeleteUpload struct{ Bucket, Key, ID string }
	// PutPart writes a part of an upload.
	PutPart struct{ Part *Part }

	// SetShared writes how many things name a blob that more than one names. A count below two removes the record.
	SetShared struct {
		Blob  string
		Count int64
	}

	// PutGarbage writes a garbage record.
	PutGarbage struct{ Garbage Garbage }
	// DeleteGarbage removes a garbage record.
	DeleteGarbage struct{ Garbage Garbage }
)

func (PutBucket) isChange()     {}
func (DeleteBucket) isChange()  {}
func (PutObject) isChange()     {}
func (DeleteObject) isChange()  {}
func (PutVersion) isChange()    {}
func (DeleteVersion) isChange() {}
func (PutUpload) isChange()     {}
func (DeleteUpload) isChange()  {}
func (PutPart) isChange()       {}
func (SetShared) isChange()     {}
func (PutGarbage) isChange()    {}
func (DeleteGarbage) isChange() {}
