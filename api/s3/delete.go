package s3

import (
	"cmp"
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/bleepstore/bleepstore/api"
)

// deleteObject implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
func (c *call) deleteObject() error {
	version, err := c.version()
	if err != nil {
		return err
	}
	conditions, err := deleteConditions(
		c.headerList("If-Match"), c.header("X-Amz-If-Match-Last-Modified-Time"), c.header("X-Amz-If-Match-Size"))
	if err != nil {
		return err
	}
	result, err := c.h.Service.DeleteObject(c.r.Context(), c.by, c.bucket, api.DeleteKey{
		Key: c.key, Version: version, Conditions: conditions,
	})
	if err != nil {
		return err
	}
	header := c.w.Header()
	setIf(header, versionHeader, cmp.Or(result.MarkerVersion, result.Version))
	if result.Marker {
		header[markerHeader] = []string{"true"}
	}
	return c.empty(http.StatusNoContent)
}

// deleteConditions reads what an object to delete must be like; empty texts ask for nothing.
func deleteConditions(etag, modified, size string) (api.DeleteConditions, error) {
	conditions := api.DeleteConditions{IfMatch: etag}
	if modified != "" {
		t, err := parseTime(modified)
		if err != nil {
			return conditions, api.InvalidArgumentf("x-amz-if-match-last-modified-time", modified, "Invalid last modified time")
		}
		conditions.LastModified = t
	}
	if size != "" {
		n, err := strconv.ParseInt(size, 10, 64)
		if err != nil || n < 0 {
			return conditions, api.InvalidArgumentf("x-amz-if-match-size", size, "Invalid size")
		}
		conditions.Size = &n
	}
	return conditions, nil
}

// parseTime reads a time as HTTP headers or as documents have it: SDKs send both.
func parseTime(text string) (time.Time, error) {
	if t, err := http.ParseTime(text); err == nil {
		return t, nil
	}
	return time.Parse(time.RFC3339, text)
}

// deleteRequest is the body of DeleteObjects.
type deleteRequest struct {
	XMLName xml.Name `xml:"Delete"`
	Quiet   bool
	Objects deleteEntries `xml:"Object"`
}

// deleteEntry is an object to delete. What is nil was not given.
type deleteEntry struct{ key, version, etag, modified, size *string }

// UnmarshalXML implements xml.Unmarshaler. An element that is unknown or there twice is an error: what was meant by it
// could be a condition, or another object.
func (e *deleteEntry) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	fields := map[string]**string{
		"Key": &e.key, "VersionId": &e.version, "ETag": &e.etag, "LastModifiedTime": &e.modified, "Size": &e.size,
	}
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			field, known := fields[t.Name.Local]
			if !known || *field != nil {
				return errors.New("unexpected element " + t.Name.Local)
			}
			if err := d.DecodeElement(field, &t); err != nil {
				return err
			}
			if **field == "" {
				return errors.New("empty element " + t.Name.Local)
			}
		}
	}
}

type deleteEntries []deleteEntry

// UnmarshalXML implements xml.Unmarshaler.
func (e *deleteEntries) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	return appendElement((*[]deleteEntry)(e), api.MaxDeleteKeys, d, start)
}

// appendElement decodes an element to the end of a list that has a limit. It bounds the memory that a small body of many
// empty elements would take.
func appendElement[T any](list *[]T, limit int, d *xml.Decoder, start xml.StartElement) error {
	if len(*list) == limit {
		return errors.New("too many elements: " + start.Name.Local)
	}
	var element T
	if err := d.DecodeElement(&element, &start); err != nil {
		return err
	}
	*list = append(*list, element)
	return nil
}

// keys are the entries for the Service.
func (r *deleteRequest) keys() ([]api.DeleteKey, error) {
	if len(r.Objects) == 0 {
		return nil, api.NewError(api.MalformedXML)
	}
	keys := make([]api.DeleteKey, len(r.Objects))
	for i, entry := range r.Objects {
		conditions, err := deleteConditions(text(entry.etag), text(entry.modified), text(entry.size))
		if err != nil || entry.key == nil {
			return nil, api.NewError(api.MalformedXML)
		}
		keys[i] = api.DeleteKey{Key: *entry.key, Version: text(entry.version), Conditions: conditions}
	}
	return keys, nil
}

// text is the text of an element, empty if there is none.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// deleteObjects implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
func (c *call) deleteObjects() error {
	body, err := c.content()
	if err != nil {
		return err
	}
	if body.MD5 == nil && body.Checksum == nil {
		return api.Errorf(api.InvalidRequest, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	var request deleteRequest
	if err := c.readDocument(&request, body, maxKeyList); err != nil {
		return err
	}
	keys, err := request.keys()
	if err != nil {
		return err
	}
	results, err := c.h.Service.DeleteObjects(c.r.Context(), c.by, c.bucket, keys)
	if err != nil {
		return err
	}
	x := newXML(256 + 128*len(results))
	x.root("DeleteResult")
	for _, result := range results {
		x.deleted(result, request.Quiet)
	}
	x.close("DeleteResult")
	c.xml(http.StatusOK, x)
	return nil
}

// deleted writes what became of one entry; of a success, quiet says nothing.
func (x *xmlWriter) deleted(result api.DeleteResult, quiet bool) {
	name := "Deleted"
	if result.Err != nil {
		name = "Error"
	} else if quiet {
		return
	}
	x.open(name)
	x.text("Key", result.Key)
	x.textIf("VersionId", result.Version)
	if result.Marker {
		x.bool("DeleteMarker", true)
		x.text("DeleteMarkerVersionId", result.MarkerVersion)
	}
	if result.Err != nil {
		x.text("Code", string(result.Err.Code))
		x.text("Message", result.Err.Message)
	}
	x.close(name)
}
