package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// The payloads in aws-chunked coding.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and its page about trailers.
const (
	signedChunks        = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	signedChunksTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	unsignedTrailer     = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// chunked is a PUT in aws-chunked coding, and the ways in which it may be wrong.
type chunked struct {
	path    string
	payload string
	body    []byte
	chunk   int // size of a chunk

	httpChunked   bool   // Transfer-Encoding: chunked, as for bodies whose length the client does not know
	decodedLength string // of the header; "" is the length of body, "none" leaves it out
	trailerValue  string // "" is the checksum of body
	noTrailer     bool   // announces a trailer and sends none
	wrongChunk    int    // the chunk, from 1, whose signature is wrong
	wrongTrailer  bool   // the trailer's signature is wrong
	cut           int    // bytes that are missing from the end
}

// send sends it.
func (c chunked) send(t testing.TB, s *server) answer {
	t.Helper()
	return s.roundTrip(t, c.request(t, s))
}

func (c chunked) request(t testing.TB, s *server) *http.Request {
	t.Helper()
	header := map[string]string{"Content-Encoding": "aws-chunked"}
	switch c.decodedLength {
	case "":
		header["X-Amz-Decoded-Content-Length"] = strconv.Itoa(len(c.body))
	case "none":
	default:
		header["X-Amz-Decoded-Content-Length"] = c.decodedLength
	}
	if c.trailed() {
		header["X-Amz-Trailer"] = "x-amz-checksum-crc32"
	}
	in := request{method: "PUT", path: c.path, header: header, payloadHash: c.payload, length: -1}
	if !c.httpChunked {
		// The length is signed, and does not depend on the signatures.
		in.length = int64(len(c.encode(newChunkSigner("20060102T150405Z", strings.Repeat("0", 64)))))
	}
	r := s.signed(t, in)
	_, seed, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	encoded := c.encode(newChunkSigner(r.Header.Get("X-Amz-Date"), seed))
	r.Body = readCloser{bytes.NewReader(encoded[:len(encoded)-c.cut])}
	if c.cut > 0 {
		r.ContentLength -= int64(c.cut)
	}
	return r
}

// readCloser hides the length of a body from net/http.
type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

func (c chunked) trailed() bool { return c.payload != signedChunks }

func (c chunked) encode(s *chunkSigner) []byte {
	out := new(bytes.Buffer)
	left, number := c.body, 0
	for {
		number++
		data := left[:min(c.chunk, len(left))]
		left = left[len(data):]
		fmt.Fprintf(out, "%x", len(data))
		if c.payload != unsignedTrailer {
			signature := s.next("AWS4-HMAC-SHA256-PAYLOAD", sha256hex(nil)+"\n"+sha256hex(data))
			if number == c.wrongChunk {
				signature = strings.Repeat("0", 64)
			}
			out.WriteString(";chunk-signature=" + signature)
		}
		out.WriteString("\r\n")
		if len(data) == 0 {
			break
		}
		out.Write(data)
		out.WriteString("\r\n")
	}
	if c.trailed() && !c.noTrailer {
		value := c.trailerValue
		if value == "" {
			value = checksum(types.ChecksumAlgorithmCrc32, c.body)
		}
		trailer := "x-amz-checksum-crc32:" + value
		out.WriteString(trailer + "\r\n")
		if c.payload == signedChunksTrailer {
			signature := s.next("AWS4-HMAC-SHA256-TRAILER", sha256hex([]byte(trailer+"\n")))
			if c.wrongTrailer {
				signature = strings.Repeat("0", 64)
			}
			out.WriteString("x-amz-trailer-signature:" + signature + "\r\n")
		}
	}
	out.WriteString("\r\n")
	return out.Bytes()
}

// chunkSigner makes the chain of signatures that the chunks of a request have.
type chunkSigner struct {
	timestamp, previous string
	key                 []byte
}

func newChunkSigner(timestamp, seed string) *chunkSigner {
	key := []byte("AWS4" + secretKey)
	for _, part := range []string{timestamp[:8], region, "s3", "aws4_request"} {
		key = hmacSHA256(key, part)
	}
	return &chunkSigner{timestamp, seed, key}
}

func (s *chunkSigner) next(algorithm, hashes string) string {
	scope := s.timestamp[:8] + "/" + region + "/s3/aws4_request"
	text := strings.Join([]string{algorithm, s.timestamp, scope, s.previous, hashes}, "\n")
	s.previous = hex.EncodeToString(hmacSHA256(s.key, text))
	return s.previous
}

func hmacSHA256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func sha256hex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func TestStreamingPayloads(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	for _, payload := range []string{signedChunks, signedChunksTrailer, unsignedTrailer} {
		for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 3 << 20} {
			for _, httpChunked := range []bool{false, true} {
				put := chunked{
					path: "/" + bucket + "/key", payload: payload, body: randomBytes(size), chunk: 64 << 10, httpChunked: httpChunked,
				}
				if size >= 1<<20 {
					put.chunk = 1 << 20
				}
				got := put.send(t, s)
				if got.status != 200 {
					t.Errorf("%s of %d bytes, chunked by HTTP: %t: %d\n%s", payload, size, httpChunked, got.status, got.body)
					continue
				}
				wantBytes(t, get(t, c, bucket, "key"), put.body)
			}
		}
	}
	// Who can't seek in a body does not know its length.
	put := chunked{
		path: "/" + bucket + "/unknown", payload: unsignedTrailer, body: randomBytes(3<<20 + 7), chunk: 1 << 20,
		httpChunked: true, decodedLength: "none",
	}
	want(t, "status with an unknown length", put.send(t, s).status, 200)
	wantBytes(t, get(t, c, bucket, "unknown"), put.body)
}

func TestBadStreamingPayloads(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	wrong := checksum(types.ChecksumAlgorithmCrc32, []byte("another body"))
	for name, test := range map[string]struct {
		put    chunked
		status int
		code   string
	}{
		"first chunk's signature":  {chunked{payload: signedChunks, wrongChunk: 1}, 403, "SignatureDoesNotMatch"},
		"second chunk's signature": {chunked{payload: signedChunks, wrongChunk: 2}, 403, "SignatureDoesNotMatch"},
		"last chunk's signature":   {chunked{payload: signedChunks, wrongChunk: 5}, 403, "SignatureDoesNotMatch"},
		"trailer's signature":      {chunked{payload: signedChunksTrailer, wrongTrailer: true}, 403, "SignatureDoesNotMatch"},
		"signed trailer":           {chunked{payload: signedChunksTrailer, trailerValue: wrong}, 400, "BadDigest"},
		"unsigned trailer":         {chunked{payload: unsignedTrailer, trailerValue: wrong}, 400, "BadDigest"},
		"no checksum in a trailer": {chunked{payload: unsignedTrailer, trailerValue: "eA=="}, 400, "InvalidRequest"},
		"no trailer":               {chunked{payload: unsignedTrailer, noTrailer: true}, 400, "MalformedTrailerError"},
		"longer than announced":    {chunked{payload: signedChunks, decodedLength: "10"}, 400, "IncompleteBody"},
		"shorter than announced":   {chunked{payload: signedChunks, decodedLength: "300000"}, 400, "IncompleteBody"},
		"end is missing":           {chunked{payload: signedChunks, cut: 1000}, 400, "IncompleteBody"},
		"trailer is cut":           {chunked{payload: unsignedTrailer, cut: 10}, 400, "IncompleteBody"},
		"small chunk":              {chunked{payload: signedChunks, chunk: 8191}, 403, "InvalidChunkSizeError"},
		"length of no number":      {chunked{payload: signedChunks, decodedLength: "x"}, 400, "InvalidArgument"},
	} {
		t.Run(name, func(t *testing.T) {
			test.put.path, test.put.body = "/"+bucket+"/key", randomBytes(200_000)
			if test.put.chunk == 0 {
				test.put.chunk = 64 << 10
			}
			test.put.httpChunked = test.put.cut > 0 // or else it is HTTP's body that is too short
			got := test.put.send(t, s)
			if got.status != test.status || got.code() != test.code {
				t.Errorf("got status %d with code %q, want %d with %q:\n%s", got.status, got.code(), test.status, test.code, got.body)
			}
		})
	}
	if keys := listKeys(t, c, bucket); len(keys) > 0 {
		t.Errorf("left behind: %q", keys)
	}
}
