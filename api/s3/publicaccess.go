package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
)

// publicAccessBlock is the document of a bucket's public access block.
type publicAccessBlock struct {
	XMLName               xml.Name `xml:"PublicAccessBlockConfiguration"`
	BlockPublicACLs       bool     `xml:"BlockPublicAcls"`
	IgnorePublicACLs      bool     `xml:"IgnorePublicAcls"`
	BlockPublicPolicy     bool
	RestrictPublicBuckets bool
}

// getPublicAccessBlock implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html
func (c *call) getPublicAccessBlock() error {
	bucket, err := c.h.Service.Bucket(c.r.Context(), c.by, c.bucket)
	if err != nil {
		return err
	}
	block := bucket.PublicAccessBlock
	if block == nil {
		return api.NewError(api.NoSuchPublicAccessBlock, api.Detail{Name: "BucketName", Value: c.bucket})
	}
	x := newXML(512)
	x.root("PublicAccessBlockConfiguration")
	x.bool("BlockPublicAcls", block.BlockPublicACLs)
	x.bool("IgnorePublicAcls", block.IgnorePublicACLs)
	x.bool("BlockPublicPolicy", block.BlockPublicPolicy)
	x.bool("RestrictPublicBuckets", block.RestrictPublicBuckets)
	x.close("PublicAccessBlockConfiguration")
	c.xml(http.StatusOK, x)
	return nil
}

// putPublicAccessBlock implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html
func (c *call) putPublicAccessBlock() error {
	var document publicAccessBlock
	if err := c.readConfiguration(&document); err != nil {
		return err
	}
	err := c.h.Service.PutPublicAccessBlock(c.r.Context(), c.by, c.bucket, eventlog.PublicAccessBlock{
		BlockPublicACLs: document.BlockPublicACLs, IgnorePublicACLs: document.IgnorePublicACLs,
		BlockPublicPolicy: document.BlockPublicPolicy, RestrictPublicBuckets: document.RestrictPublicBuckets,
	})
	if err != nil {
		return err
	}
	return c.empty(http.StatusOK)
}

// deletePublicAccessBlock implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletePublicAccessBlock.html
func (c *call) deletePublicAccessBlock() error {
	if err := c.h.Service.DeletePublicAccessBlock(c.r.Context(), c.by, c.bucket); err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}
