package s3

import (
	"cmp"
	"net/http"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/projections"
)

// listParts implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
func (c *call) listParts() error {
	in := api.ListPartsInput{Bucket: c.bucket, Key: c.key, Upload: c.query.Get("uploadId")}
	var err error
	if in.MaxParts, err = c.number("max-parts", maxPage); err != nil {
		return err
	}
	if c.query.Get("part-number-marker") != "" {
		if in.After, err = c.number("part-number-marker", api.MaxPartNumber); err != nil {
			return err
		}
	}
	urlEncoded, err := c.urlEncoding()
	if err != nil {
		return err
	}
	out, err := c.h.Service.ListParts(c.r.Context(), c.by, in)
	if err != nil {
		return err
	}
	x := newXML(1024 + 256*len(out.Parts))
	x.urlEncoded = urlEncoded
	x.root("ListPartsResult")
	x.text("Bucket", c.bucket)
	x.key("Key", c.key)
	x.text("UploadId", out.Upload.ID)
	x.uploadOwners(out.Upload)
	if urlEncoded {
		x.text("EncodingType", "url")
	}
	x.int("PartNumberMarker", int64(in.After))
	x.int("NextPartNumberMarker", int64(out.Next))
	x.int("MaxParts", int64(in.MaxParts))
	x.bool("IsTruncated", out.Truncated)
	for _, part := range out.Parts {
		x.open("Part")
		x.int("PartNumber", int64(part.Number))
		x.time("LastModified", part.Modified)
		x.etag(part.ETag)
		x.checksum(part.Checksum)
		x.int("Size", part.Size)
		x.close("Part")
	}
	x.close("ListPartsResult")
	c.xml(http.StatusOK, x)
	return nil
}

// listMultipartUploads implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
func (c *call) listMultipartUploads() error {
	l := projections.Listing{
		Bucket: c.bucket, Prefix: c.query.Get("prefix"), Delimiter: c.query.Get("delimiter"),
		Marker: c.query.Get("key-marker"),
	}
	if l.Marker != "" { // without a key, an upload id says nothing, as on S3
		l.MarkerID = c.query.Get("upload-id-marker")
	}
	if l.MarkerID != "" && !api.ValidUploadID(l.MarkerID) {
		return api.InvalidArgumentf("upload-id-marker", l.MarkerID, "Invalid uploadId marker")
	}
	var err error
	if l.Limit, err = c.number("max-uploads", maxPage); err != nil {
		return err
	}
	urlEncoded, err := c.urlEncoding()
	if err != nil {
		return err
	}
	page, err := c.h.Service.ListUploads(c.r.Context(), c.by, l)
	if err != nil {
		return err
	}
	x := newXML(1024 + 512*len(page.Records) + 128*len(page.CommonPrefixes))
	x.urlEncoded = urlEncoded
	x.root("ListMultipartUploadsResult")
	x.text("Bucket", c.bucket)
	x.key("KeyMarker", l.Marker)
	x.text("UploadIdMarker", l.MarkerID)
	x.keyIf("NextKeyMarker", page.Next)
	x.textIf("NextUploadIdMarker", page.NextID)
	x.key("Prefix", l.Prefix)
	x.keyIf("Delimiter", l.Delimiter)
	if urlEncoded {
		x.text("EncodingType", "url")
	}
	x.int("MaxUploads", int64(l.Limit))
	x.bool("IsTruncated", page.Truncated)
	for _, upload := range page.Records {
		x.open("Upload")
		x.key("Key", upload.Key)
		x.text("UploadId", upload.ID)
		x.uploadOwners(upload)
		x.time("Initiated", upload.Initiated)
		x.close("Upload")
	}
	x.commonPrefixes(page.CommonPrefixes)
	x.close("ListMultipartUploadsResult")
	c.xml(http.StatusOK, x)
	return nil
}

// uploadOwners writes whose an upload is, and what its object is to be.
func (x *xmlWriter) uploadOwners(upload *projections.Upload) {
	x.owner("Initiator", upload.Owner)
	x.owner("Owner", cmp.Or(upload.ObjectOwner, upload.Owner))
	x.text("StorageClass", shownClass(upload.Attributes.StorageClass))
	x.textIf("ChecksumAlgorithm", upload.Checksum.Algorithm)
	x.textIf("ChecksumType", upload.Checksum.Type)
}
