package eventlog

import (
	"maps"
	"slices"
)

// Subject is what an event is about. Members are empty where it is about nothing of the kind.
type Subject struct {
	Bucket  string
	Key     string
	Version string // Object.Version of an object, or that of a delete marker
	Upload  string // upload id
}

// SubjectOf tells what an event is about.
func SubjectOf(data Data) Subject {
	switch d := data.(type) {
	case *BucketCreated:
		return Subject{Bucket: d.Bucket}
	case *BucketDeleted:
		return Subject{Bucket: d.Bucket}
	case *BucketVersioningSet:
		return Subject{Bucket: d.Bucket}
	case *BucketACLSet:
		return Subject{Bucket: d.Bucket}
	case *BucketOwnershipSet:
		return Subject{Bucket: d.Bucket}
	case *BucketOwnershipDeleted:
		return Subject{Bucket: d.Bucket}
	case *BucketPublicAccessBlockSet:
		return Subject{Bucket: d.Bucket}
	case *BucketPublicAccessBlockDeleted:
		return Subject{Bucket: d.Bucket}
	case *BucketCORSSet:
		return Subject{Bucket: d.Bucket}
	case *BucketCORSDeleted:
		return Subject{Bucket: d.Bucket}
	case *BucketTagsSet:
		return Subject{Bucket: d.Bucket}
	case *BucketTagsDeleted:
		return Subject{Bucket: d.Bucket}
	case *BucketNotificationSet:
		return Subject{Bucket: d.Bucket}
	case *ObjectCreated:
		return Subject{Bucket: d.Bucket, Key: d.Key, Version: d.Object.Version, Upload: d.Object.Upload}
	case *MarkerCreated:
		return Subject{Bucket: d.Bucket, Key: d.Key, Version: d.Marker.Version}
	case *ObjectDeleted:
		return Subject{Bucket: d.Bucket, Key: d.Key, Version: d.Version}
	case *VersionDeleted:
		return Subject{Bucket: d.Bucket, Key: d.Key, Version: d.Version}
	case *ObjectTagsSet:
		return d.subject()
	case *ObjectTagsDeleted:
		return d.subject()
	case *ObjectACLSet:
		return d.subject()
	case *UploadCreated:
		return Subject{Bucket: d.Bucket, Key: d.Key, Upload: d.Upload}
	case *PartStored:
		return Subject{Bucket: d.Bucket, Key: d.Key, Upload: d.Upload}
	case *UploadAborted:
		return Subject{Bucket: d.Bucket, Key: d.Key, Upload: d.Upload}
	default: // about the whole log
		return Subject{}
	}
}

func (d *ObjectChanged) subject() Subject {
	return Subject{Bucket: d.Bucket, Key: d.Key, Version: d.Object.Version}
}

// Types are the types of the events that are written, sorted.
func Types() []string {
	types := make(map[string]bool)
	for s := range shapes {
		types[s.name] = true
	}
	return slices.Sorted(maps.Keys(types))
}
