package eventlog

// Versioning is whether a bucket keeps versions; empty for one that never did.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
type Versioning string

// The states of versioning that a bucket can be set to.
const (
	VersioningEnabled   Versioning = "Enabled"   // each new object is a version of its own
	VersioningSuspended Versioning = "Suspended" // each new object is the null version; versions that exist stay
)

// Ownership is to whom the objects in a bucket belong; empty is as ObjectWriter.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
type Ownership string

// The kinds of ownership.
const (
	ObjectWriter         Ownership = "ObjectWriter"         // to who writes them
	BucketOwnerPreferred Ownership = "BucketOwnerPreferred" // to the bucket's owner if the writer says bucket-owner-full-control
	BucketOwnerEnforced  Ownership = "BucketOwnerEnforced"  // to the bucket's owner, and ACLs have no effect
)

// Permission is what a grant of an ACL allows.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
type Permission string

// The permissions. On an object, PermissionWrite allows nothing.
const (
	PermissionRead        Permission = "READ"
	PermissionWrite       Permission = "WRITE"
	PermissionReadACP     Permission = "READ_ACP"
	PermissionWriteACP    Permission = "WRITE_ACP"
	PermissionFullControl Permission = "FULL_CONTROL" // all of the others
)

// Grant gives a permission to an account, or to a group of accounts.
type Grant struct {
	Account    Owner      `json:"account,omitzero"`
	Group      string     `json:"group,omitzero"` // one of the groups; empty for Account
	Permission Permission `json:"permission"`
}

// The groups that grants can name, by their URIs.
const (
	GroupAllUsers           = "http://acs.amazonaws.com/groups/global/AllUsers"           // everybody, also without credentials
	GroupAuthenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers" // every account
	GroupLogDelivery        = "http://acs.amazonaws.com/groups/s3/LogDelivery"            // kept and returned; nobody is in it
)

// PublicAccessBlock is what a bucket does about grants to everybody.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html
type PublicAccessBlock struct {
	BlockPublicACLs       bool `json:"block_public_acls,omitzero"`       // refuse to set them
	IgnorePublicACLs      bool `json:"ignore_public_acls,omitzero"`      // those that exist have no effect
	BlockPublicPolicy     bool `json:"block_public_policy,omitzero"`     // kept and returned: there are no bucket policies
	RestrictPublicBuckets bool `json:"restrict_public_buckets,omitzero"` // the same
}

// CORSRule allows pages of other origins to use a bucket.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_CORSRule.html
type CORSRule struct {
	ID             string   `json:"id,omitzero"`
	AllowedOrigins []string `json:"allowed_origins"` // each with at most one "*", which stands for any text
	AllowedMethods []string `json:"allowed_methods"`
	AllowedHeaders []string `json:"allowed_headers,omitzero"` // each with at most one "*"
	ExposeHeaders  []string `json:"expose_headers,omitzero"`
	MaxAge         *int64   `json:"max_age,omitzero"` // seconds that a browser may remember the answer
}

// NotificationRule says of which events in a bucket a target is told, and which one.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
type NotificationRule struct {
	ID     string           `json:"id"`
	Kind   NotificationKind `json:"kind"`
	Target string           `json:"target"` // its ARN
	Events []string         `json:"events"` // names of S3, such as s3:ObjectCreated:*
	Prefix string           `json:"prefix,omitzero"`
	Suffix string           `json:"suffix,omitzero"`
}

// NotificationKind is what the element of S3's document is named after that a rule is from. It changes nothing of what is sent.
type NotificationKind string

// The kinds of notification rules.
const (
	NotifyTopic    NotificationKind = "topic"
	NotifyQueue    NotificationKind = "queue"
	NotifyFunction NotificationKind = "function"
)
