package s3

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strings"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// silentRegion is the one that S3 does not name as a bucket's location.
const silentRegion = "us-east-1"

// maxBuckets is how many buckets a page has at most. Without a limit of the request, all are in one page.
const maxBuckets = 10_000

// listBuckets implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
func (c *call) listBuckets() error {
	limit, err := c.number("max-buckets", maxBuckets)
	if err != nil {
		return err
	}
	after, err := c.continuation()
	if err != nil {
		return err
	}
	buckets, err := c.h.Service.ListBuckets(c.r.Context(), c.by)
	if err != nil {
		return err
	}
	prefix, region := c.query.Get("prefix"), c.query.Get("bucket-region")
	buckets = slices.DeleteFunc(buckets, func(b *projections.Bucket) bool {
		return b.Name <= after || !strings.HasPrefix(b.Name, prefix) || region != "" && b.Region != region
	})
	next := ""
	if c.query.Get("max-buckets") != "" && len(buckets) > limit {
		if buckets = buckets[:limit]; limit > 0 {
			next = buckets[limit-1].Name
		}
	}

	x := newXML(512 + 160*len(buckets))
	x.root("ListAllMyBucketsResult")
	x.owner("Owner", c.by.Account)
	x.open("Buckets")
	for _, bucket := range buckets {
		x.open("Bucket")
		x.text("Name", bucket.Name)
		x.time("CreationDate", bucket.Created)
		x.text("BucketRegion", bucket.Region)
		x.close("Bucket")
	}
	x.close("Buckets")
	x.textIf("Prefix", prefix)
	if next != "" {
		x.text("ContinuationToken", encodeToken(next))
	}
	x.close("ListAllMyBucketsResult")
	c.xml(http.StatusOK, x)
	return nil
}

func (x *xmlWriter) owner(name string, owner eventlog.Owner) {
	x.open(name)
	x.text("ID", owner.ID)
	x.textIf("DisplayName", owner.Name)
	x.close(name)
}

// createBucketConfiguration is the body of CreateBucket.
type createBucketConfiguration struct {
	XMLName            xml.Name `xml:"CreateBucketConfiguration"`
	LocationConstraint string
	Bucket             *struct{}  // a directory bucket's type
	Location           *struct{}  // a directory bucket's zone
	Tags               []struct{} `xml:"Tags>Tag"`
}

// createBucket implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
func (c *call) createBucket() error {
	var configuration createBucketConfiguration
	if c.verified.Length != 0 {
		body, err := c.content()
		if err != nil {
			return err
		}
		if err := c.readDocument(&configuration, body, maxConfiguration); err != nil {
			return err
		}
	}
	if configuration.Bucket != nil || configuration.Location != nil || len(configuration.Tags) > 0 {
		return api.NewError(api.NotImplemented)
	}
	acl, err := c.acl()
	if err != nil {
		return err
	}
	ownership, err := c.ownership()
	if err != nil {
		return err
	}
	err = c.h.Service.CreateBucket(c.r.Context(), c.by, api.CreateBucketInput{
		Bucket: c.bucket, Location: configuration.LocationConstraint, Ownership: ownership, ACL: acl,
	})
	if err != nil {
		return err
	}
	c.w.Header()["Location"] = []string{"/" + c.bucket}
	return c.empty(http.StatusOK)
}

// headBucket implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
func (c *call) headBucket() error {
	_, err := c.h.Service.Bucket(c.r.Context(), c.by, c.bucket)
	header := c.w.Header()
	if err == nil || api.AsError(err).Code == api.AccessDenied {
		header["X-Amz-Bucket-Region"] = c.h.region // whoever may not see the bucket may know where it is
	}
	if err != nil {
		return err
	}
	header["X-Amz-Access-Point-Alias"] = []string{"false"}
	header["Content-Type"] = xmlType
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// getBucketLocation implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
func (c *call) getBucketLocation() error {
	bucket, err := c.h.Service.Bucket(c.r.Context(), c.by, c.bucket)
	if err != nil {
		return err
	}
	x := newXML(256)
	x.root("LocationConstraint")
	if bucket.Region != silentRegion {
		x.b = appendEscaped(x.b, bucket.Region)
	}
	x.close("LocationConstraint")
	c.xml(http.StatusOK, x)
	return nil
}

// deleteBucket implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html
func (c *call) deleteBucket() error {
	if err := c.h.Service.DeleteBucket(c.r.Context(), c.by, c.bucket); err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}
