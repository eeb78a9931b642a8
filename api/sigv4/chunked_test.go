package sigv4

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/bleepstore/bleepstore/api"
)

const checksumLine = "x-amz-checksum-crc32:AAAAAA=="

// chunkedPut is a signed PUT whose body comes in one of the aws-chunked forms.
type chunkedPut struct {
	form      string
	length    int // x-amz-decoded-content-length, not sent when negative
	announced string
	body      func(*framer) []byte
}

func (p chunkedPut) receive(t testing.TB) *http.Request {
	t.Helper()
	r := newRequest(t, http.MethodPut, "/key", nil)
	r.Header.Set("Content-Encoding", "aws-chunked")
	if p.length >= 0 {
		r.Header.Set("X-Amz-Decoded-Content-Length", fmt.Sprint(p.length))
	}
	if p.announced != "" {
		r.Header.Set("X-Amz-Trailer", p.announced)
	}
	sign(t, r, p.form)
	f := new(framer)
	if p.form != unsignedChunksTrailer {
		a := r.Header.Get("Authorization")
		f.previous = a[strings.LastIndex(a, "=")+1:]
	}
	received := sent(t, r)
	received.Body = io.NopCloser(bytes.NewReader(p.body(f)))
	received.ContentLength = -1
	return received
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

func TestChunkedForms(t *testing.T) {
	for _, form := range []string{signedChunks, signedChunksTrailer, unsignedChunksTrailer} {
		for _, size := range []int{0, 1, minChunk - 1, minChunk, 100_000, 3 << 20} {
			for _, chunk := range []int{minChunk, 64 << 10, 1 << 20} {
				for _, known := range []bool{true, false} {
					t.Run(fmt.Sprint(form, "/", size, " by ", chunk, "/known=", known), func(t *testing.T) {
						content := random(size)
						put := chunkedPut{form: form, length: -1, body: func(f *framer) []byte {
							f.chunks(content, chunk)
							if form != signedChunks {
								f.trailer(checksumLine)
							}
							return f.end()
						}}
						want := ""
						if form != signedChunks {
							put.announced, want = "x-amz-checksum-crc32", "AAAAAA=="
						}
						if known {
							put.length = size
						}
						verified := verify(t, put.receive(t))
						if verified.Length != int64(put.length) || !verified.Chunked {
							t.Errorf("Length is %d, Chunked %v", verified.Length, verified.Chunked)
						}
						var got bytes.Buffer
						// Hidden behind a plain reader, so that reads have the usual size.
						_, err := io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{verified.Body}, make([]byte, 128<<10))
						if err != nil || !bytes.Equal(got.Bytes(), content) {
							t.Errorf("read %d bytes, %v", got.Len(), err)
						}
						if got := verified.Trailer().Get("x-amz-checksum-crc32"); got != want {
							t.Errorf("checksum is %q", got)
						}
					})
				}
			}
		}
	}
}

// However the network cuts the body up, and however it is read.
func TestChunkedPieces(t *testing.T) {
	content := random(3*minChunk + 5)
	for name, pieces := range map[string]func(io.Reader) io.Reader{
		"one byte":       iotest.OneByteReader,
		"half":           iotest.HalfReader,
		"error with end": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			put := chunkedPut{form: signedChunksTrailer, length: len(content), announced: "x-amz-checksum-crc32", body: func(f *framer) []byte {
				return f.chunks(content, minChunk).trailer(checksumLine).end()
			}}
			r := put.receive(t)
			r.Body = io.NopCloser(pieces(r.Body))
			if err := iotest.TestReader(verify(t, r).Body, content); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestChunkedWithoutAnnouncedTrailer(t *testing.T) {
	put := chunkedPut{form: unsignedChunksTrailer, length: 4, body: func(f *framer) []byte {
		return f.chunk([]byte("data")).chunk(nil).end()
	}}
	if got, err := io.ReadAll(verify(t, put.receive(t)).Body); err != nil || string(got) != "data" {
		t.Errorf("Body is %q, %v", got, err)
	}
}

func TestChunkedSizeInUpperCase(t *testing.T) {
	put := chunkedPut{form: unsignedChunksTrailer, length: 0xAb, body: func(*framer) []byte {
		return []byte("00Ab\r\n" + strings.Repeat("d", 0xab) + "\r\n0\r\n\r\n")
	}}
	if got, err := io.ReadAll(verify(t, put.receive(t)).Body); err != nil || len(got) != 0xab {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

func TestChunkedSeveralTrailers(t *testing.T) {
	put := chunkedPut{form: signedChunksTrailer, length: 4, announced: "x-amz-checksum-crc32 ,X-Amz-Checksum-Sha1", body: func(f *framer) []byte {
		return f.chunk([]byte("data")).chunk(nil).trailer(checksumLine, "x-amz-checksum-sha1:BBBB").end()
	}}
	verified := verify(t, put.receive(t))
	if len(verified.Trailer()) != 0 {
		t.Error("there is a trailer before the end")
	}
	if _, err := io.ReadAll(verified.Body); err != nil {
		t.Fatal(err)
	}
	if got := verified.Trailer(); len(got) != 2 || got.Get("X-Amz-Checksum-Sha1") != "BBBB" {
		t.Errorf("Trailer is %v", got)
	}
}

func TestChunkedRefuses(t *testing.T) {
	content := random(2*minChunk + 100)
	whole := func(f *framer) []byte { return f.chunks(content, minChunk).trailer(checksumLine).end() }
	edit := func(old, replacement string) func(*framer) []byte {
		return func(f *framer) []byte { return bytes.Replace(whole(f), []byte(old), []byte(replacement), 1) }
	}
	signatureAt := func(b []byte, n int) []byte {
		for range n {
			b = b[bytes.Index(b, []byte("signature"))+len("signature="):]
		}
		return b
	}
	for name, c := range map[string]struct {
		form   string
		length int // added to the right one
		body   func(*framer) []byte
		code   api.Code
	}{
		"length too small":        {unsignedChunksTrailer, -1, whole, api.IncompleteBody},
		"length too large":        {unsignedChunksTrailer, 1, whole, api.IncompleteBody},
		"no trailer":              {unsignedChunksTrailer, 0, func(f *framer) []byte { return f.chunks(content, minChunk).end() }, api.MalformedTrailer},
		"no trailer, signed":      {signedChunksTrailer, 0, func(f *framer) []byte { return f.chunks(content, minChunk).end() }, api.MalformedTrailer},
		"trailer not announced":   {unsignedChunksTrailer, 0, edit("crc32", "crc32c"), api.MalformedTrailer},
		"trailer twice":           {unsignedChunksTrailer, 0, edit(checksumLine, checksumLine+"\r\n"+checksumLine), api.MalformedTrailer},
		"trailer not a header":    {unsignedChunksTrailer, 0, edit(checksumLine, "x-amz-checksum-crc32"), api.MalformedTrailer},
		"trailer without a name":  {unsignedChunksTrailer, 0, edit(checksumLine, ":AAAAAA=="), api.MalformedTrailer},
		"trailer too long":        {unsignedChunksTrailer, 0, edit("AAAAAA", strings.Repeat("A", maxLine)), api.IncompleteBody},
		"trailer longer":          {unsignedChunksTrailer, 0, edit("AAAAAA", strings.Repeat("A", 1<<20)), api.IncompleteBody},
		"trailer of other chunks": {signedChunks, 0, whole, api.MalformedTrailer},
		"trailer signature":       {unsignedChunksTrailer, 0, edit("\r\n\r\n", "\r\nx-amz-trailer-signature:0\r\n\r\n"), api.MalformedTrailer},
		"trailer changed":         {signedChunksTrailer, 0, edit("AAAAAA", "BBBBBB"), api.SignatureDoesNotMatch},
		"trailer not signed": {signedChunksTrailer, 0, func(f *framer) []byte {
			b := whole(f)
			return append(b[:bytes.Index(b, []byte("x-amz-trailer-signature"))], "\r\n"...)
		}, api.MalformedTrailer},
		"data after the signature": {signedChunksTrailer, 0, func(f *framer) []byte {
			b := whole(f)
			return append(b[:len(b)-2], checksumLine+"\r\n\r\n"...)
		}, api.MalformedTrailer},
		"first chunk's signature": {signedChunksTrailer, 0, func(f *framer) []byte { b := whole(f); signatureAt(b, 1)[0] ^= 1; return b }, api.SignatureDoesNotMatch},
		"last chunk's signature":  {signedChunksTrailer, 0, func(f *framer) []byte { b := whole(f); signatureAt(b, 4)[5] ^= 1; return b }, api.SignatureDoesNotMatch},
		"data changed":            {signedChunksTrailer, 0, func(f *framer) []byte { b := whole(f); b[len(b)/2] ^= 1; return b }, api.SignatureDoesNotMatch},
		"chunks not signed": {signedChunksTrailer, 0, func(f *framer) []byte {
			f.previous = ""
			return whole(f)
		}, api.IncompleteBody},
		"chunks signed":    {unsignedChunksTrailer, 0, func(f *framer) []byte { f.previous = emptySHA256; return whole(f) }, api.IncompleteBody},
		"size not a size":  {unsignedChunksTrailer, 0, edit("2000\r\n", "g\r\n"), api.IncompleteBody},
		"size empty":       {unsignedChunksTrailer, 0, edit("2000\r\n", "\r\n"), api.IncompleteBody},
		"size negative":    {unsignedChunksTrailer, 0, edit("2000\r\n", "-1\r\n"), api.IncompleteBody},
		"size too large":   {unsignedChunksTrailer, 0, edit("2000\r\n", "10000000000002000\r\n"), api.IncompleteBody},
		"size and more":    {unsignedChunksTrailer, 0, edit("2000\r\n", "2000 \r\n"), api.IncompleteBody},
		"size is shorter":  {unsignedChunksTrailer, 0, edit("2000\r\n", "1fff\r\n"), api.IncompleteBody},
		"size is longer":   {unsignedChunksTrailer, 0, edit("2000\r\n", "2001\r\n"), api.IncompleteBody},
		"line without CR":  {unsignedChunksTrailer, 0, edit("2000\r\n", "2000\n"), api.IncompleteBody},
		"line too long":    {unsignedChunksTrailer, 0, edit("2000\r\n", strings.Repeat("0", 1<<20)+"2000\r\n"), api.IncompleteBody},
		"junk at the end":  {unsignedChunksTrailer, 0, func(f *framer) []byte { return append(whole(f), "more"...) }, api.IncompleteBody},
		"empty":            {unsignedChunksTrailer, 0, func(*framer) []byte { return nil }, api.IncompleteBody},
		"plain":            {unsignedChunksTrailer, 0, func(*framer) []byte { return content }, api.IncompleteBody},
		"small chunk":      {unsignedChunksTrailer, 0, func(f *framer) []byte { return f.chunks(content, minChunk-1).trailer(checksumLine).end() }, api.InvalidChunkSize},
		"chunk after last": {unsignedChunksTrailer, 0, func(f *framer) []byte { return f.chunk(nil).chunks(content, minChunk).trailer(checksumLine).end() }, api.IncompleteBody},
	} {
		t.Run(name, func(t *testing.T) {
			put := chunkedPut{form: c.form, length: len(content) + c.length, announced: "x-amz-checksum-crc32", body: c.body}
			verified := verify(t, put.receive(t))
			got, err := io.ReadAll(verified.Body)
			wantCode(t, err, c.code)
			if len(got) > put.length {
				t.Errorf("read %d bytes, more than were declared", len(got))
			}
			if len(verified.Trailer()) != 0 {
				t.Errorf("there is a trailer: %v", verified.Trailer())
			}
			if _, again := verified.Body.Read(make([]byte, 1)); again != err {
				t.Errorf("the next read returns %v", again)
			}
			if c.code == api.InvalidChunkSize && (detail(err, "Chunk") != "2" || detail(err, "BadChunkSize") != "8191") {
				t.Errorf("details are chunk %s, size %s", detail(err, "Chunk"), detail(err, "BadChunkSize"))
			}
		})
	}
}

// A body cut anywhere is never taken for whole.
func TestChunkedTruncated(t *testing.T) {
	content := random(minChunk + 10)
	for _, form := range []string{signedChunks, signedChunksTrailer, unsignedChunksTrailer} {
		for _, length := range []int{len(content), -1} {
			put := chunkedPut{form: form, length: length, body: func(f *framer) []byte {
				f.chunks(content, minChunk)
				if form != signedChunks {
					f.trailer(checksumLine)
				}
				return f.end()
			}}
			if form != signedChunks {
				put.announced = "x-amz-checksum-crc32"
			}
			r := put.receive(t)
			whole, _ := io.ReadAll(r.Body)
			for n := 0; n < len(whole); n += 1 + n%37*7 {
				r.Body = io.NopCloser(bytes.NewReader(whole[:n]))
				if _, err := io.ReadAll(verify(t, r).Body); err == nil {
					t.Fatalf("%s cut to %d of %d bytes was accepted", form, n, len(whole))
				}
			}
			for n := len(whole) - 200; n < len(whole); n++ {
				r.Body = io.NopCloser(bytes.NewReader(whole[:n]))
				_, err := io.ReadAll(verify(t, r).Body)
				wantCode(t, err, api.IncompleteBody)
			}
		}
	}
}

func TestChunkedRequestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		header, value string
		code          api.Code
	}{
		"length not a number": {"X-Amz-Decoded-Content-Length", "x", api.InvalidArgument},
		"length negative":     {"X-Amz-Decoded-Content-Length", "-1", api.InvalidArgument},
		"trailer not allowed": {"X-Amz-Trailer", "x-amz-meta-a", api.InvalidRequest},
	} {
		r := newRequest(t, http.MethodPut, "/key", nil)
		r.Header.Set(c.header, c.value)
		_, err := verifierAt(exampleTime).Verify(sent(t, sign(t, r, unsignedChunksTrailer)))
		t.Run(name, func(t *testing.T) { wantCode(t, err, c.code) })
	}
}

func TestChunkedAnonymous(t *testing.T) {
	r := newRequest(t, http.MethodPut, "/key", bytes.NewReader(new(framer).chunk([]byte("data")).chunk(nil).trailer(checksumLine).end()))
	r.Header.Set("Content-Encoding", "gzip,aws-chunked")
	r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
	verified := verify(t, sent(t, r))
	if got, err := io.ReadAll(verified.Body); err != nil || string(got) != "data" {
		t.Errorf("Body is %q, %v", got, err)
	}
	if verified.Trailer().Get("x-amz-checksum-crc32") != "AAAAAA==" {
		t.Errorf("Trailer is %v", verified.Trailer())
	}

	r.Header.Set("X-Amz-Content-Sha256", signedChunks)
	_, err := verifierAt(exampleTime).Verify(r)
	wantCode(t, err, api.InvalidRequest)
}
