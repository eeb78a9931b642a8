package sigv4

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/bleepstore/bleepstore/api"
)

func TestHashedBody(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 10_000)
	for name, c := range map[string]struct {
		hash   string
		length int64
		ok     bool
	}{
		"right":               {hexSHA256(content), int64(len(content)), true},
		"right, upper case":   {strings.ToUpper(hexSHA256(content)), int64(len(content)), true},
		"right, length to be": {hexSHA256(content), -1, true},
		"wrong":               {hexSHA256(content[1:]), int64(len(content)), false},
		"wrong, length to be": {emptySHA256, -1, false},
	} {
		t.Run(name, func(t *testing.T) {
			body := newHashedReader(bytes.NewReader(content), c.hash, c.length)
			got, err := io.ReadAll(body)
			if c.ok {
				if err != nil || !bytes.Equal(got, content) {
					t.Fatalf("read %d bytes, %v", len(got), err)
				}
				return
			}
			wantCode(t, err, api.XAmzContentSHA256Mismatch)
			if got := detail(err, "ClientComputedContentSHA256"); got != c.hash {
				t.Errorf("ClientComputedContentSHA256 is %s", got)
			}
			if got := detail(err, "S3ComputedContentSHA256"); got != hexSHA256(content) {
				t.Errorf("S3ComputedContentSHA256 is %s", got)
			}
			if _, again := body.Read(make([]byte, 1)); again != err {
				t.Errorf("the next read returns %v", again)
			}
		})
	}
}

// Readers that stop at the known length must not miss the verdict.
func TestLastByteCarriesVerdict(t *testing.T) {
	content := bytes.Repeat([]byte("a"), minChunk)
	for name, body := range map[string]io.Reader{
		"hash":    newHashedReader(bytes.NewReader(content), emptySHA256, int64(len(content))),
		"trailer": &chunkedReader{source: bytes.NewReader(new(framer).chunks(content, minChunk).end()), length: minChunk, announced: []string{"x-amz-checksum-crc32"}, trailing: true, deliver: new(http.Header)},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := io.ReadFull(body, make([]byte, minChunk))
			if n == minChunk && (err == nil || err == io.EOF) {
				t.Error("all bytes were handed out without the error")
			}
		})
	}
}

func TestEmptyBodyWithHash(t *testing.T) {
	r := sent(t, sign(t, newRequest(t, http.MethodPut, "/key", nil), hexSHA256([]byte("body"))))
	_, err := io.ReadAll(verify(t, r).Body)
	wantCode(t, err, api.XAmzContentSHA256Mismatch)

	r = sent(t, sign(t, newRequest(t, http.MethodPut, "/key", nil), emptySHA256))
	if got, err := io.ReadAll(verify(t, r).Body); err != nil || len(got) != 0 {
		t.Errorf("Body is %q, %v", got, err)
	}
}

func TestBodyErrors(t *testing.T) {
	for _, c := range []struct {
		err  error
		code api.Code
	}{
		{io.ErrUnexpectedEOF, api.IncompleteBody},
		{&net.OpError{Op: "read", Err: errors.New("connection reset by peer")}, api.IncompleteBody},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, api.RequestTimeout},
	} {
		source := func() io.Reader {
			return io.MultiReader(strings.NewReader("2000\r\nda"), iotest.ErrReader(c.err))
		}
		for name, body := range map[string]io.Reader{
			"plain":   &plainReader{source: source()},
			"hashed":  newHashedReader(source(), emptySHA256, 100),
			"chunked": &chunkedReader{source: source(), length: -1, deliver: new(http.Header)},
		} {
			_, err := io.ReadAll(body)
			wantCode(t, err, c.code)
			if !errors.Is(err, c.err) {
				t.Errorf("%s: %v does not wrap %v", name, err, c.err)
			}
		}
	}
}

func TestStripAWSChunked(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "",
		"aws-chunked":                "",
		"AWS-Chunked":                "",
		"gzip":                       "gzip",
		"gzip, br":                   "gzip, br",
		"gzip,aws-chunked":           "gzip",
		"aws-chunked, gzip":          "gzip",
		"gzip, aws-chunked , br":     "gzip,br",
		"aws-chunked,aws-chunked, ,": "",
		"aws-chunkedx":               "aws-chunkedx",
	} {
		if got := StripAWSChunked(in); got != want {
			t.Errorf("StripAWSChunked(%q) = %q, want %q", in, got, want)
		}
	}
}
