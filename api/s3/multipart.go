package s3

import (
	"encoding/xml"
	"net/http"
	"strconv"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
)

// createMultipartUpload implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
func (c *call) createMultipartUpload() error {
	in := api.CreateUploadInput{Bucket: c.bucket, Key: c.key}
	var err error
	if in.ChecksumType, err = c.checksumType(); err != nil {
		return err
	}
	if in.Attributes, err = c.attributes(); err != nil {
		return err
	}
	if in.Algorithm, err = c.chosenAlgorithm(); err != nil {
		return err
	}
	if in.ACL, err = aclOf(c.r.Header); err != nil {
		return err
	}
	upload, err := c.h.Service.CreateUpload(c.r.Context(), c.by, in)
	if err != nil {
		return err
	}
	header := c.w.Header()
	setIf(header, "X-Amz-Checksum-Algorithm", upload.Checksum.Algorithm)
	setIf(header, "X-Amz-Checksum-Type", upload.Checksum.Type)
	x := newXML(512)
	x.root("InitiateMultipartUploadResult")
	x.text("Bucket", c.bucket)
	x.text("Key", c.key)
	x.text("UploadId", upload.ID)
	x.close("InitiateMultipartUploadResult")
	c.xml(http.StatusOK, x)
	return nil
}

// uploadPart implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
func (c *call) uploadPart() error {
	upload, number, err := c.partNamed()
	if err != nil {
		return err
	}
	body, err := c.content()
	if err != nil {
		return err
	}
	part, err := c.h.Service.UploadPart(c.r.Context(), c.by, api.UploadPartInput{
		Bucket: c.bucket, Key: c.key, Upload: upload, Number: number, Body: body,
	})
	if err != nil {
		return err
	}
	header := c.w.Header()
	header["Etag"] = []string{`"` + part.ETag + `"`}
	setChecksum(header, part.Checksum)
	return c.empty(http.StatusOK)
}

// uploadPartCopy implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
func (c *call) uploadPartCopy() error {
	upload, number, err := c.partNamed()
	if err != nil {
		return err
	}
	source, err := parseCopySource(c.header(copySourceHeader))
	if err != nil {
		return err
	}
	in := api.UploadPartCopyInput{
		Source: source, SourceExpectedOwner: c.header(sourceOwnerHeader),
		Bucket: c.bucket, Key: c.key, Upload: upload, Number: number,
	}
	if in.SourceConditions, err = c.sourceConditions(); err != nil {
		return err
	}
	if header := c.header("X-Amz-Copy-Source-Range"); header != "" {
		if in.SourceRange = parseRange(header); in.SourceRange == nil {
			return api.InvalidArgumentf("x-amz-copy-source-range", header,
				"The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based "+
					"offsets of the first and last bytes to copy")
		}
	}
	part, err := c.h.Service.UploadPartCopy(c.r.Context(), c.by, in)
	if err != nil {
		return err
	}
	setIf(c.w.Header(), sourceVersionHeader, part.SourceVersion)
	x := newXML(512)
	x.root("CopyPartResult")
	x.time("LastModified", part.Modified)
	x.etag(part.ETag)
	x.checksum(part.Checksum)
	x.close("CopyPartResult")
	c.xml(http.StatusOK, x)
	return nil
}

// partNamed returns the upload id and the part number of an upload of a part, which must both be there.
func (c *call) partNamed() (upload string, number int, err error) {
	if upload = c.query.Get("uploadId"); upload == "" {
		return "", 0, api.InvalidArgumentf("uploadId", "", "This operation does not accept an empty uploadId")
	}
	number, err = c.partNumber()
	if err == nil && number == 0 {
		err = api.InvalidArgumentf("partNumber", "", "This operation needs a partNumber")
	}
	return upload, number, err
}

// completeRequest is the body of CompleteMultipartUpload.
type completeRequest struct {
	XMLName xml.Name       `xml:"CompleteMultipartUpload"`
	Parts   completedParts `xml:"Part"`
}

type completedPart struct {
	PartNumber *int
	ETag       string
	Others     partElements `xml:",any"` // such as ChecksumCRC32
}

type partElement struct {
	XMLName xml.Name
	Text    string `xml:",chardata"`
}

type partElements []partElement

// UnmarshalXML implements xml.Unmarshaler.
func (e *partElements) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	return appendElement((*[]partElement)(e), len(checksumFields), d, start)
}

// named checks what the client lists, and returns it.
func (p *completedPart) named() (api.CompletedPart, error) {
	if p.PartNumber == nil || p.ETag == "" {
		return api.CompletedPart{}, api.NewError(api.MalformedXML)
	}
	if *p.PartNumber < 1 {
		return api.CompletedPart{}, api.InvalidArgumentf("PartNumber", strconv.Itoa(*p.PartNumber), "PartNumber must be >= 1")
	}
	checksum, err := p.checksum()
	return api.CompletedPart{Number: *p.PartNumber, ETag: p.ETag, Checksum: checksum}, err
}

// checksum is the one that the client lists, zero for none.
func (p *completedPart) checksum() (eventlog.Checksum, error) {
	var found eventlog.Checksum
	valid, all := true, ""
	for _, element := range p.Others {
		for i := range checksumFields {
			f := &checksumFields[i]
			if element.XMLName.Local == f.element && element.Text != "" {
				valid = valid && found.Algorithm == "" && f.valid(element.Text)
				found = eventlog.Checksum{Algorithm: f.algorithm, Value: element.Text}
				all += f.algorithm + ":" + element.Text + ";"
			}
		}
	}
	if !valid {
		return found, api.InvalidArgumentf("Checksum", all, "Invalid Base64 or multiple checksums present in request")
	}
	return found, nil
}

type completedParts []completedPart

// UnmarshalXML implements xml.Unmarshaler.
func (p *completedParts) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	return appendElement((*[]completedPart)(p), api.MaxPartNumber, d, start)
}

// completeMultipartUpload implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
func (c *call) completeMultipartUpload() error {
	in, err := c.completion()
	if err != nil {
		return err
	}
	// The checksum headers are about the object, and not, as elsewhere, about the body.
	var request completeRequest
	body := api.Body{Reader: &c.body, Length: c.verified.Length}
	if err := c.contentMD5(&body); err != nil {
		return err
	}
	if err := c.readDocument(&request, body, maxKeyList); err != nil {
		return err
	}
	for i := range request.Parts {
		part, err := request.Parts[i].named()
		if err != nil {
			return err
		}
		in.Parts = append(in.Parts, part)
	}
	created, err := c.h.Service.CompleteUpload(c.r.Context(), c.by, in)
	if err != nil {
		return err
	}
	setIf(c.w.Header(), versionHeader, created.VersionID)
	object := created.Object
	c.size = object.Size
	x := newXML(1024)
	x.root("CompleteMultipartUploadResult")
	x.text("Location", c.objectURL())
	x.text("Bucket", c.bucket)
	x.text("Key", c.key)
	x.etag(object.ETag)
	x.checksum(object.Checksum)
	x.textIf("ChecksumType", object.Checksum.Type)
	x.close("CompleteMultipartUploadResult")
	c.xml(http.StatusOK, x)
	return nil
}

// completion reads what the headers say about the object that an upload becomes.
func (c *call) completion() (api.CompleteUploadInput, error) {
	in := api.CompleteUploadInput{
		Bucket: c.bucket, Key: c.key, Upload: c.query.Get("uploadId"), Conditions: c.writeConditions(),
	}
	f, value, err := c.checksumHeader()
	if err != nil {
		return in, err
	}
	if in.Checksum.Type, err = c.checksumType(); err != nil {
		return in, err
	}
	if f != nil {
		if !f.validOfParts(value) {
			return in, invalidChecksum(f)
		}
		in.Checksum.Algorithm, in.Checksum.Value = f.algorithm, value
	}
	if value := c.header("X-Amz-Mp-Object-Size"); value != "" {
		size, err := strconv.ParseInt(value, 10, 64)
		if err != nil || size < 0 {
			return in, api.Errorf(api.InvalidRequest, "Value for x-amz-mp-object-size header is invalid.")
		}
		in.Size = &size
	}
	return in, nil
}

// abortMultipartUpload implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
func (c *call) abortMultipartUpload() error {
	if err := c.h.Service.AbortUpload(c.r.Context(), c.by, c.bucket, c.key, c.query.Get("uploadId")); err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}
