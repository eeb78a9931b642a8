package s3

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/bleepstore/bleepstore/api"
)

const (
	copySourceHeader    = "X-Amz-Copy-Source"
	sourceOwnerHeader   = "X-Amz-Source-Expected-Bucket-Owner"
	sourceVersionHeader = "X-Amz-Copy-Source-Version-Id"
)

// copyObject implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
func (c *call) copyObject() error {
	source, err := parseCopySource(c.header(copySourceHeader))
	if err != nil {
		return err
	}
	in := api.CopyObjectInput{
		Source: source, SourceExpectedOwner: c.header(sourceOwnerHeader),
		Bucket: c.bucket, Key: c.key, Conditions: c.writeConditions(),
	}
	if in.SourceConditions, err = c.sourceConditions(); err != nil {
		return err
	}
	if in.ACL, err = aclOf(c.r.Header); err != nil {
		return err
	}
	if in.Algorithm, err = c.chosenAlgorithm(); err != nil {
		return err
	}
	attributes, err := c.attributes()
	if err != nil {
		return err
	}
	in.StorageClass, in.WebsiteRedirect = attributes.StorageClass, attributes.WebsiteRedirect
	replace, err := c.replaces("X-Amz-Metadata-Directive", "Unknown metadata directive.")
	if err != nil {
		return err
	}
	if replace {
		in.Attributes = &attributes
	}
	replace, err = c.replaces("X-Amz-Tagging-Directive", "Unknown tagging directive.")
	if err != nil {
		return err
	}
	if replace {
		in.Tags = &attributes.Tags
	}
	created, err := c.h.Service.CopyObject(c.r.Context(), c.by, in)
	if err != nil {
		return err
	}
	setIf(c.w.Header(), versionHeader, created.VersionID)
	setIf(c.w.Header(), sourceVersionHeader, created.SourceVersion)
	object := created.Object
	c.size = object.Size
	x := newXML(512)
	x.root("CopyObjectResult")
	x.time("LastModified", object.Modified)
	x.etag(object.ETag)
	x.checksum(object.Checksum)
	x.textIf("ChecksumType", object.Checksum.Type)
	x.close("CopyObjectResult")
	c.xml(http.StatusOK, x)
	return nil
}

// replaces tells whether a directive is REPLACE, rather than COPY, which goes without saying.
func (c *call) replaces(directive, unknown string) (bool, error) {
	switch value := c.header(directive); value {
	case "", "COPY":
		return false, nil
	case "REPLACE":
		return true, nil
	default:
		return false, api.InvalidArgumentf(strings.ToLower(directive), value, "%s", unknown)
	}
}

// parseCopySource reads an x-amz-copy-source header: "bucket/key" in URL encoding, slashes and the one at the start
// included or not, and "?versionId=id" behind it, which is not encoded with the rest. As on S3, "+" is a space.
func parseCopySource(header string) (api.ObjectName, error) {
	var s api.ObjectName
	path := header
	if i := strings.LastIndex(header, "?versionId="); i >= 0 {
		if path, s.Version = header[:i], header[i+len("?versionId="):]; s.Version == "" {
			return s, emptyVersion()
		}
	}
	path, err := url.QueryUnescape(path)
	if err != nil || !utf8.ValidString(path) || !utf8.ValidString(s.Version) {
		return s, api.InvalidArgumentf("x-amz-copy-source", strings.ToValidUTF8(header, "\uFFFD"), "Invalid copy source encoding.")
	}
	if strings.HasPrefix(path, "arn:") {
		return s, api.Errorf(api.NotImplemented, "Copying from access points is not implemented.")
	}
	s.Bucket, s.Key, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if s.Bucket == "" || s.Key == "" {
		return s, api.InvalidArgumentf("x-amz-copy-source", header,
			"Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	return s, nil
}
