package s3

import (
	"net/http"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// listing reads the parameters that both versions of ListObjects share.
func (c *call) listing() (l projections.Listing, urlEncoded bool, err error) {
	l = projections.Listing{Bucket: c.bucket, Prefix: c.query.Get("prefix"), Delimiter: c.query.Get("delimiter")}
	if l.Limit, err = c.number("max-keys", maxPage); err != nil {
		return l, false, err
	}
	urlEncoded, err = c.urlEncoding()
	return l, urlEncoded, err
}

// listObjects implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
func (c *call) listObjects() error {
	l, urlEncoded, err := c.listing()
	if err != nil {
		return err
	}
	l.Marker = c.query.Get("marker")
	page, err := c.h.Service.ListObjects(c.r.Context(), c.by, l)
	if err != nil {
		return err
	}
	x := newPage(page, urlEncoded)
	x.root("ListBucketResult")
	x.text("Name", c.bucket)
	x.key("Prefix", l.Prefix)
	x.key("Marker", l.Marker)
	if l.Delimiter != "" {
		x.keyIf("NextMarker", page.Next) // without a delimiter, the last key is the next marker
	}
	x.pageEnd(l, page.Truncated)
	x.objects(page, true)
	x.close("ListBucketResult")
	c.xml(http.StatusOK, x)
	return nil
}

// listObjectsV2 implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
func (c *call) listObjectsV2() error {
	if kind := c.query.Get("list-type"); kind != "2" {
		return api.InvalidArgumentf("list-type", kind, "Invalid List Type specified in Request")
	}
	l, urlEncoded, err := c.listing()
	if err != nil {
		return err
	}
	startAfter := c.query.Get("start-after")
	if l.Marker, err = c.continuation(); err != nil {
		return err
	}
	if l.Marker == "" {
		l.StartAfter = startAfter
	}
	page, err := c.h.Service.ListObjects(c.r.Context(), c.by, l)
	if err != nil {
		return err
	}
	x := newPage(page, urlEncoded)
	x.root("ListBucketResult")
	x.text("Name", c.bucket)
	x.key("Prefix", l.Prefix)
	x.keyIf("StartAfter", startAfter)
	x.textIf("ContinuationToken", c.query.Get("continuation-token"))
	if page.Next != "" {
		x.text("NextContinuationToken", encodeToken(page.Next))
	}
	x.int("KeyCount", int64(len(page.Records)+len(page.CommonPrefixes)))
	x.pageEnd(l, page.Truncated)
	x.objects(page, c.query.Get("fetch-owner") == "true")
	x.close("ListBucketResult")
	c.xml(http.StatusOK, x)
	return nil
}

// newPage begins the document of a page of objects.
func newPage(page projections.Page[*projections.Object], urlEncoded bool) *xmlWriter {
	x := newXML(1024 + 400*len(page.Records) + 128*len(page.CommonPrefixes))
	x.urlEncoded = urlEncoded
	return x
}

// pageEnd writes what says how the page was limited.
func (x *xmlWriter) pageEnd(l projections.Listing, truncated bool) {
	x.int("MaxKeys", int64(l.Limit))
	x.keyIf("Delimiter", l.Delimiter)
	if x.urlEncoded {
		x.text("EncodingType", "url")
	}
	x.bool("IsTruncated", truncated)
}

// objects writes the entries of a page.
func (x *xmlWriter) objects(page projections.Page[*projections.Object], owners bool) {
	for _, object := range page.Records {
		x.open("Contents")
		x.key("Key", object.Key)
		x.object(&object.Object, owners)
		x.close("Contents")
	}
	x.commonPrefixes(page.CommonPrefixes)
}

// object writes what a list tells of an object next to its key.
func (x *xmlWriter) object(object *eventlog.Object, owner bool) {
	x.time("LastModified", object.Modified)
	x.etag(object.ETag)
	x.textIf("ChecksumAlgorithm", object.Checksum.Algorithm)
	x.textIf("ChecksumType", object.Checksum.Type)
	x.int("Size", object.Size)
	if owner {
		x.owner("Owner", object.Owner)
	}
	x.text("StorageClass", shownClass(object.Attributes.StorageClass))
}

func (x *xmlWriter) commonPrefixes(prefixes []string) {
	for _, prefix := range prefixes {
		x.open("CommonPrefixes")
		x.key("Prefix", prefix)
		x.close("CommonPrefixes")
	}
}
