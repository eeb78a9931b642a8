package s3

import (
	"html"
	"strings"
	"testing"
)

// completed lists one part by its ETag and, if there is one, a checksum element.
func completed(etag, checksum string) string {
	return "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + html.EscapeString(etag) + "</ETag>" +
		checksum + "</Part></CompleteMultipartUpload>"
}

func TestAnUploadCanBeCompletedAgain(t *testing.T) {
	s := newBucket(t, "bucket")
	id := s.do("POST", "/bucket/key?uploads", "").want(200, "").element("UploadId")
	etag := s.do("PUT", "/bucket/key?partNumber=1&uploadId="+id, "content").want(200, "").header.Get("ETag")
	first := s.do("POST", "/bucket/key?uploadId="+id, completed(etag, "")).want(200, "")
	second := s.do("POST", "/bucket/key?uploadId="+id, completed(etag, "")).want(200, "")
	if first.element("ETag") != second.element("ETag") {
		t.Errorf("completed first as %s, then as %s", first.body, second.body)
	}
	s.do("POST", "/bucket/key?uploadId="+id, completed(strings.Repeat("0", 32), "")).want(404, "NoSuchUpload")

	other := s.do("POST", "/bucket/key?uploads", "").want(200, "").element("UploadId")
	s.do("PUT", "/bucket/key?partNumber=1&uploadId="+other, "content").want(200, "")
	s.do("DELETE", "/bucket/key?uploadId="+other, "").want(204, "")
	s.do("POST", "/bucket/key?uploadId="+other, completed(etag, "")).want(404, "NoSuchUpload")

	s.do("PUT", "/bucket/key", "something else").want(200, "")
	s.do("POST", "/bucket/key?uploadId="+id, completed(etag, "")).want(404, "NoSuchUpload")
}

func TestAnEmptyPartMakesAnEmptyObject(t *testing.T) {
	s := newBucket(t, "bucket")
	id := s.do("POST", "/bucket/key?uploads", "").want(200, "").element("UploadId")
	etag := s.do("PUT", "/bucket/key?partNumber=1&uploadId="+id, "").want(200, "").header.Get("ETag")
	s.do("POST", "/bucket/key?uploadId="+id, completed(etag, "")).want(200, "")
	if a := s.do("GET", "/bucket/key", "").want(200, ""); len(a.body) > 0 {
		t.Errorf("got %q", a.body)
	}
}
