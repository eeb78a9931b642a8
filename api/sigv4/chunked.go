package sigv4

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/bleepstore/bleepstore/api"
)

const (
	// minChunk is the least size of any chunk but the last.
	minChunk = 8 << 10
	// maxLine bounds the header of a chunk and each line of the trailer, in bytes.
	maxLine = 4 << 10
	// maxSizeDigits keeps the sum of chunk sizes far from overflowing.
	maxSizeDigits = 15
)

// sources holds the buffers through which aws-chunked bodies are read. They need to hold a line; what does not fit is data
// and goes past them straight to the reader.
var sources = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 2*maxLine) }}

// chunkedReader takes the aws-chunked framing off a body and verifies it:
//
//	SIZE[;chunk-signature=SIGNATURE]\r\n     SIZE is hexadecimal, SIGNATURE 64 hexadecimal digits
//	DATA\r\n                                 and so on; a chunk of size 0 is the last
//	[NAME:VALUE\r\n]...                      the trailer; when chunks are signed, x-amz-trailer-signature closes it
//	\r\n
//
// Chunks may be of any size (some clients send 5 GiB in one), so a chunk's data is handed out while its signature is
// still to come; only its last piece waits for the signature. Memory is one buffer, whatever the sizes.
//
// See https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
type chunkedReader struct {
	source    io.Reader     // the body; nil once in
	in        *bufio.Reader // from sources
	signer    *chunkSigner  // nil when chunks are not signed
	trailing  bool          // a trailer is allowed
	announced []string      // the names of its headers
	deliver   *http.Header  // where the trailer goes once it is verified
	length    int64         // of all data, -1 when unknown

	hash      hash.Hash // of the current chunk's data; nil when chunks are not signed
	signature []byte    // of the current chunk, in hex
	chunks    int       // how many have begun
	size      int64     // of the current chunk
	left      int64     // of the current chunk's data
	total     int64     // of all chunks begun
	err       error     // what all further reads return
}

func (c *chunkedReader) Read(p []byte) (int, error) {
	if c.err != nil || len(p) == 0 {
		return 0, c.err
	}
	if c.in == nil {
		c.start()
	}
	if c.left == 0 {
		if err := c.nextChunk(); err != nil {
			return 0, c.finish(err)
		}
	}
	n, err := c.in.Read(p[:min(int64(len(p)), c.left)])
	if err != nil {
		return 0, c.finish(truncated(err))
	}
	c.left -= int64(n)
	if c.hash != nil {
		c.hash.Write(p[:n])
	}
	if c.left > 0 {
		return n, nil
	}
	err = c.endChunk()
	if err == nil && c.total == c.length {
		err = c.nextChunk()
	}
	switch err {
	case nil:
		return n, nil
	case io.EOF:
		return n, c.finish(err)
	default:
		return 0, c.finish(err)
	}
}

func (c *chunkedReader) start() {
	c.in = sources.Get().(*bufio.Reader)
	c.in.Reset(c.source)
	c.source = nil
	if c.signer != nil {
		c.hash = sha256.New()
	}
}

// finish gives the buffer back and makes err the end.
func (c *chunkedReader) finish(err error) error {
	c.in.Reset(nil)
	sources.Put(c.in)
	c.in, c.err = nil, err
	return err
}

// nextChunk reads the header of a chunk with data. After the last chunk it reads the trailer and returns io.EOF.
func (c *chunkedReader) nextChunk() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	size, signature, ok := parseChunkHeader(line, c.signer != nil)
	if !ok {
		return errTruncated(nil)
	}
	c.chunks++
	if size > 0 && c.chunks > 1 && c.size < minChunk {
		return api.NewError(api.InvalidChunkSize,
			api.Detail{Name: "Chunk", Value: strconv.Itoa(c.chunks)},
			api.Detail{Name: "BadChunkSize", Value: strconv.FormatInt(c.size, 10)})
	}
	c.signature = append(c.signature[:0], signature...)
	c.size, c.left = size, size
	c.total += size
	if c.length >= 0 && (c.total > c.length || size == 0 && c.total < c.length) {
		return errTruncated(nil)
	}
	if size > 0 {
		return nil
	}
	if c.signer != nil {
		if err := c.signer.checkChunk(c.hash, c.signature); err != nil {
			return err
		}
	}
	return c.readTrailer()
}

// parseChunkHeader reads SIZE or SIZE;chunk-signature=SIGNATURE.
func parseChunkHeader(line []byte, signed bool) (size int64, signature []byte, ok bool) {
	digits := 0
	for ; digits < len(line) && digits <= maxSizeDigits; digits++ {
		switch c := line[digits]; {
		case '0' <= c && c <= '9':
			size = size<<4 | int64(c-'0')
			continue
		case 'a' <= c && c <= 'f':
			size = size<<4 | int64(c-'a'+10)
			continue
		case 'A' <= c && c <= 'F':
			size = size<<4 | int64(c-'A'+10)
			continue
		}
		break
	}
	if digits == 0 || digits > maxSizeDigits {
		return 0, nil, false
	}
	rest := line[digits:]
	if !signed {
		return size, nil, len(rest) == 0
	}
	const extension = ";chunk-signature="
	if len(rest) != len(extension)+2*sha256.Size || string(rest[:len(extension)]) != extension {
		return 0, nil, false
	}
	return size, rest[len(extension):], true
}

// endChunk reads what follows a chunk's data and verifies the chunk.
func (c *chunkedReader) endChunk() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	if len(line) != 0 {
		return errTruncated(nil)
	}
	if c.signer == nil {
		return nil
	}
	return c.signer.checkChunk(c.hash, c.signature)
}

// line reads up to the next CRLF. The line is good until the next read.
func (c *chunkedReader) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return nil, truncated(err)
	}
	if len(line) > maxLine || len(line) < 2 || line[len(line)-2] != '\r' {
		return nil, errTruncated(nil)
	}
	return line[:len(line)-2], nil
}

// truncated is what an error of reading the body means inside the framing, where even its end is one.
func truncated(err error) error {
	if err == io.EOF || errors.Is(err, bufio.ErrBufferFull) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTruncated(err)
	}
	return bodyError(err)
}

// errTruncated is what S3 answers to any framing that does not hold: what is not understood might as well be missing.
func errTruncated(cause error) error {
	err := api.Errorf(api.IncompleteBody, "The request body terminated unexpectedly")
	err.Cause = cause
	return err
}
