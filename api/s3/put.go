package s3

import (
	"net/http"

	"github.com/bleepstore/bleepstore/api"
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
	object, err := c.h.Service.PutObject(c.r.Context(), c.by, api.PutObjectInput{
		Bucket: c.bucket, Key: c.key, Body: body, Attributes: attributes, Conditions: c.writeConditions(),
	})
	if err != nil {
		return err
	}
	header := c.w.Header()
	header["Etag"] = []string{`"` + object.ETag + `"`}
	setChecksum(header, object.Checksum)
	return c.empty(http.StatusOK)
}
