package s3

import (
	"encoding/xml"
	"net/http"
	"slices"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
)

var ownerships = []eventlog.Ownership{eventlog.ObjectWriter, eventlog.BucketOwnerPreferred, eventlog.BucketOwnerEnforced}

// ownership reads the x-amz-object-ownership header of CreateBucket; empty if there is none.
func (c *call) ownership() (eventlog.Ownership, error) {
	ownership := eventlog.Ownership(c.header("X-Amz-Object-Ownership"))
	if ownership != "" && !slices.Contains(ownerships, ownership) {
		return "", api.InvalidArgumentf("x-amz-object-ownership", string(ownership), "Invalid x-amz-object-ownership header")
	}
	return ownership, nil
}

// ownershipControls is the body of PutBucketOwnershipControls.
type ownershipControls struct {
	XMLName xml.Name       `xml:"OwnershipControls"`
	Rules   ownershipRules `xml:"Rule"`
}

type ownershipRule struct{ ObjectOwnership eventlog.Ownership }

type ownershipRules []ownershipRule

// UnmarshalXML implements xml.Unmarshaler.
func (r *ownershipRules) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	return appendElement((*[]ownershipRule)(r), 1, d, start)
}

// getBucketOwnershipControls implements
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html
func (c *call) getBucketOwnershipControls() error {
	bucket, err := c.h.Service.Bucket(c.r.Context(), c.by, c.bucket)
	if err != nil {
		return err
	}
	if bucket.Ownership == "" {
		return api.NewError(api.OwnershipControlsNotFound, api.Detail{Name: "BucketName", Value: c.bucket})
	}
	x := newXML(256)
	x.root("OwnershipControls")
	x.open("Rule")
	x.text("ObjectOwnership", string(bucket.Ownership))
	x.close("Rule")
	x.close("OwnershipControls")
	c.xml(http.StatusOK, x)
	return nil
}

// putBucketOwnershipControls implements
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketOwnershipControls.html
func (c *call) putBucketOwnershipControls() error {
	var document ownershipControls
	if err := c.readConfiguration(&document); err != nil {
		return err
	}
	if len(document.Rules) != 1 || !slices.Contains(ownerships, document.Rules[0].ObjectOwnership) {
		return api.NewError(api.MalformedXML)
	}
	err := c.h.Service.PutBucketOwnership(c.r.Context(), c.by, c.bucket, document.Rules[0].ObjectOwnership)
	if err != nil {
		return err
	}
	return c.empty(http.StatusOK)
}

// deleteBucketOwnershipControls implements
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketOwnershipControls.html
func (c *call) deleteBucketOwnershipControls() error {
	if err := c.h.Service.DeleteBucketOwnership(c.r.Context(), c.by, c.bucket); err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}
