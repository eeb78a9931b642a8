package cache

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/backends"
)

// pieceSize is how many bytes of a blob a piece has; the last piece of a blob may have fewer.
const pieceSize = 1 << 20

// piece names the piece of a blob that begins at number*pieceSize.
type piece struct {
	id     backends.ID
	number int64
}

func pieceAt(id backends.ID, offset int64) piece { return piece{id, offset / pieceSize} }

// start is where in its blob the piece begins.
func (p piece) start() int64 { return p.number * pieceSize }

// needed is how many bytes of the piece it takes for a range of its blob that goes on to end.
func (p piece) needed(end int64) int { return int(min(pieceSize, end-p.start())) }

func (p piece) String() string { return string(p.id) + "-" + strconv.FormatInt(p.number, 10) }

// parsePiece is the inverse of String.
func parsePiece(s string) (piece, bool) {
	id, number, _ := strings.Cut(s, "-")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 {
		return piece{}, false
	}
	blob, err := backends.ParseID(id)
	p := piece{blob, n}
	return p, err == nil && p.String() == s
}

// A file is a header and the first bytes of a piece. The header says of what piece, so that a file under another's name is
// not taken for it:
//
//	magic    8 bytes
//	id      26 bytes
//	number   8 bytes, little-endian, as all numbers
//	length   4 bytes: of the bytes that follow the header
//	CRC32C   4 bytes: of the header up to here, and of the bytes that follow it
const (
	magic      = "blpcach1"
	idAt       = len(magic)
	numberAt   = idAt + 26
	lengthAt   = numberAt + 8
	sumAt      = lengthAt + 4
	headerSize = sumAt + 4
)

// isFileSize tells whether a file can have so many bytes.
func isFileSize(n int64) bool { return n > int64(headerSize) && n <= int64(headerSize+pieceSize) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal writes the header of a file.
func seal(file []byte, p piece) {
	putHeader(file, p, len(file)-headerSize)
	binary.LittleEndian.PutUint32(file[sumAt:], sum(file))
}

// check tells whether a file is one that was sealed for a piece.
func check(file []byte, p piece) error {
	var want [sumAt]byte
	putHeader(want[:], p, len(file)-headerSize)
	if !bytes.Equal(file[:sumAt], want[:]) {
		return errors.New("its header is not that of this piece and length")
	}
	if found, want := sum(file), binary.LittleEndian.Uint32(file[sumAt:]); found != want {
		return fmt.Errorf("its checksum is %08x, it was written with %08x", found, want)
	}
	return nil
}

// putHeader writes all of a header but the checksum.
func putHeader(header []byte, p piece, length int) {
	copy(header, magic)
	copy(header[idAt:numberAt], p.id)
	binary.LittleEndian.PutUint64(header[numberAt:], uint64(p.number))
	binary.LittleEndian.PutUint32(header[lengthAt:], uint32(length))
}

func sum(file []byte) uint32 {
	return crc32.Update(crc32.Checksum(file[:sumAt], castagnoli), castagnoli, file[headerSize:])
}
