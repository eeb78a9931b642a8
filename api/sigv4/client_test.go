package sigv4

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// upload is what a server made of one PUT.
type upload struct {
	body     []byte
	length   int64
	chunked  bool
	header   http.Header
	checksum string // from the trailer
}

// verifyingServer answers only what it can verify, and remembers the last PUT.
type verifyingServer struct {
	*httptest.Server
	mu   sync.Mutex
	last upload
}

func newVerifyingServer(t *testing.T, tls bool) *verifyingServer {
	v := NewVerifier("us-east-1", func(accessKey string) (string, bool) { return exampleSecret, accessKey == exampleKey })
	s := &verifyingServer{}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		verified, err := v.Verify(r)
		if err == nil && verified.AccessKey == exampleKey {
			up := upload{length: verified.Length, chunked: verified.Chunked, header: r.Header}
			if up.body, err = io.ReadAll(verified.Body); err == nil && r.Method == http.MethodPut {
				up.checksum = verified.Trailer().Get("X-Amz-Checksum-Crc32")
				s.mu.Lock()
				s.last = up
				s.mu.Unlock()
			}
		}
		if err != nil || verified.AccessKey != exampleKey {
			dump, _ := httputil.DumpRequest(r, false)
			t.Errorf("%v\n%s\n%s", err, dump, detail(err, "CanonicalRequest"))
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, "<ListBucketResult/>")
		}
	})
	if tls {
		s.Server = httptest.NewTLSServer(handler)
	} else {
		s.Server = httptest.NewServer(handler)
	}
	t.Cleanup(s.Close)
	return s
}

func (s *verifyingServer) uploaded() upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *verifyingServer) client() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(s.URL),
		Region:       "us-east-1",
		UsePathStyle: true,
		HTTPClient:   s.Client(),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return exampleCredentials, nil
		}),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		// Large bodies wait for the server's consent, as with the other SDKs.
		ContinueHeaderThresholdBytes: 1 << 20,
	})
}

// stream is a body that can't seek.
type stream struct{ io.Reader }

func TestSDKPut(t *testing.T) {
	content := random(3<<20 + 17)
	for name, c := range map[string]struct {
		tls     bool
		body    io.Reader
		length  *int64
		chunked bool
		known   bool
	}{
		"http, seekable":           {tls: false, body: bytes.NewReader(content), known: true},
		"tls, seekable":            {tls: true, body: bytes.NewReader(content), chunked: true, known: true},
		"tls, stream":              {tls: true, body: stream{bytes.NewReader(content)}, chunked: true},
		"tls, stream known length": {tls: true, body: stream{bytes.NewReader(content)}, length: aws.Int64(int64(len(content))), chunked: true, known: true},
	} {
		t.Run(name, func(t *testing.T) {
			server := newVerifyingServer(t, c.tls)
			_, err := server.client().PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: aws.String("bucket"), Key: aws.String("a key/+ü//%2F"), Body: c.body, ContentLength: c.length,
				ContentEncoding: aws.String("gzip"), Metadata: map[string]string{"note": "two  spaces"},
			})
			if err != nil {
				t.Fatal(err)
			}
			got := server.uploaded()
			if !bytes.Equal(got.body, content) {
				t.Errorf("%d bytes came, not the content", len(got.body))
			}
			want := int64(-1)
			if c.known {
				want = int64(len(content))
			}
			if got.length != want || got.chunked != c.chunked || c.chunked != (got.checksum != "") {
				t.Errorf("Length is %d, Chunked %v, checksum %q", got.length, got.chunked, got.checksum)
			}
			if encoding := StripAWSChunked(strings.Join(got.header["Content-Encoding"], ",")); encoding != "gzip" {
				t.Errorf("Content-Encoding is %q", encoding)
			}
		})
	}
}

func TestSDKRequests(t *testing.T) {
	server := newVerifyingServer(t, false)
	client := server.client()
	bucket := aws.String("bucket")
	for name, call := range map[string]func(context.Context) error{
		"get": func(ctx context.Context) error {
			_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("../a b"), Range: aws.String("bytes=0-1"), ResponseContentType: aws.String("text/plain; a=b")})
			return err
		},
		"head": func(ctx context.Context) error {
			_, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("k"), ChecksumMode: types.ChecksumModeEnabled})
			return err
		},
		"list": func(ctx context.Context) error {
			_, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("a/b c+d=é&"), Delimiter: aws.String("/")})
			return err
		},
		"copy": func(ctx context.Context) error {
			_, err := client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("k"), CopySource: aws.String("bucket/a%20b")})
			return err
		},
		"delete several": func(ctx context.Context) error {
			_, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("k")}}}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := call(t.Context()); err != nil && !strings.Contains(err.Error(), "deserialization failed") {
				t.Error(err)
			}
		})
	}
}

func TestSDKPresign(t *testing.T) {
	server := newVerifyingServer(t, false)
	presigner := s3.NewPresignClient(server.client(), s3.WithPresignExpires(time.Hour))

	get, err := presigner.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("a b/é"), ResponseContentDisposition: aws.String(`attachment; filename="a+b"`)})
	if err != nil {
		t.Fatal(err)
	}
	put, err := presigner.PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k"), ContentType: aws.String("text/plain"), Metadata: map[string]string{"a": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct{ method, url, body string }{{get.Method, get.URL, ""}, {put.Method, put.URL, "content"}} {
		r, err := http.NewRequestWithContext(t.Context(), p.method, p.url, strings.NewReader(p.body))
		if err != nil {
			t.Fatal(err)
		}
		if p.method == http.MethodPut {
			r.Header = put.SignedHeader
		}
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", p.method, answer.StatusCode)
		}
	}
	if got := string(server.uploaded().body); got != "content" {
		t.Errorf("uploaded %q", got)
	}
}
