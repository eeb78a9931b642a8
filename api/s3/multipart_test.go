package s3

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/api"
)

func TestMultipartUpload(t *testing.T) {
	s := newBucket(t, "bucket")
	a := s.do("POST", "/bucket/a%20b?uploads", "", "Content-Type: text/plain", "X-Amz-Checksum-Algorithm: CRC32",
		"X-Amz-Checksum-Type: FULL_OBJECT").want(200, "")
	id := a.element("UploadId")
	if a.element("Bucket") != "bucket" || a.element("Key") != "a b" || id == "" ||
		a.header.Get("X-Amz-Checksum-Algorithm") != "CRC32" || a.header.Get("X-Amz-Checksum-Type") != "FULL_OBJECT" {
		t.Errorf("headers %v, body %s", a.header, a.body)
	}
	upload := "/bucket/a%20b?uploadId=" + id
	parts := []string{strings.Repeat("a", api.MinPartSize), "b"}
	complete := ""
	for i, part := range parts {
		target := fmt.Sprintf("%s&partNumber=%d", upload, i+1)
		s.do("PUT", target, part, "Content-MD5: "+md5Base64("other")).want(400, "BadDigest")
		a := s.do("PUT", target, part, "X-Amz-Checksum-Crc32: "+crc32Base64(part)).want(200, "")
		if a.header.Get("X-Amz-Checksum-Crc32") != crc32Base64(part) {
			t.Errorf("headers %v", a.header)
		}
		complete += fmt.Sprintf("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag><ChecksumCRC32>%s</ChecksumCRC32></Part>",
			i+1, a.header.Get("ETag"), crc32Base64(part))
	}
	complete = "<CompleteMultipartUpload>" + complete + "</CompleteMultipartUpload>"

	if got := s.do("GET", upload+"&encoding-type=url", "").want(200, "").element("EncodingType"); got != "url" {
		t.Errorf("EncodingType is %q", got)
	}
	a = s.do("GET", upload+"&max-parts=1", "").want(200, "")
	for element, want := range map[string]string{
		"Key": "a b", "UploadId": id, "ID": "c0ffee", "StorageClass": "STANDARD", "PartNumberMarker": "0", "NextPartNumberMarker": "1",
		"MaxParts": "1", "IsTruncated": "true", "PartNumber": "1", "Size": "5242880", "ChecksumCRC32": crc32Base64(parts[0]),
		"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT",
	} {
		if got := a.element(element); got != want {
			t.Errorf("ListParts: %s is %q, want %q", element, got, want)
		}
	}
	a = s.do("GET", upload+"&part-number-marker=1", "").want(200, "")
	if !slices.Equal(a.elements("PartNumber"), []string{"2"}) {
		t.Errorf("body %s", a.body)
	}
	a = s.do("GET", "/bucket?uploads&encoding-type=url", "").want(200, "")
	if a.element("Key") != "a+b" || a.element("UploadId") != id || a.element("Initiated") == "" || a.element("MaxUploads") != "1000" {
		t.Errorf("body %s", a.body)
	}

	whole := crc32Base64(strings.Join(parts, ""))
	s.do("POST", upload, complete, "X-Amz-Checksum-Crc32: nonsense").want(400, "InvalidRequest")
	s.do("POST", upload, complete, "X-Amz-Checksum-Crc32: "+crc32Base64("other")).want(400, "BadDigest")
	s.do("POST", upload, complete, "X-Amz-Mp-Object-Size: 1").want(400, "InvalidRequest")
	s.do("POST", upload, complete, "X-Amz-Mp-Object-Size: x").want(400, "InvalidRequest")
	s.do("POST", upload, strings.Replace(complete, "<ETag>", "<ETag>x", 1)).want(400, "InvalidPart")
	a = s.do("POST", upload, complete, "X-Amz-Checksum-Crc32: "+whole, "X-Amz-Checksum-Type: FULL_OBJECT",
		"X-Amz-Mp-Object-Size: 5242881").want(200, "")
	if a.element("Location") != s.url+"/bucket/a%20b" || a.element("Bucket") != "bucket" || a.element("Key") != "a b" ||
		!strings.HasSuffix(a.element("ETag"), `-2"`) || a.element("ChecksumCRC32") != whole || a.element("ChecksumType") != "FULL_OBJECT" {
		t.Errorf("body %s", a.body)
	}

	a = s.do("GET", "/bucket/a%20b?partNumber=2", "").want(206, "")
	if a.body != "b" || a.header.Get("X-Amz-Mp-Parts-Count") != "2" || a.header.Get("Content-Range") != "bytes 5242880-5242880/5242881" ||
		a.header.Get("Content-Type") != "text/plain" {
		t.Errorf("part 2 is %q with %v", a.body, a.header)
	}
}

func TestAbortMultipartUpload(t *testing.T) {
	s := newBucket(t, "bucket")
	id := s.do("POST", "/bucket/key?uploads", "").want(200, "").element("UploadId")
	s.do("DELETE", "/bucket/key?uploadId="+id, "").want(204, "")
	s.do("DELETE", "/bucket/key?uploadId="+id, "").want(404, "NoSuchUpload")
	s.do("PUT", "/bucket/key?partNumber=1&uploadId="+id, "x").want(404, "NoSuchUpload")
	s.do("GET", "/bucket/key?uploadId="+id, "").want(404, "NoSuchUpload")
}

func TestUploadPartCopy(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/source", "0123456789").want(200, "")
	id := s.do("POST", "/bucket/key?uploads", "").want(200, "").element("UploadId")
	part := "/bucket/key?partNumber=1&uploadId=" + id
	source := "X-Amz-Copy-Source: bucket/source"
	for _, r := range []string{"bytes=0-10", "bytes=5-", "bytes=-5", "5-6"} {
		s.do("PUT", part, "", source, "X-Amz-Copy-Source-Range: "+r).want(400, "InvalidArgument")
	}
	s.do("PUT", part, "", source, "X-Amz-Copy-Source-If-Match: other").want(412, "PreconditionFailed")
	s.do("PUT", part, "", source).want(200, "")
	etag := s.do("PUT", part, "", source, "X-Amz-Copy-Source-Range: bytes=2-4").want(200, "").element("ETag")
	s.do("POST", "/bucket/key?uploadId="+id, "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+
		html.EscapeString(etag)+"</ETag></Part></CompleteMultipartUpload>").want(200, "")
	if got := s.do("GET", "/bucket/key", "").want(200, ""); string(got.body) != "234" {
		t.Errorf("the copied part holds %q, want %q", got.body, "234")
	}
}

func TestMultipartUploadRefuses(t *testing.T) {
	s := newBucket(t, "bucket")
	id := s.do("POST", "/bucket/key?uploads", "").want(200, "").element("UploadId")
	for _, number := range []string{"0", "10001", "x", "-1", ""} {
		s.do("PUT", "/bucket/key?uploadId="+id+"&partNumber="+number, "x").want(400, "InvalidArgument")
	}
	s.do("PUT", "/bucket/key?partNumber=1&uploadId="+id, "", "X-Amz-Copy-Source: bucket/missing").want(404, "NoSuchKey")
	s.do("POST", "/bucket/key?uploads", "", "X-Amz-Checksum-Algorithm: MD4").want(400, "InvalidRequest")
	s.do("POST", "/bucket/key?uploads", "", "X-Amz-Checksum-Type: COMPOSITE").want(400, "InvalidRequest")
	s.do("POST", "/bucket/key?uploadId="+id, "").want(400, "MissingRequestBodyError")
	for _, body := range []string{
		"<CompleteMultipartUpload/>", "<Other/>", "<CompleteMultipartUpload><Part><PartNumber>x</PartNumber></Part></CompleteMultipartUpload>",
		"<CompleteMultipartUpload>" + strings.Repeat("<Part/>", 10_001) + "</CompleteMultipartUpload>",
	} {
		if a := s.do("POST", "/bucket/key?uploadId="+id, body); a.element("Code") != "MalformedXML" {
			t.Errorf("%.60s: got %d %s", body, a.status, a.body)
		}
	}
}

func FuzzCompleteMultipartUpload(f *testing.F) {
	f.Add([]byte("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag><ChecksumSHA1>s</ChecksumSHA1></Part></CompleteMultipartUpload>"))
	f.Add([]byte("<CompleteMultipartUpload><Part/></CompleteMultipartUpload>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var request completeRequest
		if !checkDecode(t, data, &request) {
			return
		}
		if len(request.Parts) > api.MaxPartNumber {
			t.Errorf("%d parts", len(request.Parts))
		}
		for i := range request.Parts {
			if c, err := request.Parts[i].checksum(); err == nil && (c.Algorithm == "") != (c.Value == "") {
				t.Errorf("%q gives %+v", data, c)
			}
		}
	})
}
