package s3

import (
	"net/http"

	"github.com/bleepstore/bleepstore/api"
)

// configuration is one that a bucket can have on S3 and no bucket has here. To read it is answered as S3 does for a bucket
// that was never configured, since tools that only look do not expect to be refused; to write it is not implemented.
type configuration struct {
	operation string
	resource  string
	code      api.Code // the answer, where there is no document of what goes without saying
	root      string   // of that document
	content   string
}

var configurations = []configuration{
	{operation: "GetBucketAccelerateConfiguration", resource: "accelerate", root: "AccelerateConfiguration"},
	{operation: "GetBucketCors", resource: "cors", code: api.NoSuchCORSConfiguration},
	{operation: "GetBucketEncryption", resource: "encryption", code: api.EncryptionNotFound},
	{operation: "GetBucketLifecycleConfiguration", resource: "lifecycle", code: api.NoSuchLifecycleConfiguration},
	{operation: "GetBucketLogging", resource: "logging", root: "BucketLoggingStatus"},
	{operation: "GetBucketNotificationConfiguration", resource: "notification", root: "NotificationConfiguration"},
	{operation: "GetBucketOwnershipControls", resource: "ownershipControls", code: api.OwnershipControlsNotFound},
	{operation: "GetBucketPolicy", resource: "policy", code: api.NoSuchBucketPolicy},
	{operation: "GetBucketReplication", resource: "replication", code: api.ReplicationConfigurationNotFound},
	{
		operation: "GetBucketRequestPayment", resource: "requestPayment",
		root: "RequestPaymentConfiguration", content: "<Payer>BucketOwner</Payer>",
	},
	{operation: "GetBucketTagging", resource: "tagging", code: api.NoSuchTagSet},
	{operation: "GetBucketWebsite", resource: "website", code: api.NoSuchWebsiteConfiguration},
	{operation: "GetObjectLockConfiguration", resource: "object-lock", code: api.ObjectLockConfigurationNotFound},
	{operation: "GetPublicAccessBlock", resource: "publicAccessBlock", code: api.NoSuchPublicAccessBlock},
}

// unconfigured are the operations that read the configurations.
func unconfigured() []operation {
	ops := make([]operation, len(configurations))
	for i, conf := range configurations {
		ops[i] = operation{conf.operation, bucketLevel, http.MethodGet, conf.resource, "", conf.get}
	}
	return ops
}

func (conf configuration) get(c *call) error {
	if _, err := c.h.Service.Bucket(c.r.Context(), c.by, c.bucket); err != nil {
		return err
	}
	if conf.code != "" {
		return api.NewError(conf.code, api.Detail{Name: "BucketName", Value: c.bucket})
	}
	x := newXML(256)
	x.root(conf.root)
	x.b = append(x.b, conf.content...)
	x.close(conf.root)
	c.xml(http.StatusOK, x)
	return nil
}
