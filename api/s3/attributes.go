package s3

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/sigv4"
	"github.com/bleepstore/bleepstore/eventlog"
)

const metadataPrefix = "X-Amz-Meta-"

// storedHeaders are kept as they come, next to metadata.
var storedHeaders = setOf(
	"Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition", "Cache-Control", "Expires",
	"X-Amz-Website-Redirect-Location",
)

// attributes reads what the headers say about the object to be.
func (c *call) attributes() (eventlog.Attributes, error) {
	a := eventlog.Attributes{
		ContentType:        c.header("Content-Type"),
		ContentEncoding:    sigv4.StripAWSChunked(strings.Join(c.r.Header["Content-Encoding"], ",")),
		ContentLanguage:    c.header("Content-Language"),
		ContentDisposition: c.header("Content-Disposition"),
		CacheControl:       c.header("Cache-Control"),
		Expires:            c.header("Expires"),
		WebsiteRedirect:    c.header("X-Amz-Website-Redirect-Location"),
	}
	if err := checkRedirect(a.WebsiteRedirect); err != nil {
		return a, err
	}
	for name, values := range c.r.Header {
		suffix, isMetadata := strings.CutPrefix(name, metadataPrefix)
		if !isMetadata && !storedHeaders[name] {
			continue
		}
		value := strings.Join(values, ",")
		if !utf8.ValidString(value) {
			return a, api.InvalidArgumentf(strings.ToLower(name), strings.ToValidUTF8(value, "\uFFFD"),
				"Header values must be UTF-8.")
		}
		if isMetadata {
			if a.Metadata == nil {
				a.Metadata = make(map[string]string)
			}
			a.Metadata[strings.ToLower(suffix)] = value
		}
	}
	if err := api.CheckMetadataSize(a.Metadata); err != nil {
		return a, err
	}
	var err error
	if a.StorageClass, err = c.storageClass(); err != nil {
		return a, err
	}
	a.Tags, err = parseTags(c.header("X-Amz-Tagging"))
	return a, err
}

// maxRedirect is how long an x-amz-website-redirect-location can be, in bytes.
const maxRedirect = 2 << 10

// checkRedirect returns an error unless a page can lead to a location.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html
func checkRedirect(location string) error {
	begins := func(prefix string) bool { return strings.HasPrefix(location, prefix) }
	switch {
	case location == "":
		return nil
	case len(location) > maxRedirect:
		return api.Errorf(api.InvalidRedirectLocation, "The length of website redirect location cannot exceed %d.", maxRedirect)
	case !begins("/") && !begins("http://") && !begins("https://"):
		return api.NewError(api.InvalidRedirectLocation)
	}
	return nil
}

// standard is the storage class that goes without saying.
const standard = "STANDARD"

// storageClass returns the storage class that the request asks for, empty for the standard one. Here it is but a name
// that the object keeps: all classes are stored alike and are read at once.
func (c *call) storageClass() (string, error) {
	switch class := c.header("X-Amz-Storage-Class"); {
	case class == "" || class == standard:
		return "", nil
	case api.IsStorageClass(class):
		return class, nil
	}
	return "", api.NewError(api.InvalidStorageClass)
}

// shownClass is the storage class as documents have it, where the standard one has its name.
func shownClass(class string) string {
	if class == "" {
		return standard
	}
	return class
}

// setAttributes writes the headers that return an object's attributes.
func setAttributes(header http.Header, a *eventlog.Attributes) {
	contentType := a.ContentType
	if contentType == "" {
		contentType = "binary/octet-stream" // what S3 takes an object for whose type it was not told
	}
	header["Content-Type"] = []string{contentType}
	setIf(header, "Content-Encoding", a.ContentEncoding)
	setIf(header, "Content-Language", a.ContentLanguage)
	setIf(header, "Content-Disposition", a.ContentDisposition)
	setIf(header, "Cache-Control", a.CacheControl)
	setIf(header, "Expires", a.Expires)
	setIf(header, "X-Amz-Website-Redirect-Location", a.WebsiteRedirect)
	setIf(header, "X-Amz-Storage-Class", a.StorageClass)
	for name, value := range a.Metadata {
		header["x-amz-meta-"+name] = []string{value}
	}
}

// setValidators writes the headers by which a client recognizes an object.
func setValidators(header http.Header, object *eventlog.Object) {
	header["Etag"] = []string{`"` + object.ETag + `"`}
	header["Last-Modified"] = []string{object.Modified.UTC().Format(http.TimeFormat)}
}

// setIf writes a header, given its canonical name, if it has a value.
func setIf(header http.Header, name, value string) {
	if value != "" {
		header[name] = []string{value}
	}
}
