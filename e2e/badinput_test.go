package e2e

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Every request here is refused with the code and the status that AWS documents, and changes nothing.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func TestBadRequests(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	key := "/" + bucket + "/key"
	body := []byte("body")
	good := request{method: "PUT", path: key, body: body}
	with := func(change func(*request)) request {
		r := good
		change(&r)
		return r
	}
	deletion := func(body string, header map[string]string) request {
		return request{method: "POST", path: "/" + bucket, query: "delete=", body: []byte(body), header: header}
	}
	md5 := map[string]string{"Content-MD5": contentMD5("<Delete><Object>")}

	for name, test := range map[string]struct {
		request request
		status  int
		code    string
	}{
		"wrong secret key":  {with(func(r *request) { r.secretKey = "wrong" }), 403, "SignatureDoesNotMatch"},
		"unknown key":       {with(func(r *request) { r.accessKey = "unknown" }), 403, "InvalidAccessKeyId"},
		"another region":    {with(func(r *request) { r.region = "eu-west-9" }), 400, "AuthorizationHeaderMalformed"},
		"clock behind":      {with(func(r *request) { r.at = time.Now().Add(-16 * time.Minute) }), 403, "RequestTimeTooSkewed"},
		"clock ahead":       {with(func(r *request) { r.at = time.Now().Add(16 * time.Minute) }), 403, "RequestTimeTooSkewed"},
		"no authentication": {with(func(r *request) { r.after = deleteHeader("Authorization") }), 403, "AccessDenied"},
		"malformed authorization": {with(func(r *request) {
			r.after = setHeader("Authorization", "AWS4-HMAC-SHA256 Credential=bleepstore")
		}), 400, "AuthorizationHeaderMalformed"},
		"other kind of authorization": {with(func(r *request) {
			r.after = setHeader("Authorization", "Basic YTpi")
		}), 400, "InvalidArgument"},
		"changed header": {with(func(r *request) {
			r.header = map[string]string{"x-amz-meta-is": "signed"}
			r.after = setHeader("x-amz-meta-is", "changed")
		}), 403, "SignatureDoesNotMatch"},
		"header that was not signed": {with(func(r *request) {
			r.after = setHeader("x-amz-meta-is", "new")
		}), 403, "AccessDenied"},
		"changed path": {with(func(r *request) {
			r.after = func(r *http.Request) { r.URL.Path += "2" }
		}), 403, "SignatureDoesNotMatch"},
		"other body than was hashed": {with(func(r *request) {
			r.payloadHash = strings.Repeat("0", 64)
		}), 400, "XAmzContentSHA256Mismatch"},
		"malformed body hash": {with(func(r *request) { r.payloadHash = "zero" }), 400, "InvalidArgument"},
		"wrong MD5": {with(func(r *request) {
			r.header = map[string]string{"Content-MD5": contentMD5("another")}
		}), 400, "BadDigest"},
		"malformed MD5": {with(func(r *request) {
			r.header = map[string]string{"Content-MD5": "eA=="}
		}), 400, "InvalidDigest"},
		"malformed checksum": {with(func(r *request) {
			r.header = map[string]string{"x-amz-checksum-crc32": "eA=="}
		}), 400, "InvalidRequest"},
		"two checksums": {with(func(r *request) {
			r.header = map[string]string{"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-crc32c": "AAAAAA=="}
		}), 400, "InvalidRequest"},
		"key of no UTF-8": {with(func(r *request) { r.path = "/" + bucket + "/%ff" }), 400, "InvalidURI"},
		"too much metadata": {with(func(r *request) {
			r.header = map[string]string{"x-amz-meta-is": strings.Repeat("m", 2049)}
		}), 400, "MetadataTooLarge"},
		"no such bucket":        {with(func(r *request) { r.path = "/no-such-bucket/key" }), 404, "NoSuchBucket"},
		"unknown method":        {with(func(r *request) { r.method = "PATCH" }), 405, "MethodNotAllowed"},
		"post to an object":     {with(func(r *request) { r.method = "POST" }), 405, "MethodNotAllowed"},
		"max-keys of no number": {request{method: "GET", path: "/" + bucket, query: "list-type=2&max-keys=x"}, 400, "InvalidArgument"},
		"unknown token": {request{
			method: "GET", path: "/" + bucket, query: "continuation-token=%21&list-type=2",
		}, 400, "InvalidArgument"},
		"unknown encoding":         {request{method: "GET", path: "/" + bucket, query: "encoding-type=x&list-type=2"}, 400, "InvalidArgument"},
		"part number of no digits": {with(func(r *request) { r.query = "partNumber=x&uploadId=y" }), 400, "InvalidArgument"},
		"unknown upload":           {with(func(r *request) { r.query = "partNumber=1&uploadId=y" }), 404, "NoSuchUpload"},

		"half a document":                  {deletion("<Delete><Object>", md5), 400, "MalformedXML"},
		"deletion of nothing":              {deletion("<Delete/>", map[string]string{"Content-MD5": contentMD5("<Delete/>")}), 400, "MalformedXML"},
		"deletion without a checksum":      {deletion("<Delete><Object><Key>a</Key></Object></Delete>", nil), 400, "InvalidRequest"},
		"deletion with the wrong checksum": {deletion("<Delete><Object><Key>a</Key></Object></Delete>", md5), 400, "BadDigest"},
		"malformed bucket configuration": {request{
			method: "PUT", path: "/new-bucket", body: []byte("<CreateBucketConfiguration"),
		}, 400, "MalformedXML"},
		"empty list of parts": {request{
			method: "POST", path: key, query: "uploadId=y", body: []byte("<CompleteMultipartUpload/>"),
		}, 400, "MalformedXML"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.do(t, test.request)
			if got.status != test.status || got.code() != test.code {
				t.Errorf("got status %d with code %q, want %d with %q:\n%s", got.status, got.code(), test.status, test.code, got.body)
			}
			if kind := got.header.Get("Content-Type"); kind != "application/xml" {
				t.Errorf("Content-Type is %q, want application/xml", kind)
			}
		})
	}
	if keys := listKeys(t, c, bucket); len(keys) > 0 {
		t.Errorf("left behind: %q", keys)
	}
	want(t, "status of the good request", s.do(t, good).status, 200)
}

// Signers that were made for other services of AWS do not send the header that says what of the body is signed.
func TestNoContentSHA256(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	put(t, c, bucket, "key", []byte("body"))
	for _, in := range []request{
		{method: "GET", path: "/" + bucket + "/key"},
		{method: "PUT", path: "/" + bucket + "/empty"},
		{method: "PUT", path: "/" + bucket + "/new", body: []byte("body"), payloadHash: "UNSIGNED-PAYLOAD"},
	} {
		in.hashUnsent = true
		want(t, "status of "+in.method+" "+in.path, s.do(t, in).status, 200)
	}
	wantBytes(t, get(t, c, bucket, "new"), []byte("body"))
}

func setHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func deleteHeader(name string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Del(name) }
}

// A client that promises more than it sends gets an error, if it still listens.
func TestTruncatedBody(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	for name, hash := range map[string]string{"signed": "", "unsigned": "UNSIGNED-PAYLOAD"} {
		t.Run(name, func(t *testing.T) {
			r := s.signed(t, request{
				method: "PUT", path: "/" + bucket + "/key", body: make([]byte, 200_000), length: 200_000, payloadHash: hash,
			})
			got := s.sendPart(t, r, 100_000)
			want(t, "status", got.status, 400)
			want(t, "code", got.code(), "IncompleteBody")
		})
	}
	if keys := listKeys(t, c, bucket); len(keys) > 0 {
		t.Errorf("left behind: %q", keys)
	}
}

// sendPart sends a request's head and so many bytes of a body, ends there, and reads the answer.
func (s *server) sendPart(t testing.TB, r *http.Request, bytes int) answer {
	t.Helper()
	conn := s.dial(t)
	writeHead(t, conn, r)
	if _, err := conn.Write(make([]byte, bytes)); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	return readAnswer(t, conn, r)
}

func readAnswer(t testing.TB, conn net.Conn, r *http.Request) answer {
	t.Helper()
	out, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: out.StatusCode, header: out.Header, body: readAll(t, out.Body)}
}

// dial connects to the server; the end of the test hangs up.
func (s *server) dial(t testing.TB) *net.TCPConn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", s.address(), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

func TestMissingLength(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	r := s.signed(t, request{method: "PUT", path: "/" + bucket + "/key"})
	conn := s.dial(t)
	writeHead(t, conn, r) // and no Content-Length: 0, which net/http would add
	got := readAnswer(t, conn, r)
	want(t, "status", got.status, 411)
	want(t, "code", got.code(), "MissingContentLength")
	if keys := listKeys(t, c, bucket); len(keys) > 0 {
		t.Errorf("left behind: %q", keys)
	}
}

// A size that can't be is refused before it is sent.
func TestTooLargeObject(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	bucket := newBucket(t, s.client())
	r := s.signed(t, request{
		method: "PUT", path: "/" + bucket + "/key", length: 5<<30 + 1, payloadHash: "UNSIGNED-PAYLOAD",
		header: map[string]string{"Expect": "100-continue"},
	})
	conn := s.dial(t)
	writeHead(t, conn, r)
	got := readAnswer(t, conn, r)
	want(t, "status", got.status, 400)
	want(t, "code", got.code(), "EntityTooLarge")
}

// A client that asks whether to continue is told so only for a request that is otherwise good.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	bucket := newBucket(t, s.client())
	body := randomBytes(100_000)
	sum := sha256.Sum256(body)
	for name, test := range map[string]struct {
		secret string
		status int
	}{"good": {"", 100}, "wrong signature": {"wrong", 403}} {
		t.Run(name, func(t *testing.T) {
			r := s.signed(t, request{
				method: "PUT", path: "/" + bucket + "/key", length: int64(len(body)), secretKey: test.secret,
				payloadHash: hex.EncodeToString(sum[:]), header: map[string]string{"Expect": "100-continue"},
			})
			conn := s.dial(t)
			writeHead(t, conn, r)
			reader := bufio.NewReader(conn)
			out, err := http.ReadResponse(reader, r)
			if err != nil {
				t.Fatal(err)
			}
			want(t, "status before the body", out.StatusCode, test.status)
			if test.status != 100 {
				return
			}
			if _, err := conn.Write(body); err != nil {
				t.Fatal(err)
			}
			if out, err = http.ReadResponse(reader, r); err != nil {
				t.Fatal(err)
			}
			want(t, "status", out.StatusCode, 200)
			wantBytes(t, get(t, s.client(), bucket, "key"), body)
		})
	}
}

// A client that goes in the middle of an upload leaves what was there before.
func TestClientGoneMidUpload(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	bucket := newBucket(t, s.client())
	old := randomBytes(1000)
	put(t, s.client(), bucket, "old", old)
	for _, key := range []string{"old", "new"} {
		for _, size := range []int{10_000, 10_000_000} { // a small blob and a large one
			r := s.signed(t, request{
				method: "PUT", path: "/" + bucket + "/" + key, length: int64(size), payloadHash: "UNSIGNED-PAYLOAD",
			})
			conn := s.dial(t)
			writeHead(t, conn, r)
			if _, err := conn.Write(make([]byte, size/2)); err != nil {
				t.Fatal(err)
			}
			if err := conn.SetLinger(0); err != nil { // hang up with a reset, as a client that dies may
				t.Fatal(err)
			}
			conn.Close()
		}
	}
	s.stop(t) // waits for the requests under way
	c := startServer(t, options{dir: s.dir}).client()
	wantBytes(t, get(t, c, bucket, "old"), old)
	_, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("new")})
	wantError(t, err, 404, "NoSuchKey")
}
