package s3

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

func TestWhatAClientSaysOfItsBodyIsChecked(t *testing.T) {
	s := newBucket(t, "bucket")
	good, bad := crc32Base64(lyric), crc32Base64("other")
	for _, test := range []struct {
		headers []string
		status  int
		code    string
	}{
		{[]string{"Content-MD5: " + md5Base64(lyric)}, 200, ""},
		{[]string{"Content-MD5: " + md5Base64("other")}, 400, "BadDigest"},
		{[]string{"Content-MD5: nonsense"}, 400, "InvalidDigest"},
		{[]string{"Content-MD5: "}, 400, "InvalidDigest"},
		{[]string{"Content-MD5: " + good}, 400, "InvalidDigest"},
		{[]string{"X-Amz-Checksum-Crc32: " + good}, 200, ""},
		{[]string{"X-Amz-Checksum-Crc32: " + good, "X-Amz-Sdk-Checksum-Algorithm: crc32"}, 200, ""},
		{[]string{"X-Amz-Checksum-Crc32: " + bad}, 400, "BadDigest"},
		{[]string{"X-Amz-Checksum-Crc32: nonsense"}, 400, "InvalidRequest"},
		{[]string{"X-Amz-Checksum-Crc32: "}, 400, "InvalidRequest"},
		{[]string{"X-Amz-Checksum-Sha256: " + good}, 400, "InvalidRequest"},
		{[]string{"X-Amz-Checksum-Sha512: " + good}, 400, "InvalidRequest"},
		{[]string{"X-Amz-Checksum-Crc32: " + good, "X-Amz-Checksum-Crc32c: " + good}, 400, "InvalidRequest"},
		{[]string{"X-Amz-Checksum-Crc32: " + good, "X-Amz-Sdk-Checksum-Algorithm: SHA1"}, 400, "InvalidRequest"},
		{[]string{"X-Amz-Sdk-Checksum-Algorithm: CRC32"}, 400, "InvalidRequest"},
	} {
		key := fmt.Sprintf("/bucket/%x", test.headers)
		a := s.do("PUT", key, lyric, test.headers...)
		if a.status != test.status || test.code != "" && a.element("Code") != test.code {
			t.Errorf("%v: got %d %s, want %d %s", test.headers, a.status, a.body, test.status, test.code)
		}
		stored := s.do("HEAD", key, "").status == 200
		if stored != (test.status == 200) {
			t.Errorf("%v: stored: %v", test.headers, stored)
		}
	}
}

func TestAnUploadAnswersWithItsETagAndChecksum(t *testing.T) {
	s := newBucket(t, "bucket")
	a := s.do("PUT", "/bucket/key", lyric, "X-Amz-Checksum-Crc32: "+crc32Base64(lyric)).want(200, "")
	for name, value := range map[string]string{
		"ETag": `"781e5e245d69b566979b86e28d23f2c7"`, "X-Amz-Checksum-Crc32": crc32Base64(lyric),
		"X-Amz-Checksum-Type": "FULL_OBJECT", "Content-Length": "0",
	} {
		if got := a.header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if a := s.do("PUT", "/bucket/key", lyric); len(a.header.Get("X-Amz-Checksum-Crc64nvme")) != 12 {
		t.Errorf("headers %v", a.header)
	}
}

// chunked is a body in the aws-chunked encoding, with a trailing checksum.
func chunked(content, checksum string) string {
	return fmt.Sprintf("%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n", len(content), content, checksum)
}

func TestTrailingChecksumsAreVerified(t *testing.T) {
	s := newBucket(t, "bucket")
	put := func(body string, headers ...string) *answer {
		r := s.request("PUT", "/bucket/key", body, append(headers, "Content-Encoding: gzip,aws-chunked", "X-Amz-Trailer: x-amz-checksum-crc32")...)
		r.ContentLength = -1 // that is, Transfer-Encoding: chunked
		s.sign(r, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		return s.send(r)
	}
	put(chunked(lyric, crc32Base64("other"))).want(400, "BadDigest")
	put(chunked(lyric, "nonsense")).want(400, "InvalidRequest")
	put(chunked(lyric, crc32Base64(lyric)), "X-Amz-Checksum-Crc32: "+crc32Base64(lyric)).want(400, "InvalidRequest")
	if s.do("HEAD", "/bucket/key", "").status != 404 {
		t.Error("something was stored")
	}
	a := put(chunked(lyric, crc32Base64(lyric))).want(200, "")
	if a.header.Get("X-Amz-Checksum-Crc32") != crc32Base64(lyric) {
		t.Errorf("headers %v", a.header)
	}
	a = s.do("GET", "/bucket/key", "").want(200, "")
	if a.body != lyric || a.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("got %q with %v", a.body, a.header)
	}
}

func TestALengthMustBeKnown(t *testing.T) {
	s := newBucket(t, "bucket")
	r := s.request("PUT", "/bucket/key", lyric)
	r.ContentLength = -1
	s.sign(r, "UNSIGNED-PAYLOAD")
	s.send(r).want(411, "MissingContentLength")

	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r = s.request("PUT", "/bucket/key", "")
	s.sign(r, "UNSIGNED-PAYLOAD")
	fmt.Fprintf(conn, "PUT /bucket/key HTTP/1.1\r\nHost: %s\r\n", r.Host)
	if err := r.Header.Write(conn); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil || response.StatusCode != http.StatusLengthRequired {
		t.Errorf("without a Content-Length: got %v, %v", response, err)
	}

	r = s.request("PUT", "/bucket/key", lyric, "Expect: 100-continue")
	r.ContentLength = 5<<30 + 1
	s.sign(r, "UNSIGNED-PAYLOAD")
	s.send(r).want(400, "EntityTooLarge")
}

func TestClientsAreToldToGoOn(t *testing.T) {
	s := newBucket(t, "bucket")
	for _, body := range []string{"", lyric} {
		told := 0
		trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			if code == http.StatusContinue {
				told++
			}
			return nil
		}}
		r := s.request("PUT", "/bucket/key", body, "Expect: 100-continue")
		s.sign(r, "UNSIGNED-PAYLOAD")
		s.send(r.WithContext(httptrace.WithClientTrace(r.Context(), trace))).want(200, "")
		if told != 1 {
			t.Errorf("%q: told to go on %d times", body, told)
		}
	}
}

func TestWhatAnObjectIsToHaveIsChecked(t *testing.T) {
	s := newBucket(t, "bucket")
	var many []string
	for i := range 11 {
		many = append(many, fmt.Sprintf("k%d=v", i))
	}
	long := strings.Repeat("x", 129)
	for _, test := range []struct {
		header string
		code   string // empty for success
	}{
		{"X-Amz-Storage-Class: GLACIER", ""},
		{"X-Amz-Storage-Class: standard", "InvalidStorageClass"},
		{"X-Amz-Meta-A: " + strings.Repeat("x", 2047), ""},
		{"X-Amz-Meta-A: " + strings.Repeat("x", 2048), "MetadataTooLarge"},
		{"X-Amz-Meta-A: \xff", "InvalidArgument"},
		{"X-Amz-Tagging: a=1&b=&c&d%20e=%2B", ""},
		{"X-Amz-Tagging: " + strings.Join(many[:10], "&"), ""},
		{"X-Amz-Tagging: " + strings.Join(many, "&"), "BadRequest"},
		{"X-Amz-Tagging: a=1&a=2", "InvalidArgument"},
		{"X-Amz-Tagging: a=%zz", "InvalidArgument"},
		{"X-Amz-Tagging: =", "InvalidArgument"},
		{"X-Amz-Tagging: " + long + "=1", "InvalidTag"},
		{"X-Amz-Tagging: a=" + long + long, "InvalidTag"},
		{"X-Amz-Tagging: a=%21", "InvalidTag"},
		{"X-Amz-Tagging: a=%ff", "InvalidTag"},
		{"X-Amz-Acl: private", ""},
		{"X-Amz-Acl: odd", "InvalidArgument"},
		{"X-Amz-Grant-Read: id=c0ffee", ""},
		{"X-Amz-Grant-Read: id=1", "InvalidArgument"},
		{"X-Amz-Server-Side-Encryption: AES256", "NotImplemented"},
		{"X-Amz-Server-Side-Encryption-Customer-Key: k", "NotImplemented"},
		{"X-Amz-Object-Lock-Mode: GOVERNANCE", "NotImplemented"},
		{"X-Amz-Expected-Bucket-Owner: c0ffee", ""},
		{"X-Amz-Expected-Bucket-Owner: 123456789012", "AccessDenied"},
		{"X-Amz-Write-Offset-Bytes: 3", "NotImplemented"},
		{`If-None-Match: "etag"`, "NotImplemented"},
		{"If-None-Match: *", ""},
		{`If-Match: "etag"`, "NoSuchKey"},
	} {
		key := "/bucket/" + md5Base64(test.header)[:4]
		a := s.do("PUT", key, lyric, test.header)
		if a.element("Code") != test.code || (a.status == http.StatusOK) != (test.code == "") {
			t.Errorf("%.60q: got %d %s, want %q", test.header, a.status, a.body, test.code)
		}
	}
}

func TestMetadataKeepsItsLines(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", "", "X-Amz-Meta-A: 1", "X-Amz-Meta-A: 2", "X-Amz-Meta-B_c: 3").want(200, "")
	a := s.do("GET", "/bucket/key", "").want(200, "")
	if got := a.header.Get("X-Amz-Meta-A"); got != "1,2" {
		t.Errorf("got %q", got)
	}
	if got := a.header.Get("X-Amz-Meta-B_c"); got != "3" {
		t.Errorf("got %q", got)
	}
}

// TestHeadersInPresignedURLs is about signers that move headers into the query.
func TestHeadersInPresignedURLs(t *testing.T) {
	s := newBucket(t, "bucket")
	presigned := func(query string) *http.Request {
		r := s.request("PUT", "/bucket/key?X-Amz-Expires=60&"+query, lyric)
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		credentials := aws.Credentials{AccessKeyID: testKey, SecretAccessKey: testSecret}
		url, _, err := signer.PresignHTTP(t.Context(), credentials, r, "UNSIGNED-PAYLOAD", "s3", testRegion, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return s.request("PUT", strings.TrimPrefix(url, s.url), lyric)
	}
	s.send(presigned("x-amz-server-side-encryption=AES256")).want(501, "NotImplemented")
	// The checksum is that of the empty body that the signer had. S3 ignores it there.
	s.send(presigned("x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32")).want(200, "")
}

func TestHeadersThatAreNotKeptMayBeAnything(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", lyric, "User-Agent: \xff", "X-Other: \xfe").want(200, "")
}
