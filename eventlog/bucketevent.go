package eventlog

// The events about the configuration of a bucket. Each concerns one aspect and leaves the others as they are.

// BucketVersioningSet says whether a bucket keeps versions from now on.
type BucketVersioningSet struct {
	Bucket string     `json:"bucket"`
	Status Versioning `json:"status"`
}

// BucketACLSet says that a bucket has other grants.
type BucketACLSet struct {
	Bucket string  `json:"bucket"`
	Grants []Grant `json:"grants,omitzero"` // see Object.Grants
}

// BucketOwnershipSet says to whom the objects in a bucket belong from now on.
type BucketOwnershipSet struct {
	Bucket    string    `json:"bucket"`
	Ownership Ownership `json:"ownership"`
}

// BucketOwnershipDeleted says that a bucket has no ownership controls any more.
type BucketOwnershipDeleted struct {
	Bucket string `json:"bucket"`
}

// BucketPublicAccessBlockSet says what a bucket does about grants to everybody.
type BucketPublicAccessBlockSet struct {
	Bucket            string            `json:"bucket"`
	PublicAccessBlock PublicAccessBlock `json:"public_access_block"`
}

// BucketPublicAccessBlockDeleted says that a bucket does nothing about grants to everybody any more.
type BucketPublicAccessBlockDeleted struct {
	Bucket string `json:"bucket"`
}

// BucketCORSSet says which other origins' pages may use a bucket.
type BucketCORSSet struct {
	Bucket string     `json:"bucket"`
	Rules  []CORSRule `json:"rules"`
}

// BucketCORSDeleted says that no other origin's pages may use a bucket any more.
type BucketCORSDeleted struct {
	Bucket string `json:"bucket"`
}

// BucketTagsSet says that a bucket has other tags.
type BucketTagsSet struct {
	Bucket string `json:"bucket"`
	Tags   []Tag  `json:"tags"`
}

// BucketTagsDeleted says that a bucket has no tags any more.
type BucketTagsDeleted struct {
	Bucket string `json:"bucket"`
}

// BucketNotificationSet says who is told of what happens in a bucket from now on. Without rules, nobody is.
type BucketNotificationSet struct {
	Bucket string             `json:"bucket"`
	Rules  []NotificationRule `json:"rules,omitzero"`
}

// EventType implements Data.
func (*BucketVersioningSet) EventType() string { return "bucket.versioning.set" }

// EventVersion implements Data.
func (*BucketVersioningSet) EventVersion() int { return 1 }

// EventType implements Data.
func (*BucketACLSet) EventType() string { return "bucket.acl.set" }

// EventVersion implements Data.
func (*BucketACLSet) EventVersion() int { return 1 }

// EventType implements Data.
func (*BucketOwnershipSet) EventType() string { return "bucket.ownership.set" }

// EventVersion implements Data.
func (*BucketOwnershipSet) EventVersion() int { return 1 }

// EventType implements Data.
func (*BucketOwnershipDeleted) EventType() string { return "bucket.ownership.deleted" }

// EventVersion implements Data.
func (*BucketOwnershipDeleted) EventVersion() int { return 1 }

// EventType implements Data.
func (*BucketPublicAccessBlockSet) EventType() string { return "bucket.public_access_block.set" }

// EventVersion implements Data.
func (*BucketPublicAccessBlockSet) EventVersion() int { return 1 }

// EventType implements Data.
func (*BucketPublicAccessBlockDeleted) EventType() string {
	return "bucket.public_access_block.deleted"
}

// EventVersion implements Data.
func (*BucketPublicAccessBlockDeleted) EventVersion() int { return 1 }

// EventType implements Data.
func (*BucketCORSSet) EventType() string { return "bucket.cors.set" }

// EventVersion implements Data.
func (*BucketCORSSet) EventVersion() int { return 1 }

// EventType implements Data.
func (*BucketCORSDeleted) EventType() string { return "bucket.cors.deleted" }

// EventVersion implements Data.
func (*BucketCORSDeleted) EventVersion() int { return 1 }

// EventType implements Data.
func (*BucketTagsSet) EventType() string { return "bucket.tags.set" }

// EventVersion implements Data.
func (*BucketTagsSet) EventVersion() int { return 1 }

// EventType implements Data.
func (*BucketTagsDeleted) EventType() string { return "bucket.tags.deleted" }

// EventVersion implements Data.
func (*BucketTagsDeleted) EventVersion() int { return 1 }

// EventType implements Data.
func (*BucketNotificationSet) EventType() string { return "bucket.notification.set" }

// EventVersion implements Data.
func (*BucketNotificationSet) EventVersion() int { return 1 }
