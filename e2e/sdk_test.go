package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// client returns a client of the AWS SDK with the settings that it comes with, except that it does not retry.
func (s *server) client(changes ...func(*s3.Options)) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint:     aws.String(s.endpoint),
		Region:           region,
		Credentials:      credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
		UsePathStyle:     true,
		HTTPClient:       &http.Client{Transport: s.transport()},
		RetryMaxAttempts: 1,
	}, changes...)
}

// transport trusts the server's certificate and connects to the server whatever name it is called by.
func (s *server) transport() *http.Transport {
	transport := &http.Transport{
		MaxIdleConnsPerHost: 128,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if !strings.HasSuffix(s.admin, "//"+address) {
				address = s.address()
			}
			var d net.Dialer
			return d.DialContext(ctx, network, address)
		},
	}
	if s.certs != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: s.certs.authority}
	}
	return transport
}

// address is the server's host and port.
func (s *server) address() string {
	u, err := url.Parse(s.endpoint)
	if err != nil {
		panic(err)
	}
	return u.Host
}

// onHTTPAndTLS runs a test against a server of either kind. The SDK sends its checksums as headers to the one, and as
// trailers of an unsigned aws-chunked body to the other.
func onHTTPAndTLS(t *testing.T, test func(*testing.T, *server)) {
	t.Run("http", func(t *testing.T) {
		t.Parallel()
		test(t, startServer(t, options{}))
	})
	t.Run("tls", func(t *testing.T) {
		t.Parallel()
		test(t, startServer(t, options{certs: newCertificates(t)}))
	})
}

// newBucket creates a bucket of a new name.
func newBucket(t testing.TB, c *s3.Client) string {
	t.Helper()
	name := "bucket-" + randomName()
	if _, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatalf("create bucket: %v", err)
	}
	return name
}

func randomName() string {
	name := make([]byte, 12)
	for i := range name {
		name[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[rand.IntN(36)]
	}
	return string(name)
}

// randomBytes returns bytes that no compression shrinks.
func randomBytes(n int) []byte {
	data := make([]byte, n)
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(rand.Uint32())
	}
	rand.NewChaCha8(seed).Read(data)
	return data
}

// put stores an object and returns its ETag.
func put(t testing.TB, c *s3.Client, bucket, key string, body []byte) string {
	t.Helper()
	out, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	return aws.ToString(out.ETag)
}

// get reads an object.
func get(t testing.TB, c *s3.Client, bucket, key string) []byte {
	t.Helper()
	out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	return readAll(t, out.Body)
}

func readAll(t testing.TB, body io.ReadCloser) []byte {
	t.Helper()
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("read body: %v", err)
	}
	return data
}

// listKeys lists all keys of a bucket.
func listKeys(t testing.TB, c *s3.Client, bucket string) []string {
	t.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatalf("list %s: %v", bucket, err)
		}
		for _, object := range page.Contents {
			keys = append(keys, *object.Key)
		}
	}
	return keys
}

// wantBytes compares bodies without printing megabytes.
func wantBytes(t testing.TB, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("got %d bytes with SHA-256 %x, want %d bytes with %x",
			len(got), sha256.Sum256(got), len(want), sha256.Sum256(want))
	}
}

// want compares one value of an answer.
func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// wantError checks that a request failed with an error code of S3 and a status. A HEAD has no body to hold the code:
// the SDK makes one of the status then, and code is empty here.
func wantError(t testing.TB, err error, status int, code string) {
	t.Helper()
	answer, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok {
		t.Errorf("got error %v, want status %d with code %s", err, status, code)
		return
	}
	got := ""
	if failure, ok := errors.AsType[smithy.APIError](err); ok && code != "" {
		got = failure.ErrorCode()
	}
	if answer.HTTPStatusCode() != status || got != code {
		t.Errorf("got status %d with code %q, want %d with %q: %v", answer.HTTPStatusCode(), got, status, code, err)
	}
	if answer.ServiceRequestID() == "" {
		t.Errorf("error without a request id: %v", err)
	}
}

// quoted is an ETag as S3 writes it.
func quoted(etag string) string { return `"` + strings.Trim(etag, `"`) + `"` }
