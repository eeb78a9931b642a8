package s3

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/api"
)

// newUpload begins an upload of "key" and returns its URL.
func (s *testServer) newUpload(headers ...string) string {
	s.t.Helper()
	return "/bucket/key?uploadId=" + s.do("POST", "/bucket/key?uploads", "", headers...).want(200, "").element("UploadId")
}

// wantMessage checks what an error says, which clients' users look for.
func (a *answer) wantMessage(message string) {
	a.t.Helper()
	if got := a.element("Message"); got != message {
		a.t.Errorf("%s: message is %q, want %q", a.what, got, message)
	}
}

// Where the upload chooses no algorithm, each part keeps the checksum that it comes with, and the object gets the default
// one all the same.
func TestPartsOfAnUploadWithoutAnAlgorithm(t *testing.T) {
	s := newBucket(t, "bucket")
	upload := s.newUpload()
	first, second := strings.Repeat("a", api.MinPartSize), "second"
	crc, sha := sum(api.CRC32, first), sum(api.SHA256, second)
	s.do("PUT", upload+"&partNumber=1", first, "X-Amz-Checksum-Crc32: AAAAAA==").want(400, "BadDigest")
	a := s.do("PUT", upload+"&partNumber=1", first, "X-Amz-Checksum-Crc32: "+crc).want(200, "")
	b := s.do("PUT", upload+"&partNumber=2", second, "X-Amz-Checksum-Sha256: "+sha).want(200, "")
	if a.header.Get("X-Amz-Checksum-Crc32") != crc || b.header.Get("X-Amz-Checksum-Sha256") != sha {
		t.Errorf("answered %v and %v", a.header, b.header)
	}
	if list := s.do("GET", upload, "").want(200, ""); list.element("ChecksumCRC32") != crc || list.element("ChecksumSHA256") != sha {
		t.Errorf("listed as %s", list.body)
	}
	document := func(sha string) string {
		return "<CompleteMultipartUpload>" +
			"<Part><PartNumber>1</PartNumber><ETag>" + a.header.Get("ETag") + "</ETag></Part>" +
			"<Part><PartNumber>2</PartNumber><ETag>" + b.header.Get("ETag") + "</ETag><ChecksumSHA256>" + sha + "</ChecksumSHA256></Part>" +
			"</CompleteMultipartUpload>"
	}
	s.do("POST", upload, document(sum(api.SHA256, "other"))).want(400, "InvalidPart")
	s.do("POST", upload, document(sha), "X-Amz-Checksum-Crc64nvme: "+sum(api.CRC64NVME, "other")).want(400, "BadDigest")
	want := sum(api.CRC64NVME, first+second)
	a = s.do("POST", upload, document(sha), "X-Amz-Checksum-Crc64nvme: "+want).want(200, "")
	if a.element("ChecksumCRC64NVME") != want || a.element("ChecksumType") != "FULL_OBJECT" {
		t.Errorf("completed as %s, want %s", a.body, want)
	}
}

func TestThePartsChecksumIsThatOfTheUpload(t *testing.T) {
	s := newBucket(t, "bucket")
	composite := s.newUpload("X-Amz-Checksum-Algorithm: SHA256") + "&partNumber=1"
	s.do("PUT", composite, lyric, "X-Amz-Checksum-Crc32: "+sum(api.CRC32, lyric)).want(400, "InvalidRequest").
		wantMessage("Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32")
	s.do("PUT", composite, lyric).want(400, "InvalidRequest").
		wantMessage("Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: null")
	s.do("PUT", composite, lyric, "X-Amz-Sdk-Checksum-Algorithm: CRC32", "X-Amz-Checksum-Sha256: "+sum(api.SHA256, lyric)).
		want(400, "InvalidRequest").wantMessage("Value for x-amz-sdk-checksum-algorithm header is invalid.")

	// The checksums of whole objects are computed for those who don't send them, and those of parts that are copied.
	full := s.newUpload("X-Amz-Checksum-Algorithm: CRC32C", "X-Amz-Checksum-Type: FULL_OBJECT") + "&partNumber=1"
	if a := s.do("PUT", full, lyric).want(200, ""); a.header.Get("X-Amz-Checksum-Crc32c") != sum(api.CRC32C, lyric) {
		t.Errorf("answered %v", a.header)
	}
	s.do("PUT", "/bucket/source", lyric).want(200, "")
	a := s.do("PUT", composite, "", "X-Amz-Copy-Source: bucket/source").want(200, "")
	if a.element("ChecksumSHA256") != sum(api.SHA256, lyric) {
		t.Errorf("copied as %s", a.body)
	}
}

func TestACompletionChecksTheChecksumsOfParts(t *testing.T) {
	s := newBucket(t, "bucket")
	element := func(algorithm, value string) string {
		name := field(algorithm).element
		return "<" + name + ">" + value + "</" + name + ">"
	}
	right := element(api.SHA1, sum(api.SHA1, lyric))
	composite := s.newUpload("X-Amz-Checksum-Algorithm: SHA1")
	etag := s.do("PUT", composite+"&partNumber=1", lyric, "X-Amz-Checksum-Sha1: "+sum(api.SHA1, lyric)).want(200, "").header.Get("ETag")
	for _, test := range []struct{ listed, code, message string }{
		{
			"", "InvalidRequest", "The upload was created using a sha1 checksum. The complete request must include the checksum " +
				"for each part. It was missing for part 1 in the request.",
		},
		{element(api.CRC32, sum(api.CRC32, lyric)), "BadDigest", "The crc32 you specified for part 1 did not match what we received."},
		{element(api.SHA1, sum(api.SHA1, "other")), "InvalidPart", ""},
		{element(api.SHA1, "nonsense"), "InvalidArgument", "Invalid Base64 or multiple checksums present in request"},
		{right + element(api.MD5, sum(api.MD5, lyric)), "InvalidArgument", "Invalid Base64 or multiple checksums present in request"},
	} {
		a := s.do("POST", composite, completed(etag, test.listed)).want(400, test.code)
		if test.message != "" {
			a.wantMessage(test.message)
		}
	}
	raw := sha1Sum(lyric)
	whole := sum(api.SHA1, raw)
	for _, test := range []struct{ header, code string }{
		{"X-Amz-Checksum-Sha1: " + whole + "-a", "InvalidRequest"},
		{"X-Amz-Checksum-Sha1: " + whole + "-1-1", "InvalidRequest"},
		{"X-Amz-Checksum-Sha1: " + whole + "-2", "BadDigest"},
		{"X-Amz-Checksum-Crc32: AAAAAA==", "BadDigest"},
		{"X-Amz-Checksum-Type: FULL_OBJECT", "InvalidRequest"},
		{"X-Amz-Checksum-Type: other", "InvalidRequest"},
	} {
		s.do("POST", composite, completed(etag, right), test.header).want(400, test.code)
	}
	// The number of parts may be left out.
	a := s.do("POST", composite, completed(etag, right), "X-Amz-Checksum-Sha1: "+whole).want(200, "")
	if got := a.element("ChecksumSHA1"); got != whole+"-1" {
		t.Errorf("completed as %s, want %s-1", got, whole)
	}

	full := s.newUpload("X-Amz-Checksum-Algorithm: CRC32", "X-Amz-Checksum-Type: FULL_OBJECT")
	s.do("PUT", full+"&partNumber=1", lyric).want(200, "")
	s.do("POST", full, completed(etag, "")).want(200, "")
}

// sha1Sum is the SHA-1 of content as raw bytes.
func sha1Sum(content string) string {
	raw, err := hex.DecodeString(string(testSums[api.SHA1](content)))
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func TestCompletionsThatAreNotWellFormed(t *testing.T) {
	s := newBucket(t, "bucket")
	upload := s.newUpload()
	etag := s.do("PUT", upload+"&partNumber=1", lyric).want(200, "").header.Get("ETag")
	for _, test := range []struct{ part, code string }{
		{"<ETag>" + etag + "</ETag>", "MalformedXML"},
		{"<PartNumber>1</PartNumber>", "MalformedXML"},
		{"<PartNumber>1</PartNumber><ETag></ETag>", "MalformedXML"},
		{"<PartNumber>x</PartNumber><ETag>" + etag + "</ETag>", "MalformedXML"},
		{"<PartNumber>0</PartNumber><ETag>" + etag + "</ETag>", "InvalidArgument"},
		{"<PartNumber>-1</PartNumber><ETag>" + etag + "</ETag>", "InvalidArgument"},
		{"<PartNumber>10001</PartNumber><ETag>" + etag + "</ETag>", "InvalidPart"},
		{"<PartNumber>2</PartNumber><ETag>" + etag + "</ETag>", "InvalidPart"},
		{"<PartNumber>1</PartNumber><ETag>" + strings.Repeat("0", 32) + "</ETag>", "InvalidPart"},
		{"<PartNumber>1</PartNumber><ETag>" + etag + "</ETag></Part><Part><PartNumber>1</PartNumber><ETag>" + etag + "</ETag>", "InvalidPartOrder"},
	} {
		s.do("POST", upload, "<CompleteMultipartUpload><Part>"+test.part+"</Part></CompleteMultipartUpload>").want(400, test.code)
	}
	for _, etag := range []string{etag, strings.Trim(etag, `"`), "&quot;" + strings.Trim(etag, `"`) + "&quot;"} {
		s.do("POST", upload, "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+etag+"</ETag></Part></CompleteMultipartUpload>").
			want(200, "")
	}
}

func TestListMultipartUploadsMarkers(t *testing.T) {
	s := newBucket(t, "bucket")
	ids := make([]string, 3)
	for i := range ids {
		ids[i] = strings.TrimPrefix(s.newUpload(), "/bucket/key?uploadId=")
	}
	s.do("DELETE", "/bucket/key?uploadId="+ids[1], "").want(204, "")
	after := func(id string) *answer { return s.do("GET", "/bucket?uploads&key-marker=key&upload-id-marker="+id, "") }
	if a := after(ids[0]).want(200, ""); a.element("UploadId") != ids[2] || a.element("UploadIdMarker") != ids[0] {
		t.Errorf("after %s: %s", ids[0], a.body)
	}
	// Who aborts the uploads of a page asks for the next one with the last of those.
	if a := after(ids[1]).want(200, ""); a.element("UploadId") != ids[2] {
		t.Errorf("after %s: %s", ids[1], a.body)
	}
	after("non*sense").want(400, "InvalidArgument").wantMessage("Invalid uploadId marker")
	if a := s.do("GET", "/bucket?uploads&upload-id-marker=nonsense", "").want(200, ""); len(a.elements("UploadId")) != 2 {
		t.Errorf("without a key: %s", a.body)
	}
}

func TestAnUploadIsNotAbortedUnderAConditionThatIsNotChecked(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("DELETE", s.newUpload(), "", "X-Amz-If-Match-Initiated-Time: Mon, 01 Jan 2024 00:00:00 GMT").want(501, "NotImplemented")
}
