package accesslog

import (
	"strings"

	"github.com/bleepstore/bleepstore/api/s3"
)

// resources are what Amazon calls what operations are about, where that does not follow from their names. One with a dot in it
// stands for the method, too.
var resources = map[string]string{
	"ListBuckets":             "SERVICE",
	"ListObjects":             "BUCKET",
	"ListObjectsV2":           "BUCKET",
	"ListObjectVersions":      "BUCKETVERSIONS",
	"GetBucketLogging":        "LOGGING_STATUS",
	"GetBucketPolicy":         "BUCKETPOLICY",
	"DeleteBucketPolicy":      "BUCKETPOLICY",
	"GetObjectAcl":            "ACL",
	"PutObjectAcl":            "ACL",
	"OptionsObject":           "PREFLIGHT",
	"DeleteObjects":           "MULTI_OBJECT_DELETE",
	"CopyObject":              "COPY.OBJECT",
	"UploadPartCopy":          "COPY.PART",
	"ListParts":               "UPLOAD",
	"CompleteMultipartUpload": "UPLOAD",
	"AbortMultipartUpload":    "UPLOAD",
	"CreateMultipartUpload":   "UPLOADS",
	"ListMultipartUploads":    "UPLOADS",
}

// operationOf is Amazon's name of an operation, such as REST.PUT.OBJECT.
func operationOf(r *s3.Request) string {
	resource, known := resources[r.Operation]
	switch {
	case known && strings.Contains(resource, "."):
		return "REST." + resource
	case known:
	case r.Operation != "":
		resource = resourceOf(r.Operation)
	case r.Key != "":
		resource = "OBJECT"
	case r.Bucket != "":
		resource = "BUCKET"
	default:
		resource = "SERVICE"
	}
	return "REST." + r.HTTP.Method + "." + resource
}

// resourceOf makes OWNERSHIP_CONTROLS of PutBucketOwnershipControls.
func resourceOf(operation string) string {
	var words []string
	for _, c := range operation {
		if c >= 'A' && c <= 'Z' || len(words) == 0 {
			words = append(words, "")
		}
		words[len(words)-1] += string(c)
	}
	words = words[1:] // without the verb
	if len(words) > 1 && words[0] == "Bucket" {
		words = words[1:]
	}
	if last := words[len(words)-1]; len(words) > 1 && strings.HasPrefix(last, "Configuration") {
		words = words[:len(words)-1]
	}
	return strings.ToUpper(strings.Join(words, "_"))
}
