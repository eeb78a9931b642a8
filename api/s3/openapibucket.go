package s3

import (
	"net/http"

	"github.com/bleepstore/bleepstore/api"
)

// bucketDescriptions describe the operations on buckets.
var bucketDescriptions = merged(map[string]description{
	"ListBuckets": {
		summary:    "List the buckets of the caller",
		parameters: "prefix max-buckets continuation-token bucket-region",
		status:     http.StatusOK, answer: "ListAllMyBucketsResult",
	},
	"CreateBucket": {
		summary:    "Make a bucket",
		parameters: "x-amz-object-ownership " + grantNames,
		body:       optionalXMLBody("CreateBucketConfiguration"),
		status:     http.StatusOK, headers: "location",
		errors: []api.Code{
			api.ACLWithOwnership, api.BucketAlreadyExists, api.BucketAlreadyOwnedByYou, api.IllegalLocationConstraint,
			api.InvalidBucketName, api.InvalidLocationConstraint, api.InvalidTag, api.MalformedACL, api.MalformedXML,
			api.MaxMessageLengthExceeded, api.MissingRequestBody, api.UnresolvableGrant,
		},
	},
	"HeadBucket": {
		summary: "Tell whether a bucket is there",
		status:  http.StatusOK, headers: "x-amz-bucket-region x-amz-access-point-alias",
	},
	"GetBucketLocation": {summary: "Tell the region of a bucket", status: http.StatusOK, answer: "LocationConstraint"},
	"DeleteBucket": {
		summary: "Delete a bucket, which must be empty",
		status:  http.StatusNoContent, errors: []api.Code{api.BucketNotEmpty},
	},
	"OptionsBucket": {
		summary:    "Tell a browser what pages of another origin may do with a bucket",
		parameters: "origin access-control-request-method access-control-request-headers",
		status:     http.StatusOK, headers: corsHeaders, errors: []api.Code{api.AccessForbidden},
	},

	"GetBucketAcl": {summary: "Read the ACL of a bucket", status: http.StatusOK, answer: "AccessControlPolicy"},
	"PutBucketAcl": {
		summary: "Replace the ACL of a bucket", parameters: grantNames, body: optionalXMLBody("AccessControlPolicy"),
		status: http.StatusOK, errors: aclErrors,
	},
	"GetBucketOwnershipControls": {
		summary: "Tell whose the objects in a bucket are",
		status:  http.StatusOK, answer: "OwnershipControls", errors: []api.Code{api.OwnershipControlsNotFound},
	},
	"PutBucketOwnershipControls": configurationWrite("Say whose the objects in a bucket are", "OwnershipControls",
		http.StatusOK, api.ACLWithOwnership),
	"DeleteBucketOwnershipControls": {summary: "Have the objects in a bucket be whose who writes them", status: http.StatusNoContent},
	"GetPublicAccessBlock": {
		summary: "Tell what a bucket does about grants to everybody",
		status:  http.StatusOK, answer: "PublicAccessBlockConfiguration", errors: []api.Code{api.NoSuchPublicAccessBlock},
	},
	"PutPublicAccessBlock": configurationWrite("Say what a bucket does about grants to everybody",
		"PublicAccessBlockConfiguration", http.StatusOK),
	"DeletePublicAccessBlock": {summary: "Have a bucket do nothing about grants to everybody", status: http.StatusNoContent},
	"GetBucketCors": {
		summary: "Read the rules of a bucket about pages of other origins",
		status:  http.StatusOK, answer: "CORSConfiguration", errors: []api.Code{api.NoSuchCORSConfiguration},
	},
	"PutBucketCors": configurationWrite("Replace the rules of a bucket about pages of other origins", "CORSConfiguration",
		http.StatusOK),
	"DeleteBucketCors": {summary: "Remove the rules of a bucket about pages of other origins", status: http.StatusNoContent},
	"GetBucketTagging": {
		summary: "Read the tags of a bucket", status: http.StatusOK, answer: "Tagging", errors: []api.Code{api.NoSuchTagSet},
	},
	"PutBucketTagging":    configurationWrite("Replace the tags of a bucket", "Tagging", http.StatusNoContent, api.InvalidTag),
	"DeleteBucketTagging": {summary: "Remove the tags of a bucket", status: http.StatusNoContent},
	"GetBucketVersioning": {
		summary: "Tell whether a bucket keeps versions", status: http.StatusOK, answer: "VersioningConfiguration",
	},
	"PutBucketVersioning": configurationWrite("Have a bucket keep versions, or make no more", "VersioningConfiguration",
		http.StatusOK, api.IllegalVersioning),
	"GetBucketNotificationConfiguration": {
		summary: "Tell which targets are told of what happens in a bucket", status: http.StatusOK, answer: "NotificationConfiguration",
	},
	"PutBucketNotificationConfiguration": configurationWrite("Say which targets are told of what happens in a bucket",
		"NotificationConfiguration", http.StatusOK, api.InvalidArgument, api.InvalidRequest, api.NotImplemented),
}, unconfiguredDescriptions())

// corsHeaders are those of answers to pages of other origins.
const corsHeaders = "access-control-allow-origin access-control-allow-methods access-control-allow-headers " +
	"access-control-expose-headers access-control-max-age access-control-allow-credentials"

// aclErrors are those of requests that bring an ACL.
var aclErrors = []api.Code{
	api.ACLNotSupported, api.MalformedACL, api.MaxMessageLengthExceeded, api.MissingSecurityHeader, api.UnexpectedContent,
	api.UnresolvableGrant,
}

// configurationWrite describes an operation that replaces a configuration.
func configurationWrite(summary, document string, status int, errors ...api.Code) description {
	return description{
		summary: summary, parameters: bodyHeaders, body: xmlBody(document), status: status,
		errors: append(errors, api.MalformedXML, api.MaxMessageLengthExceeded, api.MissingRequestBody),
	}
}

// unconfiguredDescriptions describe the operations on configurations that no bucket has.
func unconfiguredDescriptions() map[string]description {
	m := make(map[string]description)
	for _, conf := range configurations {
		read := description{summary: "Answer as for a bucket without such a configuration", status: http.StatusOK, answer: conf.root}
		if conf.code != "" {
			read = description{summary: "Answer that the bucket has no such configuration", errors: []api.Code{conf.code}}
		}
		m[conf.get] = read
		if conf.delete != "" {
			m[conf.delete] = description{
				summary: "Leave a bucket without a configuration that no bucket has", status: http.StatusNoContent,
			}
		}
	}
	for _, l := range configurationLists {
		m[l.list] = description{
			summary:    "List no configurations. With an id, it is " + l.get + ", and there is none",
			parameters: "id", status: http.StatusOK, answer: l.root, errors: []api.Code{api.NoSuchConfiguration},
		}
		m[l.delete] = description{
			summary: "Answer that there is no configuration to delete", parameters: "id",
			errors: []api.Code{api.NoSuchConfiguration},
		}
	}
	return m
}
