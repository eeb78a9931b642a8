package e2e

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// request is a request that no well-behaved client would send. The zero value of a field is what a good client does.
type request struct {
	method      string
	path        string // as it goes over the wire, percent-encoded
	query       string
	header      map[string]string // signed
	body        []byte
	length      int64  // what Content-Length says; 0 means the length of body
	payloadHash string // x-amz-content-sha256
	hashUnsent  bool   // signs with that hash, and does not send the header

	accessKey, secretKey, region string
	at                           time.Time           // of signing
	after                        func(*http.Request) // changes it behind the signature's back
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// code is the error code in the body, empty if there is none.
func (a answer) code() string {
	var e struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
	}
	if xml.Unmarshal(a.body, &e) != nil {
		return ""
	}
	return e.Code
}

// signed makes the HTTP request, with a signature in its header.
func (s *server) signed(t testing.TB, in request) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), in.method, s.endpoint+in.path+"?"+in.query, bytes.NewReader(in.body))
	if err != nil {
		t.Fatal(err)
	}
	if in.query == "" {
		r.URL.ForceQuery, r.URL.RawQuery = false, ""
	}
	if in.length != 0 {
		r.ContentLength = in.length
	}
	for name, value := range in.header {
		r.Header.Set(name, value)
	}
	if in.payloadHash == "" {
		sum := sha256.Sum256(in.body)
		in.payloadHash = hex.EncodeToString(sum[:])
	}
	if !in.hashUnsent {
		r.Header.Set("X-Amz-Content-Sha256", in.payloadHash)
	}
	if in.at.IsZero() {
		in.at = time.Now()
	}
	credential := aws.Credentials{AccessKeyID: cmp.Or(in.accessKey, accessKey), SecretAccessKey: cmp.Or(in.secretKey, secretKey)}
	err = newSigner().SignHTTP(t.Context(), credential, r, in.payloadHash, "s3", cmp.Or(in.region, region), in.at)
	if err != nil {
		t.Fatal(err)
	}
	if in.after != nil {
		in.after(r)
	}
	return r
}

// newSigner returns the SDK's signer with S3's way of taking paths as they are.
func newSigner() *v4.Signer {
	return v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
}

// do sends a request and reads the answer.
func (s *server) do(t testing.TB, in request) answer {
	t.Helper()
	return s.roundTrip(t, s.signed(t, in))
}

// roundTrip sends a request of S3's, whose every answer has an id.
func (s *server) roundTrip(t testing.TB, r *http.Request) answer {
	t.Helper()
	a := s.exchange(t, r)
	if a.header.Get("X-Amz-Request-Id") == "" {
		t.Errorf("%s %s: answer without x-amz-request-id", r.Method, r.URL)
	}
	return a
}

// page reads a page that is not S3's.
func (s *server) page(t testing.TB, path string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.endpoint+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.exchange(t, r)
}

func (s *server) exchange(t testing.TB, r *http.Request) answer {
	t.Helper()
	transport := s.transport()
	defer transport.CloseIdleConnections()
	out, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	return answer{status: out.StatusCode, header: out.Header, body: readAll(t, out.Body)}
}

// writeHead writes the head of a request as it is, so that the body can be anything.
func writeHead(t testing.TB, w io.Writer, r *http.Request) {
	t.Helper()
	head := new(bytes.Buffer)
	fmt.Fprintf(head, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.URL.RequestURI(), r.Host)
	if r.ContentLength > 0 {
		fmt.Fprintf(head, "Content-Length: %d\r\n", r.ContentLength)
	}
	if err := r.Header.Write(head); err != nil {
		t.Fatal(err)
	}
	head.WriteString("\r\n")
	if _, err := w.Write(head.Bytes()); err != nil {
		t.Fatal(err)
	}
}

// presigned makes a URL that carries its signature.
func (s *server) presigned(t testing.TB, method, path string, at time.Time, lifetime time.Duration) string {
	t.Helper()
	query := url.Values{"X-Amz-Expires": {fmt.Sprint(int(lifetime.Seconds()))}}
	r, err := http.NewRequestWithContext(t.Context(), method, s.endpoint+path+"?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	credential := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}
	signed, _, err := newSigner().PresignHTTP(t.Context(), credential, r, "UNSIGNED-PAYLOAD", "s3", region, at)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// fetch sends a request that is signed by its URL, or not at all.
func (s *server) fetch(t testing.TB, method, target string, body []byte) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return s.roundTrip(t, r)
}
