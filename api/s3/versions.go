package s3

import (
	"net/http"

	"github.com/bleepstore/bleepstore/api"
)

// nullVersion is the version id of all objects, as on S3 where a bucket was never versioned.
const nullVersion = "null"

// listObjectVersions implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
// for buckets that keep no versions: each object is its own only one.
func (c *call) listObjectVersions() error {
	l, urlEncoded, err := c.listing()
	if err != nil {
		return err
	}
	l.Marker = c.query.Get("key-marker")
	versionMarker := c.query.Get("version-id-marker") // says nothing: a key has no other versions behind it
	if versionMarker != "" && l.Marker == "" {
		return api.InvalidArgumentf("version-id-marker", versionMarker,
			"A version-id marker cannot be specified without a key marker.")
	}
	page, err := c.h.Service.ListObjects(c.r.Context(), c.by, l)
	if err != nil {
		return err
	}
	x := newPage(page, urlEncoded)
	x.root("ListVersionsResult")
	x.text("Name", c.bucket)
	x.key("Prefix", l.Prefix)
	x.key("KeyMarker", l.Marker)
	x.text("VersionIdMarker", versionMarker)
	x.keyIf("NextKeyMarker", page.Next)
	if last := len(page.Records) - 1; last >= 0 && page.Records[last].Key == page.Next {
		x.text("NextVersionIdMarker", nullVersion)
	}
	x.pageEnd(l, page)
	for _, object := range page.Records {
		x.open("Version")
		x.key("Key", object.Key)
		x.text("VersionId", nullVersion)
		x.bool("IsLatest", true)
		x.object(object, true)
		x.close("Version")
	}
	x.commonPrefixes(page.CommonPrefixes)
	x.close("ListVersionsResult")
	c.xml(http.StatusOK, x)
	return nil
}
