package s3

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/api"
)

// getObject implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (c *call) getObject() error {
	in, err := c.wanted()
	if err != nil {
		return err
	}
	out, err := c.h.Service.GetObject(c.r.Context(), c.by, in)
	if err != nil {
		return err
	}
	defer out.Body.Close()
	c.w.WriteHeader(c.describe(out))
	_, err = io.Copy(&c.w, out.Body)
	return err
}

// headObject implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
func (c *call) headObject() error {
	in, err := c.wanted()
	if err != nil {
		return err
	}
	out, err := c.h.Service.HeadObject(c.r.Context(), c.by, in)
	if err != nil {
		return err
	}
	c.w.WriteHeader(c.describe(out))
	return nil
}

// wanted reads what of which object is wanted.
func (c *call) wanted() (api.GetObjectInput, error) {
	name, err := c.objectName()
	in := api.GetObjectInput{ObjectName: name, Conditions: c.readConditions()}
	if err != nil {
		return in, err
	}
	if c.by.AccessKey == "" && c.overrides() {
		return in, api.Errorf(api.InvalidRequest,
			"Request specific response headers cannot be used for anonymous GET requests.")
	}
	if value := c.header("Range"); value != "" {
		in.Range = parseRange(value)
	}
	if in.PartNumber, err = c.partNumber(); err != nil {
		return in, err
	}
	if in.PartNumber != 0 && in.Range != nil {
		return in, api.Errorf(api.InvalidRequest, "Cannot specify both Range header and partNumber query parameter")
	}
	return in, nil
}

// responseOverrides are the parameters that replace headers of the answer.
var responseOverrides = []struct{ parameter, header string }{
	{"response-cache-control", "Cache-Control"},
	{"response-content-disposition", "Content-Disposition"},
	{"response-content-encoding", "Content-Encoding"},
	{"response-content-language", "Content-Language"},
	{"response-content-type", "Content-Type"},
	{"response-expires", "Expires"},
}

// overrides tells whether the request replaces headers of the answer.
func (c *call) overrides() bool {
	if len(c.query) == 0 {
		return false
	}
	for _, o := range responseOverrides {
		if c.query.Get(o.parameter) != "" {
			return true
		}
	}
	return false
}

// describe sets the headers of an object, or of the range of it that was asked for, and returns the status.
func (c *call) describe(out *api.GetObjectOutput) int {
	object := &out.Object.Object
	c.size = object.Size
	header := c.w.Header()
	setAttributes(header, &object.Attributes)
	setValidators(header, object)
	header["Accept-Ranges"] = acceptRanges
	header["Content-Length"] = []string{strconv.FormatInt(out.Length, 10)}
	setIf(header, versionHeader, out.VersionID)
	if out.TagCount > 0 {
		header["X-Amz-Tagging-Count"] = []string{strconv.Itoa(out.TagCount)}
	}
	if out.PartsCount > 0 {
		header["X-Amz-Mp-Parts-Count"] = []string{strconv.Itoa(out.PartsCount)}
	}
	if len(c.query) > 0 {
		for _, o := range responseOverrides {
			setIf(header, o.header, c.query.Get(o.parameter))
		}
	}
	if strings.EqualFold(c.header("X-Amz-Checksum-Mode"), "ENABLED") {
		setChecksum(header, out.Checksum)
	}
	if out.Partial && out.Length > 0 {
		header["Content-Range"] = []string{
			fmt.Sprintf("bytes %d-%d/%d", out.Offset, out.Offset+out.Length-1, object.Size),
		}
		return http.StatusPartialContent
	}
	return http.StatusOK
}

var acceptRanges = []string{"bytes"}
