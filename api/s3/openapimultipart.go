package s3

import (
	"net/http"

	"github.com/bleepstore/bleepstore/api"
)

// multipartDescriptions describe the operations on multipart uploads.
var multipartDescriptions = map[string]description{
	"ListMultipartUploads": {
		summary:    "List the uploads of a bucket",
		parameters: "prefix delimiter key-marker upload-id-marker max-uploads encoding-type",
		status:     http.StatusOK, answer: "ListMultipartUploadsResult",
	},
	"CreateMultipartUpload": {
		summary:    "Begin to upload an object in parts",
		parameters: "x-amz-checksum-algorithm x-amz-checksum-type " + attributeHeaders + " " + grantNames,
		status:     http.StatusOK, headers: "x-amz-checksum-algorithm x-amz-checksum-type",
		answer: "InitiateMultipartUploadResult", errors: writeErrors,
	},
	"UploadPart": {
		summary: "Store a part", parameters: "partNumber! " + bodyHeaders, body: octetsBody(),
		status: http.StatusOK, headers: "etag x-amz-checksum-type " + checksumNames, errors: []api.Code{api.NoSuchUpload},
	},
	"UploadPartCopy": {
		summary: "Store a part of the bytes of an object", parameters: "partNumber! x-amz-copy-source-range " + sourceConditionNames,
		status: http.StatusOK, headers: "x-amz-copy-source-version-id", answer: "CopyPartResult",
		errors: append([]api.Code{api.InvalidRange, api.NoSuchUpload, api.PreconditionFailed, api.EntityTooLarge}, versionErrors...),
	},
	"ListParts": {
		summary: "List the parts of an upload", parameters: "max-parts part-number-marker encoding-type",
		status: http.StatusOK, answer: "ListPartsResult", errors: []api.Code{api.NoSuchUpload},
	},
	"CompleteMultipartUpload": {
		summary:    "Make the object of the parts",
		parameters: "if-match if-none-match content-md5 x-amz-checksum-type x-amz-mp-object-size " + checksumNames,
		body:       xmlBody("CompleteMultipartUpload"),
		status:     http.StatusOK, headers: "x-amz-version-id", answer: "CompleteMultipartUploadResult",
		errors: []api.Code{
			api.EntityTooSmall, api.InvalidPart, api.InvalidPartOrder, api.MalformedXML, api.MaxMessageLengthExceeded,
			api.MissingRequestBody, api.NoSuchKey, api.NoSuchUpload, api.PreconditionFailed,
		},
	},
	"AbortMultipartUpload": {
		summary: "Give an upload up, with all its parts", status: http.StatusNoContent, errors: []api.Code{api.NoSuchUpload},
	},
}
