package s3

import "net/http"

// level is what the path of a request names.
type level int

const (
	serviceLevel level = iota
	bucketLevel
	objectLevel
)

// operation is one of S3's. Method, level, sub-resource and header together select it.
type operation struct {
	name     string // as in S3's API reference
	level    level
	method   string
	resource string // the query parameter that must be there; empty if there must be no sub-resource
	header   string // the header that must be there, in canonical form; empty for none
	handle   func(*call) error
}

// operations is all that the server knows. Of two that a request selects, the first is meant.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
var operations = append(unconfigured(), []operation{
	{"ListBuckets", serviceLevel, http.MethodGet, "", "", (*call).listBuckets},

	{"CreateBucket", bucketLevel, http.MethodPut, "", "", (*call).createBucket},
	{"HeadBucket", bucketLevel, http.MethodHead, "", "", (*call).headBucket},
	{"GetBucketLocation", bucketLevel, http.MethodGet, "location", "", (*call).getBucketLocation},
	{"DeleteBucket", bucketLevel, http.MethodDelete, "", "", (*call).deleteBucket},
	{"GetBucketAcl", bucketLevel, http.MethodGet, "acl", "", (*call).getBucketACL},
	{"PutBucketAcl", bucketLevel, http.MethodPut, "acl", "", (*call).putBucketACL},
	{"GetBucketOwnershipControls", bucketLevel, http.MethodGet, "ownershipControls", "", (*call).getBucketOwnershipControls},
	{"PutBucketOwnershipControls", bucketLevel, http.MethodPut, "ownershipControls", "", (*call).putBucketOwnershipControls},
	{"DeleteBucketOwnershipControls", bucketLevel, http.MethodDelete, "ownershipControls", "", (*call).deleteBucketOwnershipControls},
	{"GetPublicAccessBlock", bucketLevel, http.MethodGet, "publicAccessBlock", "", (*call).getPublicAccessBlock},
	{"PutPublicAccessBlock", bucketLevel, http.MethodPut, "publicAccessBlock", "", (*call).putPublicAccessBlock},
	{"DeletePublicAccessBlock", bucketLevel, http.MethodDelete, "publicAccessBlock", "", (*call).deletePublicAccessBlock},
	{"GetBucketCors", bucketLevel, http.MethodGet, "cors", "", (*call).getBucketCORS},
	{"PutBucketCors", bucketLevel, http.MethodPut, "cors", "", (*call).putBucketCORS},
	{"DeleteBucketCors", bucketLevel, http.MethodDelete, "cors", "", (*call).deleteBucketCORS},
	{"GetBucketTagging", bucketLevel, http.MethodGet, "tagging", "", (*call).getBucketTagging},
	{"PutBucketTagging", bucketLevel, http.MethodPut, "tagging", "", (*call).putBucketTagging},
	{"DeleteBucketTagging", bucketLevel, http.MethodDelete, "tagging", "", (*call).deleteBucketTagging},
	{"GetBucketNotificationConfiguration", bucketLevel, http.MethodGet, "notification", "", (*call).getBucketNotification},
	{"PutBucketNotificationConfiguration", bucketLevel, http.MethodPut, "notification", "", (*call).putBucketNotification},
	{"OptionsObject", bucketLevel, http.MethodOptions, "", "", (*call).preflight},

	{"ListObjects", bucketLevel, http.MethodGet, "", "", (*call).listObjects},
	{"ListObjectsV2", bucketLevel, http.MethodGet, "list-type", "", (*call).listObjectsV2},
	{"GetBucketVersioning", bucketLevel, http.MethodGet, "versioning", "", (*call).getBucketVersioning},
	{"PutBucketVersioning", bucketLevel, http.MethodPut, "versioning", "", (*call).putBucketVersioning},
	{"ListObjectVersions", bucketLevel, http.MethodGet, "versions", "", (*call).listObjectVersions},
	{"DeleteObjects", bucketLevel, http.MethodPost, "delete", "", (*call).deleteObjects},
	{"ListMultipartUploads", bucketLevel, http.MethodGet, "uploads", "", (*call).listMultipartUploads},
	{"PostObject", bucketLevel, http.MethodPost, "", "", (*call).postObject},

	{"GetObject", objectLevel, http.MethodGet, "", "", (*call).getObject},
	{"GetObjectAttributes", objectLevel, http.MethodGet, "attributes", "", (*call).getObjectAttributes},
	{"HeadObject", objectLevel, http.MethodHead, "", "", (*call).headObject},
	{"OptionsObject", objectLevel, http.MethodOptions, "", "", (*call).preflight},
	{"GetObjectAcl", objectLevel, http.MethodGet, "acl", "", (*call).getObjectACL},
	{"PutObjectAcl", objectLevel, http.MethodPut, "acl", "", (*call).putObjectACL},
	{"GetObjectTagging", objectLevel, http.MethodGet, "tagging", "", (*call).getObjectTagging},
	{"PutObjectTagging", objectLevel, http.MethodPut, "tagging", "", (*call).putObjectTagging},
	{"DeleteObjectTagging", objectLevel, http.MethodDelete, "tagging", "", (*call).deleteObjectTagging},
	{"CopyObject", objectLevel, http.MethodPut, "", copySourceHeader, (*call).copyObject},
	{"PutObject", objectLevel, http.MethodPut, "", "", (*call).putObject},
	{"DeleteObject", objectLevel, http.MethodDelete, "", "", (*call).deleteObject},

	{"CreateMultipartUpload", objectLevel, http.MethodPost, "uploads", "", (*call).createMultipartUpload},
	{"UploadPartCopy", objectLevel, http.MethodPut, "uploadId", copySourceHeader, (*call).uploadPartCopy},
	{"UploadPart", objectLevel, http.MethodPut, "uploadId", "", (*call).uploadPart},
	{"ListParts", objectLevel, http.MethodGet, "uploadId", "", (*call).listParts},
	{"CompleteMultipartUpload", objectLevel, http.MethodPost, "uploadId", "", (*call).completeMultipartUpload},
	{"AbortMultipartUpload", objectLevel, http.MethodDelete, "uploadId", "", (*call).abortMultipartUpload},
}...)

// unimplemented are, by level, the sub-resources of S3 with operations that are not above. A request for one of those is
// refused: taken for the plain operation it would do something else than was asked for, such as overwriting an object
// with its own ACL.
var unimplemented = map[level]map[string]bool{
	bucketLevel: setOf(
		"abac", "accelerate", "acl", "analytics", "cors", "encryption", "intelligent-tiering", "inventory", "lifecycle",
		"logging", "metadataConfiguration", "metadataInventoryTable", "metadataJournalTable", "metadataTable", "metrics",
		"notification", "object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "replication",
		"requestPayment", "session", "tagging", "versioning", "versions", "website",
	),
	objectLevel: setOf(
		"acl", "annotation", "annotations", "append", "attributes", "encryption", "legal-hold", "renameObject", "restore",
		"retention", "select", "tagging", "torrent",
	),
}

// implemented are, by level, the sub-resources of the operations.
var implemented = func() map[level]map[string]bool {
	sets := map[level]map[string]bool{serviceLevel: {}, bucketLevel: {}, objectLevel: {}}
	for _, op := range operations {
		if op.resource != "" {
			sets[op.level][op.resource] = true
		}
	}
	return sets
}()

func setOf(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}
