package s3

import (
	"maps"
	"slices"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/openapi"
	"github.com/bleepstore/bleepstore/eventlog"
)

// schemas are the forms of the documents, by the names of their outermost elements, and of what several have in common.
var schemas = merged(documents(map[string]*openapi.Schema{
	"ListAllMyBucketsResult": openapi.Object(
		openapi.Always("Owner", openapi.Ref("Owner")),
		openapi.Always("Buckets", wrapped("Bucket", openapi.Object(
			openapi.Always("Name", openapi.String()),
			openapi.Always("CreationDate", openapi.Time()),
			openapi.Always("BucketRegion", openapi.String()),
		))),
		openapi.Maybe("Prefix", openapi.String()),
		openapi.Maybe("ContinuationToken", openapi.String().As("For the next page.")),
	),
	"CreateBucketConfiguration": openapi.Object(
		openapi.Maybe("LocationConstraint", openapi.String().As("The region, which must be the server's.")),
		openapi.Maybe("Tags", wrapped("Tag", openapi.Ref("Tag"))),
	),
	"LocationConstraint": openapi.String().As("The region; empty for us-east-1."),
	"AccessControlPolicy": openapi.Object(
		openapi.Always("Owner", openapi.Ref("Owner")),
		openapi.Always("AccessControlList", wrapped("Grant", openapi.Object(
			openapi.Always("Grantee", openapi.Ref("Grantee")),
			openapi.Always("Permission", openapi.OneOf(permissions...)),
		))),
	),
	"OwnershipControls": openapi.Object(
		openapi.Always("Rule", openapi.Object(openapi.Always("ObjectOwnership", openapi.OneOf(ownerships...)))),
	),
	"PublicAccessBlockConfiguration": openapi.Object(
		openapi.Maybe("BlockPublicAcls", openapi.Boolean()),
		openapi.Maybe("IgnorePublicAcls", openapi.Boolean()),
		openapi.Maybe("BlockPublicPolicy", openapi.Boolean()),
		openapi.Maybe("RestrictPublicBuckets", openapi.Boolean()),
	),
	"CORSConfiguration": openapi.Object(openapi.Always("CORSRule", openapi.Array(openapi.Object(
		openapi.Maybe("ID", openapi.String()),
		openapi.Always("AllowedMethod", openapi.Array(openapi.OneOf("GET", "PUT", "POST", "DELETE", "HEAD"))),
		openapi.Always("AllowedOrigin", openapi.Array(openapi.String())),
		openapi.Maybe("AllowedHeader", openapi.Array(openapi.String())),
		openapi.Maybe("MaxAgeSeconds", openapi.Integer()),
		openapi.Maybe("ExposeHeader", openapi.Array(openapi.String())),
	)))),
	"NotificationConfiguration": openapi.Object(
		openapi.Maybe("TopicConfiguration", notificationRules("Topic")),
		openapi.Maybe("QueueConfiguration", notificationRules("Queue")),
		openapi.Maybe("CloudFunctionConfiguration", notificationRules("CloudFunction")),
	),
	"Tagging": openapi.Object(openapi.Always("TagSet", wrapped("Tag", openapi.Ref("Tag")))),
	"VersioningConfiguration": openapi.Object(
		openapi.Maybe("Status", openapi.OneOf(eventlog.VersioningEnabled, eventlog.VersioningSuspended)),
		openapi.Maybe("MfaDelete", openapi.OneOf("Disabled")),
	),

	"ListBucketResult": listing(
		openapi.Maybe("Marker", openapi.String()),
		openapi.Maybe("NextMarker", openapi.String().As("The marker of the next page, where there is a delimiter.")),
		openapi.Maybe("StartAfter", openapi.String()),
		openapi.Maybe("ContinuationToken", openapi.String()),
		openapi.Maybe("NextContinuationToken", openapi.String().As("For the next page.")),
		openapi.Maybe("KeyCount", openapi.Integer().From(0)),
		openapi.Maybe("Contents", openapi.Array(openapi.Object(objectFields...))),
	),
	"ListVersionsResult": listing(
		openapi.Always("KeyMarker", openapi.String()),
		openapi.Always("VersionIdMarker", openapi.String()),
		openapi.Maybe("NextKeyMarker", openapi.String()),
		openapi.Maybe("NextVersionIdMarker", openapi.String()),
		openapi.Maybe("Version", openapi.Array(openapi.Object(slices.Concat(versionFields, objectFields[1:])...))),
		openapi.Maybe("DeleteMarker", openapi.Array(openapi.Object(slices.Concat(versionFields, []openapi.Field{
			openapi.Always("LastModified", openapi.Time()),
			openapi.Always("Owner", openapi.Ref("Owner")),
		})...))),
	),
	"Delete": openapi.Object(
		openapi.Maybe("Quiet", openapi.Boolean().As("Tell of errors only.")),
		openapi.Always("Object", openapi.Array(openapi.Object(
			openapi.Always("Key", openapi.String()),
			openapi.Maybe("VersionId", openapi.String()),
			openapi.Maybe("ETag", openapi.String().As("Only if the object has it.")),
			openapi.Maybe("LastModifiedTime", openapi.String().As("Only if the object is of this time.")),
			openapi.Maybe("Size", openapi.Integer().From(0).As("Only if the object is of this size.")),
		)).As("1,000 at most.")),
	),
	"DeleteResult": openapi.Object(
		openapi.Maybe("Deleted", openapi.Array(openapi.Object(
			openapi.Always("Key", openapi.String()),
			openapi.Maybe("VersionId", openapi.String()),
			openapi.Maybe("DeleteMarker", openapi.Boolean()),
			openapi.Maybe("DeleteMarkerVersionId", openapi.String()),
		))),
		openapi.Maybe("Error", openapi.Array(openapi.Object(
			openapi.Always("Key", openapi.String()),
			openapi.Maybe("VersionId", openapi.String()),
			openapi.Always("Code", openapi.String()),
			openapi.Always("Message", openapi.String()),
		))),
	),
	"CopyObjectResult": openapi.Object(slices.Concat(copiedFields, checksumElements, []openapi.Field{
		openapi.Maybe("ChecksumType", checksumType()),
	})...),
	"GetObjectAttributesResponse": openapi.Object(
		openapi.Maybe("ETag", openapi.String().As("Without quotes.")),
		openapi.Maybe("Checksum", openapi.Object(append(checksumElements, openapi.Maybe("ChecksumType", checksumType()))...)),
		openapi.Maybe("ObjectParts", openapi.Object(
			openapi.Always("PartsCount", openapi.Integer().From(1)),
			openapi.Maybe("PartNumberMarker", openapi.Integer()),
			openapi.Maybe("NextPartNumberMarker", openapi.Integer()),
			openapi.Maybe("MaxParts", openapi.Integer()),
			openapi.Maybe("IsTruncated", openapi.Boolean()),
			openapi.Maybe("Part", openapi.Array(openapi.Object(append([]openapi.Field{
				openapi.Always("PartNumber", openapi.Integer()),
				openapi.Always("Size", openapi.Integer()),
			}, checksumElements...)...))),
		)),
		openapi.Maybe("StorageClass", openapi.String()),
		openapi.Maybe("ObjectSize", openapi.Integer().From(0)),
	),

	"InitiateMultipartUploadResult": openapi.Object(
		openapi.Always("Bucket", openapi.String()),
		openapi.Always("Key", openapi.String()),
		openapi.Always("UploadId", openapi.String()),
	),
	"CopyPartResult": openapi.Object(slices.Concat(copiedFields, checksumElements)...),
	"CompleteMultipartUpload": openapi.Object(openapi.Always("Part", openapi.Array(openapi.Object(append([]openapi.Field{
		openapi.Always("PartNumber", openapi.Integer().From(1).To(api.MaxPartNumber)),
		openapi.Always("ETag", openapi.String()),
	}, checksumElements...)...)))),
	"CompleteMultipartUploadResult": openapi.Object(append([]openapi.Field{
		openapi.Always("Location", openapi.String()),
		openapi.Always("Bucket", openapi.String()),
		openapi.Always("Key", openapi.String()),
		openapi.Always("ETag", openapi.String()),
		openapi.Maybe("ChecksumType", checksumType()),
	}, checksumElements...)...),
	"ListMultipartUploadsResult": openapi.Object(
		openapi.Always("Bucket", openapi.String()),
		openapi.Always("KeyMarker", openapi.String()),
		openapi.Always("UploadIdMarker", openapi.String()),
		openapi.Maybe("NextKeyMarker", openapi.String()),
		openapi.Maybe("NextUploadIdMarker", openapi.String()),
		openapi.Always("Prefix", openapi.String()),
		openapi.Maybe("Delimiter", openapi.String()),
		openapi.Maybe("EncodingType", openapi.OneOf("url")),
		openapi.Always("MaxUploads", openapi.Integer()),
		openapi.Always("IsTruncated", openapi.Boolean()),
		openapi.Maybe("Upload", openapi.Array(openapi.Object(append([]openapi.Field{
			openapi.Always("Key", openapi.String()),
			openapi.Always("UploadId", openapi.String()),
			openapi.Always("Initiated", openapi.Time()),
		}, uploadFields...)...))),
		openapi.Maybe("CommonPrefixes", openapi.Array(openapi.Ref("CommonPrefix"))),
	),
	"ListPartsResult": openapi.Object(append([]openapi.Field{
		openapi.Always("Bucket", openapi.String()),
		openapi.Always("Key", openapi.String()),
		openapi.Always("UploadId", openapi.String()),
		openapi.Maybe("EncodingType", openapi.OneOf("url")),
		openapi.Always("PartNumberMarker", openapi.Integer()),
		openapi.Always("NextPartNumberMarker", openapi.Integer()),
		openapi.Always("MaxParts", openapi.Integer()),
		openapi.Always("IsTruncated", openapi.Boolean()),
		openapi.Maybe("Part", openapi.Array(openapi.Object(append([]openapi.Field{
			openapi.Always("PartNumber", openapi.Integer()),
			openapi.Always("LastModified", openapi.Time()),
			openapi.Always("ETag", openapi.String()),
			openapi.Always("Size", openapi.Integer()),
		}, checksumElements...)...))),
	}, uploadFields...)...),
}), unconfiguredDocuments(), map[string]*openapi.Schema{
	"Owner": openapi.Object(
		openapi.Always("ID", openapi.String().As("Canonical id of the account.")),
		openapi.Maybe("DisplayName", openapi.String()),
	),
	"Grantee": openapi.Object(
		openapi.Always("type", granteeType()),
		openapi.Maybe("ID", openapi.String().As("Of a CanonicalUser.")),
		openapi.Maybe("DisplayName", openapi.String()),
		openapi.Maybe("URI", openapi.OneOf(groups...).As("Of a Group.")),
	),
	"Tag": openapi.Object(
		openapi.Always("Key", openapi.String()),
		openapi.Always("Value", openapi.String()),
	),
	"CommonPrefix": openapi.Object(openapi.Always("Prefix", openapi.String())),

	// Those two have no namespace.
	"PostResponse": named("PostResponse", "", openapi.Object(
		openapi.Always("Location", openapi.String()),
		openapi.Always("Bucket", openapi.String()),
		openapi.Always("Key", openapi.String()),
		openapi.Always("ETag", openapi.String()),
	)),
	"Error": named("Error", "", openapi.Object(
		openapi.Always("Code", openapi.String().As("Which error it is; descriptions of answers name the codes.")),
		openapi.Always("Message", openapi.String()),
		openapi.Always("Resource", openapi.String().As("The path of the request.")),
		openapi.Always("RequestId", openapi.String()),
		openapi.Always("HostId", openapi.String()),
	).As("Further elements tell what the code is about, such as BucketName, Key or ArgumentName.")),

	"PostForm": openapi.Object(
		openapi.Always("key", openapi.String().As("The object's key; ${filename} stands for the name of the file.")),
		openapi.Maybe("acl", openapi.String()),
		openapi.Maybe("tagging", openapi.String().As("A Tagging document.")),
		openapi.Maybe("success_action_redirect", openapi.String().As("The page to go to.")),
		openapi.Maybe("success_action_status", openapi.OneOf("200", "201", "204")),
		openapi.Maybe("policy", openapi.String().As("Base64 of the policy, which is what is signed.")),
		openapi.Maybe("x-amz-algorithm", openapi.OneOf("AWS4-HMAC-SHA256")),
		openapi.Maybe("x-amz-credential", openapi.String()),
		openapi.Maybe("x-amz-date", openapi.String()),
		openapi.Maybe("x-amz-signature", openapi.String()),
		openapi.Always("file", &openapi.Schema{Type: "string", Format: "binary", Description: "The last field."}),
	).As("Further fields are named as the headers of PutObject that they stand for."),
})

// objectFields are what lists tell of an object, its key first.
var objectFields = []openapi.Field{
	openapi.Always("Key", openapi.String()),
	openapi.Always("LastModified", openapi.Time()),
	openapi.Always("ETag", openapi.String()),
	openapi.Maybe("ChecksumAlgorithm", openapi.OneOf(api.ChecksumAlgorithms()...)),
	openapi.Maybe("ChecksumType", checksumType()),
	openapi.Always("Size", openapi.Integer().From(0)),
	openapi.Maybe("Owner", openapi.Ref("Owner")),
	openapi.Always("StorageClass", openapi.String()),
}

// versionFields are what a list tells of a version beside what it tells of an object.
var versionFields = []openapi.Field{
	openapi.Always("Key", openapi.String()),
	openapi.Always("VersionId", openapi.String()),
	openapi.Always("IsLatest", openapi.Boolean()),
}

// copiedFields are what a copy came to.
var copiedFields = []openapi.Field{
	openapi.Always("LastModified", openapi.Time()),
	openapi.Always("ETag", openapi.String()),
}

// uploadFields are what tells whose an upload is, and what its object is to be.
var uploadFields = []openapi.Field{
	openapi.Always("Initiator", openapi.Ref("Owner")),
	openapi.Always("Owner", openapi.Ref("Owner")),
	openapi.Always("StorageClass", openapi.String()),
	openapi.Maybe("ChecksumAlgorithm", openapi.OneOf(api.ChecksumAlgorithms()...)),
	openapi.Maybe("ChecksumType", checksumType()),
}

// checksumElements tell checksums, of which a thing has one at most.
var checksumElements = func() []openapi.Field {
	fields := make([]openapi.Field, len(checksumFields))
	for i, f := range checksumFields {
		fields[i] = openapi.Maybe(f.element, openapi.String())
	}
	return fields
}()

// listing is a page of a list of keys, with fields of its own.
func listing(fields ...openapi.Field) *openapi.Schema {
	return openapi.Object(append(fields,
		openapi.Always("Name", openapi.String().As("The bucket's.")),
		openapi.Always("Prefix", openapi.String()),
		openapi.Maybe("Delimiter", openapi.String()),
		openapi.Always("MaxKeys", openapi.Integer()),
		openapi.Maybe("EncodingType", openapi.OneOf("url")),
		openapi.Always("IsTruncated", openapi.Boolean().As("There are further pages.")),
		openapi.Maybe("CommonPrefixes", openapi.Array(openapi.Ref("CommonPrefix"))),
	)...)
}

// unconfiguredDocuments are the forms of what there is to say of configurations that no bucket has.
func unconfiguredDocuments() map[string]*openapi.Schema {
	m := map[string]*openapi.Schema{
		"AbacStatus":                  openapi.Object(openapi.Always("Status", openapi.OneOf("Disabled"))),
		"RequestPaymentConfiguration": openapi.Object(openapi.Always("Payer", openapi.OneOf("BucketOwner"))),
	}
	for _, conf := range configurations {
		if conf.root != "" && m[conf.root] == nil {
			m[conf.root] = openapi.Object()
		}
	}
	for _, l := range configurationLists {
		m[l.root] = openapi.Object(openapi.Always("IsTruncated", openapi.Boolean()))
	}
	return documents(m)
}

// documents are schemas of whole documents in the namespace of S3.
func documents(m map[string]*openapi.Schema) map[string]*openapi.Schema {
	for name, schema := range maps.All(m) {
		named(name, namespace, schema)
	}
	return m
}

func named(name, namespace string, s *openapi.Schema) *openapi.Schema {
	s.XML = &openapi.XML{Name: name, Namespace: namespace}
	return s
}

// wrapped is a list of elements that are in another.
func wrapped(name string, items *openapi.Schema) *openapi.Schema {
	list := openapi.Array(items)
	list.XML = &openapi.XML{Wrapped: true}
	if items.Ref == "" {
		items.XML = &openapi.XML{Name: name}
	} else {
		list.Items = &openapi.Schema{Ref: items.Ref, XML: &openapi.XML{Name: name}}
	}
	return list
}

// granteeType is an attribute.
func granteeType() *openapi.Schema {
	s := openapi.OneOf(canonicalUser, group)
	s.XML = &openapi.XML{Name: "type", Namespace: xsiNamespace, Prefix: "xsi", Attribute: true}
	return s
}

// notificationRules are those of a kind, with the element of its target.
func notificationRules(target string) *openapi.Schema {
	return openapi.Array(openapi.Object(
		openapi.Maybe("Id", openapi.String()),
		openapi.Always(target, openapi.String().As("The ARN of a target.")),
		openapi.Always("Event", openapi.Array(openapi.String())),
		openapi.Maybe("Filter", openapi.Object(openapi.Maybe("S3Key", openapi.Object(
			openapi.Maybe("FilterRule", openapi.Array(openapi.Object(
				openapi.Always("Name", openapi.OneOf("prefix", "suffix")),
				openapi.Always("Value", openapi.String()),
			))),
		)))),
	))
}
