package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestBucketsAreProbed reads of a new bucket what infrastructure tools read of each one that they manage.
func TestBucketsAreProbed(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	ctx, name := t.Context(), newBucket(t, c)
	bucket := &name
	refused := func(err error, code string) {
		t.Helper()
		wantError(t, err, 404, code)
	}
	answered := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	_, err := c.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: bucket})
	refused(err, "ServerSideEncryptionConfigurationNotFoundError")
	_, err = c.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: bucket})
	refused(err, "NoSuchLifecycleConfiguration")
	_, err = c.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
	refused(err, "NoSuchBucketPolicy")
	_, err = c.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: bucket})
	refused(err, "NoSuchBucketPolicy")
	_, err = c.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: bucket})
	refused(err, "ReplicationConfigurationNotFoundError")
	_, err = c.GetBucketWebsite(ctx, &s3.GetBucketWebsiteInput{Bucket: bucket})
	refused(err, "NoSuchWebsiteConfiguration")
	_, err = c.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: bucket})
	refused(err, "ObjectLockConfigurationNotFoundError")
	_, err = c.GetBucketMetricsConfiguration(ctx, &s3.GetBucketMetricsConfigurationInput{Bucket: bucket, Id: bucket})
	refused(err, "NoSuchConfiguration")

	accelerate, err := c.GetBucketAccelerateConfiguration(ctx, &s3.GetBucketAccelerateConfigurationInput{Bucket: bucket})
	answered(err)
	want(t, "acceleration", accelerate.Status, "")
	payment, err := c.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: bucket})
	answered(err)
	want(t, "payer", payment.Payer, types.PayerBucketOwner)
	abac, err := c.GetBucketAbac(ctx, &s3.GetBucketAbacInput{Bucket: bucket})
	answered(err)
	want(t, "access by tags", abac.AbacStatus.Status, types.BucketAbacStatusDisabled)
	logging, err := c.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: bucket})
	answered(err)
	want(t, "logging", logging.LoggingEnabled, nil)
	notification, err := c.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: bucket})
	answered(err)
	want(t, "number of notified queues", len(notification.QueueConfigurations), 0)

	analytics, err := c.ListBucketAnalyticsConfigurations(ctx, &s3.ListBucketAnalyticsConfigurationsInput{Bucket: bucket})
	answered(err)
	want(t, "more analytics", *analytics.IsTruncated, false)
	tiering, err := c.ListBucketIntelligentTieringConfigurations(ctx, &s3.ListBucketIntelligentTieringConfigurationsInput{Bucket: bucket})
	answered(err)
	want(t, "more tierings", *tiering.IsTruncated, false)
	inventory, err := c.ListBucketInventoryConfigurations(ctx, &s3.ListBucketInventoryConfigurationsInput{Bucket: bucket})
	answered(err)
	want(t, "more inventories", *inventory.IsTruncated, false)
	metrics, err := c.ListBucketMetricsConfigurations(ctx, &s3.ListBucketMetricsConfigurationsInput{Bucket: bucket})
	answered(err)
	want(t, "more metrics", *metrics.IsTruncated, false)

	_, err = c.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: bucket})
	answered(err)
	_, err = c.PutBucketRequestPayment(ctx, &s3.PutBucketRequestPaymentInput{
		Bucket: bucket, RequestPaymentConfiguration: &types.RequestPaymentConfiguration{Payer: types.PayerRequester},
	})
	wantError(t, err, 501, "NotImplemented")
}
