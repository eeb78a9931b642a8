package s3

import (
	"net/http"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/openapi"
)

// objectDescriptions describe the operations on objects and their versions.
var objectDescriptions = map[string]description{
	"ListObjects": {
		summary: "List the objects in a bucket", parameters: "prefix delimiter marker max-keys encoding-type",
		status: http.StatusOK, answer: "ListBucketResult",
	},
	"ListObjectsV2": {
		summary:    "List the objects in a bucket, page by page",
		parameters: "prefix delimiter start-after continuation-token max-keys encoding-type fetch-owner",
		status:     http.StatusOK, answer: "ListBucketResult",
	},
	"ListObjectVersions": {
		summary:    "List the versions in a bucket",
		parameters: "prefix delimiter key-marker version-id-marker max-keys encoding-type",
		status:     http.StatusOK, answer: "ListVersionsResult",
	},
	"DeleteObjects": {
		summary: "Delete many objects or versions at once", parameters: bodyHeaders, body: xmlBody("Delete"),
		status: http.StatusOK, answer: "DeleteResult",
		errors: []api.Code{api.MalformedXML, api.MaxMessageLengthExceeded, api.MissingRequestBody},
	},
	"PostObject": {
		summary:    "Make an object of a form that a browser posts",
		parameters: "if-match if-none-match",
		body: &openapi.Body{Required: true, Content: openapi.Content{
			"multipart/form-data": {Schema: openapi.Ref("PostForm")},
		}},
		status: http.StatusNoContent, headers: "location " + createdHeaders,
		also: map[int]string{http.StatusOK: "", http.StatusCreated: "PostResponse", http.StatusSeeOther: ""},
		errors: append([]api.Code{
			api.EntityTooSmall, api.InvalidPolicyDocument, api.MalformedPOSTRequest, api.MalformedXML,
			api.MaxPostPreDataLengthExceeded, api.PreconditionFailed,
		}, writeErrors...),
	},

	"GetObject": {
		summary:    "Read an object",
		parameters: "versionId partNumber range if-range x-amz-checksum-mode " + readConditionNames + " " + overrideNames,
		status:     http.StatusOK, headers: objectHeaders, answer: octets, errors: readErrors,
		also: map[int]string{http.StatusPartialContent: ""},
	},
	"HeadObject": {
		summary:    "Tell of an object what reading it would",
		parameters: "versionId partNumber range if-range x-amz-checksum-mode " + readConditionNames + " " + overrideNames,
		status:     http.StatusOK, headers: objectHeaders, errors: readErrors,
		also: map[int]string{http.StatusPartialContent: ""},
	},
	"GetObjectAttributes": {
		summary:    "Tell of an object what is asked for",
		parameters: "versionId x-amz-object-attributes! x-amz-max-parts x-amz-part-number-marker",
		status:     http.StatusOK, headers: "last-modified x-amz-version-id", answer: "GetObjectAttributesResponse",
		errors: versionErrors,
	},
	"OptionsObject": {
		summary:    "Tell a browser what pages of another origin may do with an object",
		parameters: "origin access-control-request-method access-control-request-headers",
		status:     http.StatusOK, headers: corsHeaders, errors: []api.Code{api.AccessForbidden},
	},
	"PutObject": {
		summary: "Make an object",
		parameters: "if-match if-none-match " + attributeHeaders + " " + grantNames + " " +
			bodyHeaders,
		body:   octetsBody(),
		status: http.StatusOK, headers: createdHeaders,
		errors: append([]api.Code{api.NoSuchKey, api.PreconditionFailed}, writeErrors...),
	},
	"CopyObject": {
		summary: "Make an object of the bytes of another; none are moved",
		parameters: "if-match if-none-match " + sourceConditionNames + " x-amz-metadata-directive x-amz-tagging-directive " +
			"x-amz-checksum-algorithm " + attributeHeaders + " " + grantNames,
		status: http.StatusOK, headers: "x-amz-version-id x-amz-copy-source-version-id", answer: "CopyObjectResult",
		errors: append([]api.Code{api.PreconditionFailed}, append(versionErrors, writeErrors...)...),
	},
	"DeleteObject": {
		summary:    "Delete an object or a version, or put a delete marker on it",
		parameters: "versionId if-match x-amz-if-match-last-modified-time x-amz-if-match-size",
		status:     http.StatusNoContent, headers: "x-amz-version-id x-amz-delete-marker",
		errors: []api.Code{api.NoSuchKey, api.PreconditionFailed},
	},

	"GetObjectAcl": {
		summary: "Read the ACL of an object", parameters: "versionId",
		status: http.StatusOK, headers: "x-amz-version-id", answer: "AccessControlPolicy", errors: versionErrors,
	},
	"PutObjectAcl": {
		summary: "Replace the ACL of an object", parameters: "versionId " + grantNames, body: optionalXMLBody("AccessControlPolicy"),
		status: http.StatusOK, headers: "x-amz-version-id", errors: append(aclErrors, versionErrors...),
	},
	"GetObjectTagging": {
		summary: "Read the tags of an object", parameters: "versionId",
		status: http.StatusOK, headers: "x-amz-version-id", answer: "Tagging", errors: versionErrors,
	},
	"PutObjectTagging": {
		summary: "Replace the tags of an object", parameters: "versionId " + bodyHeaders, body: xmlBody("Tagging"),
		status: http.StatusOK, headers: "x-amz-version-id",
		errors: append([]api.Code{
			api.InvalidTag, api.MalformedXML, api.MaxMessageLengthExceeded, api.MissingRequestBody,
		}, versionErrors...),
	},
	"DeleteObjectTagging": {
		summary: "Remove the tags of an object", parameters: "versionId",
		status: http.StatusNoContent, headers: "x-amz-version-id", errors: versionErrors,
	},
	"GetObjectLegalHold": {
		summary: "Answer that the object is not held", parameters: "versionId", errors: versionErrors,
	},
	"GetObjectRetention": {
		summary: "Answer that the object is not retained", parameters: "versionId", errors: versionErrors,
	},
}

// createdHeaders are those of answers about an object that was made.
var createdHeaders = "etag x-amz-version-id x-amz-checksum-type " + checksumNames

// versionErrors are those of operations on an object that is there.
var versionErrors = []api.Code{api.MethodNotAllowed, api.NoSuchKey, api.NoSuchVersion}

// readErrors are those of operations that read an object.
var readErrors = append([]api.Code{
	api.InvalidPartNumber, api.InvalidRange, api.NotModified, api.PreconditionFailed,
}, versionErrors...)

// writeErrors are those of operations that make an object.
var writeErrors = []api.Code{
	api.ACLNotSupported, api.InvalidRedirectLocation, api.InvalidStorageClass, api.InvalidTag, api.KeyTooLong,
	api.MalformedACL, api.MetadataTooLarge, api.UnresolvableGrant,
}
