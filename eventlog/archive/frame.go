package archive

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/files"
)

// A frame holds whole commits, compressed. It is two frames of zstd (RFC 8878): a skippable one, which says what follows,
// and an ordinary one. So a reader finds the end of what was written whole, and zstdcat reads the file.
//
//	4 bytes  magic number of a skippable frame
//	4 bytes  16, the number of bytes that follow before the ordinary frame
//	4 bytes  length of the ordinary frame
//	4 bytes  CRC32C of the ordinary frame
//	8 bytes  sequence of the first commit
//
// All numbers are little-endian.
const (
	frameMagic      = 0x184D2A5B
	frameHeaderSize = 24

	// maxFrame bounds a frame, and maxContent the commits in one: a batch of a Reader, or a single large commit.
	maxContent = 32 << 20
	maxFrame   = maxContent + 1<<20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// The codecs have no state between calls, and are safe for concurrent use.
var (
	encoder = must(zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault)))
	decoder = must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxContent)))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // options that cannot be
	}
	return v
}

// encodeFrame makes the frame of commits, the first of which has sequence seq.
func encodeFrame(seq uint64, content []byte) []byte {
	frame := encoder.EncodeAll(content, make([]byte, frameHeaderSize, frameHeaderSize+len(content)/4))
	body := frame[frameHeaderSize:]
	binary.LittleEndian.PutUint32(frame, frameMagic)
	binary.LittleEndian.PutUint32(frame[4:], frameHeaderSize-8)
	binary.LittleEndian.PutUint32(frame[8:], uint32(len(body)))
	binary.LittleEndian.PutUint32(frame[12:], crc32.Checksum(body, castagnoli))
	binary.LittleEndian.PutUint64(frame[16:], seq)
	return frame
}

// frameError says that what was read is not a frame of commits.
type frameError struct{ reason string }

func (e *frameError) Error() string { return e.reason }

func badFrame(format string, args ...any) error { return &frameError{fmt.Sprintf(format, args...)} }

// isDamage tells whether an error of a frameReader means that the file is not what was written. Any other says that it could
// not be read, or not be understood.
func isDamage(err error) bool {
	_, frame := errors.AsType[*frameError](err)
	_, commit := errors.AsType[*eventlog.CorruptError](err)
	return frame || commit
}

// frameReader reads the frames of a file.
type frameReader struct {
	source *files.Source
	r      *bufio.Reader // of source
	offset int64         // behind the last frame that was read
}

func newFrameReader(r io.Reader) *frameReader {
	source := &files.Source{R: r}
	return &frameReader{source: source, r: bufio.NewReaderSize(source, 256<<10)}
}

// read fills p, at the beginning or in the middle of a frame.
func (f *frameReader) read(p []byte) error {
	_, err := io.ReadFull(f.r, p)
	switch {
	case err == nil:
		return nil
	case f.source.Err != nil:
		return f.source.Err
	}
	return badFrame("the frame at byte %d is cut off", f.offset)
}

// next returns the commits of the next frame as they are stored; io.EOF at the end of the file.
func (f *frameReader) next() ([]byte, error) {
	if _, err := f.r.Peek(1); err == io.EOF {
		return nil, io.EOF
	}
	header := make([]byte, frameHeaderSize)
	if err := f.read(header); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(header[8:])
	if binary.LittleEndian.Uint32(header) != frameMagic || binary.LittleEndian.Uint32(header[4:]) != frameHeaderSize-8 || length > maxFrame {
		return nil, badFrame("there is no frame at byte %d", f.offset)
	}
	body := make([]byte, length)
	if err := f.read(body); err != nil {
		return nil, err
	}
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(header[12:]) {
		return nil, badFrame("the frame at byte %d has another checksum than it was written with", f.offset)
	}
	content, err := decoder.DecodeAll(body, nil)
	if err != nil {
		return nil, badFrame("the frame at byte %d: %v", f.offset, err)
	}
	f.offset += int64(frameHeaderSize) + int64(length)
	return content, nil
}

// commits returns the commits of the next frame, which must be those that follow prev; io.EOF at the end of the file.
func (f *frameReader) commits(log string, prev eventlog.Position) ([]eventlog.Commit, error) {
	content, err := f.next()
	if err != nil {
		return nil, err
	}
	var commits []eventlog.Commit
	for len(content) > 0 {
		commit, rest, err := eventlog.CutCommit(content, log, prev)
		if err != nil {
			return nil, err
		}
		commits = append(commits, commit)
		content, prev = rest, commit.Position
	}
	if len(commits) == 0 {
		return nil, badFrame("the frame before byte %d is empty", f.offset)
	}
	return commits, nil
}

// skim reads the next frame and returns the position of its last commit, and how many bytes its commits have.
func (f *frameReader) skim(log string, prev eventlog.Position) (last eventlog.Position, bytes int64, err error) {
	before := f.offset
	commits, err := f.commits(log, prev)
	if err != nil {
		f.offset = before
		return prev, 0, err
	}
	for _, commit := range commits {
		bytes += int64(len(commit.Data))
	}
	return commits[len(commits)-1].Position, bytes, nil
}
