package s3

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
)

// silentRegion is the one that S3 does not name as a bucket's location.
const silentRegion = "us-east-1"

// maxBuckets is how many buckets a page has at most.
const maxBuckets = 10_000

// listBuckets implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
func (c *call) listBuckets() error {
	listing, err := c.bucketListing()
	if err != nil {
		return err
	}
	buckets, more, err := c.h.Service.ListBuckets(c.r.Context(), c.by, listing)
	if err != nil {
		return err
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
	x.textIf("Prefix", listing.Prefix)
	if more {
		x.text("ContinuationToken", encodeToken(buckets[len(buckets)-1].Name))
	}
	x.close("ListAllMyBucketsResult")
	c.xml(http.StatusOK, x)
	return nil
}

// bucketListing reads the parameters of ListBuckets. Without any, all buckets are in one page.
func (c *call) bucketListing() (l api.BucketListing, err error) {
	l.Prefix = c.query.Get("prefix")
	for _, name := range []string{"prefix", "max-buckets", "continuation-token", "bucket-region"} {
		if c.query.Has(name) {
			l.Limit = maxBuckets
		}
	}
	if value := c.query.Get("max-buckets"); value != "" {
		n, err := strconv.ParseInt(value, 10, 32)
		switch {
		case err != nil:
			return l, api.InvalidArgumentf("max-buckets", value, "Provided max-buckets not an integer or within integer range")
		case n < 1 || n > maxBuckets:
			return l, api.InvalidArgumentf("max-buckets", value,
				"Argument max-buckets must be an integer between 1 and %d", maxBuckets)
		}
		l.Limit = int(n)
	}
	if region := c.query.Get("bucket-region"); region != "" && !strings.EqualFold(region, c.h.Region) {
		return l, api.InvalidArgumentf("bucket-region", region,
			"Requests with bucket-region specified must be made to the corresponding regional endpoint")
	}
	if c.query.Get("continuation-token") != "" {
		l.After, err = c.continuation()
	}
	return l, err
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
	Bucket             *struct{}   // a directory bucket's type
	Location           *struct{}   // a directory bucket's zone
	Tags               tagElements `xml:"Tags>Tag"`
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
	if configuration.Bucket != nil || configuration.Location != nil {
		return api.NewError(api.NotImplemented)
	}
	tags, err := configuration.Tags.tags(api.NewBucketTags)
	if err != nil {
		return err
	}
	acl, err := aclOf(c.r.Header)
	if err != nil {
		return err
	}
	ownership, err := c.ownership()
	if err != nil {
		return err
	}
	err = c.h.Service.CreateBucket(c.r.Context(), c.by, api.CreateBucketInput{
		Bucket: c.bucket, Location: configuration.LocationConstraint, Ownership: ownership, ACL: acl, Tags: tags,
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
