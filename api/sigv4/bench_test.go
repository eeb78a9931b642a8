package sigv4

import (
	"bytes"
	"io"
	"net/http"
	"testing"
)

func BenchmarkVerify(b *testing.B) {
	get := sign(b, newRequest(b, http.MethodGet, "/some/key/of/usual/length.bin", nil), emptySHA256)
	get.Header.Set("X-Amz-Checksum-Mode", "ENABLED")
	list := newRequest(b, http.MethodGet, "/?list-type=2&prefix=photos%2F2024%2F&delimiter=%2F&max-keys=1000", nil)
	for name, r := range map[string]*http.Request{
		"get":       sent(b, sign(b, get, emptySHA256)),
		"list":      sent(b, sign(b, list, emptySHA256)),
		"presigned": sent(b, presign(b, newRequest(b, http.MethodGet, "/some/key", nil), "60")),
	} {
		b.Run(name, func(b *testing.B) {
			v := verifierAt(exampleTime)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkBody(b *testing.B) {
	content := random(16 << 20)
	chunked := func(form string, chunk int) *http.Request {
		put := chunkedPut{form: form, length: len(content), announced: "x-amz-checksum-crc32", body: func(f *framer) []byte {
			return f.chunks(content, chunk).trailer(checksumLine).end()
		}}
		return put.receive(b)
	}
	hashed := sent(b, sign(b, newRequest(b, http.MethodPut, "/key", bytes.NewReader(content)), hexSHA256(content)))
	for name, r := range map[string]*http.Request{
		"hashed":                   hashed,
		"signed chunks of 64 KiB":  chunked(signedChunksTrailer, 64<<10),
		"unsigned chunks of 1 MiB": chunked(unsignedChunksTrailer, 1<<20),
	} {
		wire, err := io.ReadAll(r.Body)
		if err != nil {
			b.Fatal(err)
		}
		buffer := make([]byte, 128<<10)
		b.Run(name, func(b *testing.B) {
			v := verifierAt(exampleTime)
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				r.Body = io.NopCloser(bytes.NewReader(wire))
				verified, err := v.Verify(r)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{verified.Body}, buffer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
