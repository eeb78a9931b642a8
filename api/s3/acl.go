package s3

import (
	"net/http"

	"github.com/bleepstore/bleepstore/api"
)

// getBucketACL implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html
func (c *call) getBucketACL() error {
	acl, err := c.h.Service.BucketACL(c.r.Context(), c.by, c.bucket)
	if err != nil {
		return err
	}
	c.answerACL(acl)
	return nil
}

// putBucketACL implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html
func (c *call) putBucketACL() error {
	acl, err := c.readACL()
	if err != nil {
		return err
	}
	if err := c.h.Service.PutBucketACL(c.r.Context(), c.by, c.bucket, acl); err != nil {
		return err
	}
	return c.empty(http.StatusOK)
}

// getObjectACL implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html
func (c *call) getObjectACL() error {
	name, err := c.objectName()
	if err != nil {
		return err
	}
	acl, version, err := c.h.Service.ObjectACL(c.r.Context(), c.by, name)
	if err != nil {
		return err
	}
	setIf(c.w.Header(), versionHeader, version)
	c.answerACL(acl)
	return nil
}

// putObjectACL implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html
func (c *call) putObjectACL() error {
	name, err := c.objectName()
	if err != nil {
		return err
	}
	acl, err := c.readACL()
	if err != nil {
		return err
	}
	version, err := c.h.Service.PutObjectACL(c.r.Context(), c.by, name, acl)
	if err != nil {
		return err
	}
	setIf(c.w.Header(), versionHeader, version)
	return c.empty(http.StatusOK)
}

// readACL reads the ACL that a request brings to replace another: in headers or in a document, not both.
func (c *call) readACL() (api.ACLRequest, error) {
	acl, err := aclOf(c.r.Header)
	if err != nil {
		return acl, err
	}
	inHeaders := acl.Canned != "" || acl.Grants != nil
	switch {
	case inHeaders && c.verified.Length != 0:
		return acl, api.NewError(api.UnexpectedContent)
	case inHeaders:
		return acl, nil
	case c.verified.Length == 0:
		return acl, api.NewError(api.MissingSecurityHeader, api.Detail{Name: "MissingHeaderName", Value: "x-amz-acl"})
	}
	var document accessControlPolicy
	if err := c.readConfiguration(&document); err != nil {
		if e := api.AsError(err); e.Code == api.MalformedXML {
			malformed := api.NewError(api.MalformedACL)
			malformed.Cause = e
			return acl, malformed
		}
		return acl, err
	}
	return document.request()
}
