package sigv4

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/bleepstore/bleepstore/api"
)

// The credentials and the time of the examples in Amazon's documentation.
const (
	exampleKey       = "AKIAIOSFODNN7EXAMPLE"
	exampleSecret    = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	exampleTimestamp = "20130524T000000Z"
	exampleScope     = "20130524/us-east-1/s3/aws4_request"
)

var exampleTime = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)

// verifierAt makes a verifier of the example credentials whose clock stands still.
func verifierAt(now time.Time) *Verifier {
	v := NewVerifier("us-east-1", func(accessKey string) (string, bool) {
		return exampleSecret, accessKey == exampleKey
	})
	v.now = func() time.Time { return now }
	return v
}

// received parses a request as a server does.
func received(t testing.TB, wire io.Reader) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(wire))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sent puts a client's request on the wire and gives what the server receives.
func sent(t testing.TB, r *http.Request) *http.Request {
	t.Helper()
	var wire bytes.Buffer
	if err := r.Write(&wire); err != nil {
		t.Fatal(err)
	}
	return received(t, &wire)
}

// newRequest makes a client's request to the example bucket; body may be nil.
func newRequest(t testing.TB, method, target string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://examplebucket.s3.amazonaws.com"+target, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var (
	exampleCredentials = aws.Credentials{AccessKeyID: exampleKey, SecretAccessKey: exampleSecret}
	sdkSigner          = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
)

// sign signs with the Authorization header, as the AWS SDK does for S3. The payload hash is sent, unless it is empty: then
// that of an empty body is signed and not sent.
func sign(t testing.TB, r *http.Request, payloadHash string) *http.Request {
	t.Helper()
	if payloadHash == "" {
		payloadHash = emptySHA256
	} else {
		r.Header.Set("X-Amz-Content-Sha256", payloadHash)
	}
	if err := sdkSigner.SignHTTP(t.Context(), exampleCredentials, r, payloadHash, "s3", "us-east-1", exampleTime); err != nil {
		t.Fatal(err)
	}
	return r
}

// presign gives the request of a presigned URL.
func presign(t testing.TB, r *http.Request, expires string) *http.Request {
	t.Helper()
	query := r.URL.Query()
	query.Set("X-Amz-Expires", expires)
	r.URL.RawQuery = query.Encode()
	target, headers, err := sdkSigner.PresignHTTP(t.Context(), exampleCredentials, r, "UNSIGNED-PAYLOAD", "s3", "us-east-1", exampleTime)
	if err != nil {
		t.Fatal(err)
	}
	presigned, err := http.NewRequestWithContext(t.Context(), r.Method, target, r.Body)
	if err != nil {
		t.Fatal(err)
	}
	presigned.Header, presigned.ContentLength = headers, r.ContentLength
	return presigned
}

func verify(t testing.TB, r *http.Request) *Verified {
	t.Helper()
	verified, err := verifierAt(exampleTime).Verify(r)
	if err != nil {
		t.Fatalf("Verify: %v\n%s", err, detail(err, "CanonicalRequest"))
	}
	return verified
}

// wantCode fails the test unless err has the code.
func wantCode(t testing.TB, err error, code api.Code) {
	t.Helper()
	e, ok := errors.AsType[*api.Error](err)
	if !ok || e.Code != code {
		t.Fatalf("error is %v, want %s", err, code)
	}
	if e.Message == "" || code.Status() == 0 {
		t.Errorf("%s lacks a message or a status", code)
	}
}

// detail gives the named detail of an error.
func detail(err error, name string) string {
	if e, ok := errors.AsType[*api.Error](err); ok {
		for _, d := range e.Details {
			if d.Name == name {
				return d.Value
			}
		}
	}
	return ""
}

func hexSHA256(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// framer writes the aws-chunked encoding.
type framer struct {
	bytes.Buffer
	previous string // the signature before; empty when nothing is signed
}

func (f *framer) sign(lines ...string) string {
	key := []byte("AWS4" + exampleSecret)
	parts := append(strings.Split(exampleScope, "/"), strings.Join(lines, "\n"))
	for _, part := range parts {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

// chunk writes a chunk; one without data is the last and has no line end of its own.
func (f *framer) chunk(data []byte) *framer {
	fmt.Fprintf(f, "%x", len(data))
	if f.previous != "" {
		f.previous = f.sign("AWS4-HMAC-SHA256-PAYLOAD", exampleTimestamp, exampleScope, f.previous, emptySHA256, hexSHA256(data))
		fmt.Fprintf(f, ";chunk-signature=%s", f.previous)
	}
	f.WriteString("\r\n")
	if len(data) > 0 {
		f.Write(data)
		f.WriteString("\r\n")
	}
	return f
}

// chunks writes data in chunks of a size, and the last.
func (f *framer) chunks(data []byte, size int) *framer {
	for len(data) > 0 {
		n := min(size, len(data))
		f.chunk(data[:n])
		data = data[n:]
	}
	return f.chunk(nil)
}

// trailer writes a trailer of NAME:VALUE lines.
func (f *framer) trailer(lines ...string) *framer {
	for _, line := range lines {
		f.WriteString(line + "\r\n")
	}
	if f.previous != "" {
		signature := f.sign("AWS4-HMAC-SHA256-TRAILER", exampleTimestamp, exampleScope, f.previous, hexSHA256([]byte(strings.Join(lines, "\n")+"\n")))
		f.WriteString("x-amz-trailer-signature:" + signature + "\r\n")
	}
	return f
}

// end closes the body.
func (f *framer) end() []byte {
	f.WriteString("\r\n")
	return f.Bytes()
}
