package s3

import (
	"net/http"

	"github.com/bleepstore/bleepstore/api"
)

// configuration is one that a bucket can have on S3 and no bucket has here. To read it is answered as S3 does for a bucket
// that was never configured, since tools that only look do not expect to be refused. So is to remove it, which leaves the
// bucket as it was asked to be. To write it is not implemented.
type configuration struct {
	resource string
	get      string   // the operation that reads it
	delete   string   // the operation that removes it; empty if there is none
	code     api.Code // the answer, where there is no document of what goes without saying
	root     string   // of that document
	content  string
}

var configurations = []configuration{
	{resource: "abac", get: "GetBucketAbac", root: "AbacStatus", content: "<Status>Disabled</Status>"},
	{resource: "accelerate", get: "GetBucketAccelerateConfiguration", root: "AccelerateConfiguration"},
	{
		resource: "encryption", get: "GetBucketEncryption", delete: "DeleteBucketEncryption",
		code: api.EncryptionNotFound,
	},
	{
		resource: "lifecycle", get: "GetBucketLifecycleConfiguration", delete: "DeleteBucketLifecycle",
		code: api.NoSuchLifecycleConfiguration,
	},
	{resource: "logging", get: "GetBucketLogging", root: "BucketLoggingStatus"},
	{resource: "object-lock", get: "GetObjectLockConfiguration", code: api.ObjectLockConfigurationNotFound},
	{resource: "policy", get: "GetBucketPolicy", delete: "DeleteBucketPolicy", code: api.NoSuchBucketPolicy},
	{resource: "policyStatus", get: "GetBucketPolicyStatus", code: api.NoSuchBucketPolicy},
	{
		resource: "replication", get: "GetBucketReplication", delete: "DeleteBucketReplication",
		code: api.ReplicationConfigurationNotFound,
	},
	{
		resource: "requestPayment", get: "GetBucketRequestPayment",
		root: "RequestPaymentConfiguration", content: "<Payer>BucketOwner</Payer>",
	},
	{
		resource: "website", get: "GetBucketWebsite", delete: "DeleteBucketWebsite",
		code: api.NoSuchWebsiteConfiguration,
	},
}

// configurationList is a list of configurations that a bucket can have on S3, each with an id, and that is empty here.
type configurationList struct {
	resource          string
	list, get, delete string // the operations; get and delete are about one, which the parameter "id" names
	root              string // of the document
}

var configurationLists = []configurationList{
	{
		"analytics", "ListBucketAnalyticsConfigurations", "GetBucketAnalyticsConfiguration",
		"DeleteBucketAnalyticsConfiguration", "ListBucketAnalyticsConfigurationsResult",
	},
	{
		"intelligent-tiering", "ListBucketIntelligentTieringConfigurations", "GetBucketIntelligentTieringConfiguration",
		"DeleteBucketIntelligentTieringConfiguration", "ListIntelligentTieringConfigurationsResult",
	},
	{
		"inventory", "ListBucketInventoryConfigurations", "GetBucketInventoryConfiguration",
		"DeleteBucketInventoryConfiguration", "ListInventoryConfigurationsResult",
	},
	{
		"metrics", "ListBucketMetricsConfigurations", "GetBucketMetricsConfiguration",
		"DeleteBucketMetricsConfiguration", "ListMetricsConfigurationsResult",
	},
}

// unconfigured are the operations on what is not configured.
func unconfigured() []operation {
	var ops []operation
	for _, conf := range configurations {
		ops = append(ops, operation{conf.get, bucketLevel, http.MethodGet, conf.resource, "", conf.answerGet})
		if conf.delete != "" {
			ops = append(ops, operation{conf.delete, bucketLevel, http.MethodDelete, conf.resource, "", (*call).nothingToDelete})
		}
	}
	for _, l := range configurationLists {
		ops = append(
			ops,
			operation{l.list, bucketLevel, http.MethodGet, l.resource, "", l.answerList},
			operation{l.delete, bucketLevel, http.MethodDelete, l.resource, "", (*call).noSuchConfiguration},
		)
	}
	return append(
		ops,
		operation{"GetObjectLegalHold", objectLevel, http.MethodGet, "legal-hold", "", (*call).noObjectLock},
		operation{"GetObjectRetention", objectLevel, http.MethodGet, "retention", "", (*call).noObjectLock},
	)
}

func (conf configuration) answerGet(c *call) error {
	if _, err := c.h.Service.Bucket(c.r.Context(), c.by, c.bucket); err != nil {
		return err
	}
	if conf.code != "" {
		return api.NewError(conf.code, api.Detail{Name: "BucketName", Value: c.bucket})
	}
	c.xml(http.StatusOK, constantDocument(conf.root, conf.content))
	return nil
}

func (l configurationList) answerList(c *call) error {
	if c.query.Get("id") != "" {
		c.by.Operation = l.get
		return c.noSuchConfiguration()
	}
	if _, err := c.h.Service.Bucket(c.r.Context(), c.by, c.bucket); err != nil {
		return err
	}
	c.xml(http.StatusOK, constantDocument(l.root, "<IsTruncated>false</IsTruncated>"))
	return nil
}

func constantDocument(root, content string) *xmlWriter {
	x := newXML(256)
	x.root(root)
	x.b = append(x.b, content...)
	x.close(root)
	return x
}

// nothingToDelete answers to the removal of what is not there.
func (c *call) nothingToDelete() error {
	if _, err := c.h.Service.Bucket(c.r.Context(), c.by, c.bucket); err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}

// noSuchConfiguration answers to an operation on a configuration that an id names.
func (c *call) noSuchConfiguration() error {
	if _, err := c.h.Service.Bucket(c.r.Context(), c.by, c.bucket); err != nil {
		return err
	}
	return api.NewError(api.NoSuchConfiguration)
}

// noObjectLock answers to the question how an object is locked, which none is.
func (c *call) noObjectLock() error {
	name, err := c.objectName()
	if err != nil {
		return err
	}
	if _, err := c.h.Service.HeadObject(c.r.Context(), c.by, api.GetObjectInput{ObjectName: name}); err != nil {
		return err
	}
	return api.Errorf(api.InvalidRequest, "Bucket is missing Object Lock Configuration")
}
