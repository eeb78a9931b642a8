package sigv4

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/bleepstore/bleepstore/api"
)

// Whatever the Authorization header says, there is an answer, and only the right signature is accepted.
func FuzzParseAuthorization(f *testing.F) {
	signed := sent(f, sign(f, newRequest(f, http.MethodGet, "/key?a=b", nil), emptySHA256))
	good := signed.Header.Get("Authorization")
	f.Add(good, "host;x-amz-content-sha256;x-amz-date")
	f.Add(algorithm+" Credential=/,SignedHeaders=;;,Signature=", "")
	f.Add("AWS4-HMAC-SHA256", ";host")
	f.Fuzz(func(t *testing.T, authorization, date string) {
		r := sent(t, newRequest(t, http.MethodGet, "/key?a=b", nil))
		r.Header = signed.Header.Clone()
		r.Header.Set("Authorization", authorization)
		verified, err := verifierAt(exampleTime).Verify(r)
		mustAnswer(t, verified, err)
		r.Header.Set("X-Amz-Date", date)
		verified, err = verifierAt(exampleTime).Verify(r)
		mustAnswer(t, verified, err)
	})
}

// Whatever a presigned URL's query says, there is an answer, and nothing but its order may change.
func FuzzPresignedQuery(f *testing.F) {
	good := sent(f, presign(f, newRequest(f, http.MethodGet, "/key", nil), "60")).URL.RawQuery
	want, _ := url.ParseQuery(good)
	f.Add(good)
	f.Add(good + "&a=b")
	f.Add("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=////&X-Amz-Date=20130524T000000Z&X-Amz-Expires=1&X-Amz-Signature=1&X-Amz-SignedHeaders=host")
	f.Fuzz(func(t *testing.T, query string) {
		r := sent(t, newRequest(t, http.MethodGet, "/key", nil))
		r.URL.RawQuery = query
		verified, err := verifierAt(exampleTime).Verify(r)
		mustAnswer(t, verified, err)
		if err != nil || verified.AccessKey == "" {
			return
		}
		got, err := url.ParseQuery(query)
		if err != nil {
			t.Fatalf("accepted a query that can't be parsed: %v", err)
		}
		// The signature is all that may be repeated, as it does not sign itself.
		got.Del("X-Amz-Signature")
		for name, values := range got {
			if !slices.Equal(values, want[name]) {
				t.Fatalf("accepted %s=%q, signed was %q", name, values, want[name])
			}
		}
	})
}

func mustAnswer(t *testing.T, verified *Verified, err error) {
	t.Helper()
	if (verified == nil) == (err == nil) {
		t.Fatalf("Verify gave %v and %v", verified, err)
	}
	if err == nil {
		return
	}
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Code.Status() < 400 || e.Code.Status() == http.StatusInternalServerError {
		t.Fatalf("error is %v", err)
	}
}

// Whatever the body holds, reading ends with io.EOF or an S3 error, never hands out more than was declared, and reads the
// same in pieces of any size.
func FuzzChunkedReader(f *testing.F) {
	f.Add(new(framer).chunks(make([]byte, minChunk+1), minChunk).trailer(checksumLine).end(), int64(minChunk+1), uint16(1000))
	f.Add([]byte("4\r\ndata\r\n0\r\n"+checksumLine+"\r\n\r\n"), int64(-1), uint16(1))
	f.Add([]byte("0\r\n"+checksumLine+"\r\n\r\n"), int64(0), uint16(0))
	f.Add([]byte("ffffffffffffffffffff\r\n"), int64(1), uint16(3))
	f.Fuzz(func(t *testing.T, body []byte, length int64, piece uint16) {
		length = max(length, -1)
		decode := func(size int) ([]byte, http.Header, error) {
			var trailer http.Header
			c := &chunkedReader{source: bytes.NewReader(body), trailing: true, announced: []string{"x-amz-checksum-crc32"}, length: length, deliver: &trailer}
			var got bytes.Buffer
			p := make([]byte, size)
			for {
				n, err := c.Read(p)
				got.Write(p[:n])
				if err != nil {
					return got.Bytes(), trailer, err
				}
			}
		}
		got, trailer, err := decode(int(piece) + 1)
		if length >= 0 && int64(len(got)) > length || len(got) > len(body) {
			t.Fatalf("read %d bytes of %d declared", len(got), length)
		}
		if err != io.EOF {
			if _, ok := errors.AsType[*api.Error](err); !ok || trailer != nil {
				t.Fatalf("ended with %v, trailer %v", err, trailer)
			}
		} else if length >= 0 && int64(len(got)) != length || trailer.Get("X-Amz-Checksum-Crc32") == "" && !bytes.Contains(body, []byte(":")) {
			t.Fatalf("read %d bytes of %d, trailer %v", len(got), length, trailer)
		}
		if again, _, err2 := decode(64 << 10); err == io.EOF && (err2 != io.EOF || !bytes.Equal(again, got)) {
			t.Fatalf("read otherwise in larger pieces: %v", err2)
		}
	})
}

// What has been framed is read back.
func FuzzChunkedRoundTrip(f *testing.F) {
	f.Add([]byte("content"), uint16(0), true)
	f.Add(make([]byte, minChunk+10), uint16(1), false)
	f.Fuzz(func(t *testing.T, content []byte, chunk uint16, signed bool) {
		put := chunkedPut{form: unsignedChunksTrailer, length: len(content), announced: "x-amz-checksum-crc32", body: func(f *framer) []byte {
			return f.chunks(content, minChunk+int(chunk)).trailer(checksumLine).end()
		}}
		if signed {
			put.form = signedChunksTrailer
		}
		verified := verify(t, put.receive(t))
		if got, err := io.ReadAll(verified.Body); err != nil || !bytes.Equal(got, content) {
			t.Fatalf("read %d of %d bytes, %v", len(got), len(content), err)
		}
	})
}
