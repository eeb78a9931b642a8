package s3

import (
	"net/http"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
)

// putObject implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
func (c *call) putObject() error {
	attributes, err := c.attributes()
	if err != nil {
		return err
	}
	body, err := c.content()
	if err != nil {
		return err
	}
	acl, err := aclOf(c.r.Header)
	if err != nil {
		return err
	}
	created, err := c.h.Service.PutObject(c.r.Context(), c.by, api.PutObjectInput{
		Bucket: c.bucket, Key: c.key, Via: eventlog.ViaPut,
		Body: body, Attributes: attributes, ACL: acl, Conditions: c.writeConditions(),
	})
	if err != nil {
		return err
	}
	c.describeCreated(created)
	return c.empty(http.StatusOK)
}

// describeCreated sets the headers that tell of an object that was made.
func (c *call) describeCreated(created *api.Created) {
	c.size = created.Object.Size
	header := c.w.Header()
	header["Etag"] = []string{`"` + created.Object.ETag + `"`}
	setIf(header, versionHeader, created.VersionID)
	setChecksum(header, created.Object.Checksum)
}
