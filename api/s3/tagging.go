package s3

import (
	"net/http"

	"github.com/bleepstore/bleepstore/api"
)

// getObjectTagging implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html
func (c *call) getObjectTagging() error {
	name, err := c.objectName()
	if err != nil {
		return err
	}
	out, err := c.h.Service.HeadObject(c.r.Context(), c.by, api.GetObjectInput{ObjectName: name})
	if err != nil {
		return err
	}
	setIf(c.w.Header(), versionHeader, out.VersionID)
	x := newXML(512)
	x.tagging(out.Object.Attributes.Tags)
	c.xml(http.StatusOK, x)
	return nil
}

// putObjectTagging implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html
func (c *call) putObjectTagging() error {
	name, err := c.objectName()
	if err != nil {
		return err
	}
	var document tagging
	if err := c.readConfiguration(&document); err != nil {
		return err
	}
	tags, err := document.tags(api.ObjectTags)
	if err != nil {
		return err
	}
	version, err := c.h.Service.PutObjectTags(c.r.Context(), c.by, name, tags)
	if err != nil {
		return err
	}
	setIf(c.w.Header(), versionHeader, version)
	return c.empty(http.StatusOK)
}

// deleteObjectTagging implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html
func (c *call) deleteObjectTagging() error {
	name, err := c.objectName()
	if err != nil {
		return err
	}
	version, err := c.h.Service.DeleteObjectTags(c.r.Context(), c.by, name)
	if err != nil {
		return err
	}
	setIf(c.w.Header(), versionHeader, version)
	return c.empty(http.StatusNoContent)
}

// getBucketTagging implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketTagging.html
func (c *call) getBucketTagging() error {
	bucket, err := c.h.Service.Bucket(c.r.Context(), c.by, c.bucket)
	if err != nil {
		return err
	}
	if len(bucket.Tags) == 0 {
		return api.NewError(api.NoSuchTagSet, api.Detail{Name: "BucketName", Value: c.bucket})
	}
	x := newXML(512 + 64*len(bucket.Tags))
	x.tagging(bucket.Tags)
	c.xml(http.StatusOK, x)
	return nil
}

// putBucketTagging implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html
func (c *call) putBucketTagging() error {
	var document tagging
	if err := c.readConfiguration(&document); err != nil {
		return err
	}
	tags, err := document.tags(api.BucketTags)
	if err != nil {
		return err
	}
	if err := c.h.Service.PutBucketTags(c.r.Context(), c.by, c.bucket, tags); err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}

// deleteBucketTagging implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketTagging.html
func (c *call) deleteBucketTagging() error {
	if err := c.h.Service.DeleteBucketTags(c.r.Context(), c.by, c.bucket); err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}
