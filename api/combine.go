package api

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/bleepstore/bleepstore/eventlog"
)

// combineChecksums makes the checksum of a multipart object of those of its parts, which all have a value under the
// algorithm. No bytes are read: a composite checksum is one of the parts' checksums, and CRCs of neighbours can be
// combined knowing only their lengths.
func combineChecksums(algorithm, kind string, parts []eventlog.Part) (eventlog.Checksum, error) {
	sums := make([][]byte, len(parts))
	for i, part := range parts {
		sum, err := base64.StdEncoding.DecodeString(part.Checksum.Value)
		if err != nil {
			return eventlog.Checksum{}, fmt.Errorf("checksum of part %d: %w", part.Number, err)
		}
		sums[i] = sum
	}
	result := eventlog.Checksum{Algorithm: algorithm, Type: kind}
	if kind == Composite {
		h := newChecksum(algorithm)
		for _, sum := range sums {
			h.Write(sum)
		}
		result.Value = encodeSum(h) + "-" + strconv.Itoa(len(parts))
		return result, nil
	}
	ring, ok := rings[algorithm]
	if !ok {
		return eventlog.Checksum{}, fmt.Errorf("%s checksums of parts cannot be combined to one of the object", algorithm)
	}
	var total uint64
	for i, sum := range sums {
		total = ring.multiply(ring.zeros(parts[i].Size), total) ^ ring.value(sum)
	}
	result.Value = base64.StdEncoding.EncodeToString(ring.bytes(total))
	return result, nil
}

// combineBlobs makes the CRC64NVME checksum of all bytes of some blobs.
func combineBlobs(blobs []eventlog.Blob) (eventlog.Checksum, error) {
	parts := make([]eventlog.Part, len(blobs))
	for i, blob := range blobs {
		parts[i] = eventlog.Part{Number: i + 1, Size: blob.Size, Checksum: eventlog.Checksum{Value: blob.CRC64NVME}}
	}
	return combineChecksums(CRC64NVME, FullObject, parts)
}

// ring is the ring of polynomials over GF(2) in which a CRC computes: modulo its own, of degree bits. Polynomials are
// written in the bit order of the CRC, which is reversed: the highest bit is the constant term.
type ring struct {
	bits       int
	polynomial uint64 // without its highest term
}

var rings = map[string]ring{
	CRC32:     {32, crc32.IEEE},
	CRC32C:    {32, crc32.Castagnoli},
	CRC64NVME: {64, 0x9a6c9329ac4bc9b5},
}

func (r ring) one() uint64 { return 1 << (r.bits - 1) }

func (r ring) multiply(a, b uint64) (product uint64) {
	for term := r.one(); term != 0; term >>= 1 {
		if a&term != 0 {
			product ^= b
		}
		carry := b & 1
		b >>= 1
		if carry != 0 {
			b ^= r.polynomial
		}
	}
	return product
}

// zeros is what the CRC of some bytes is multiplied with when so many more bytes follow: x to the power of their bits.
func (r ring) zeros(bytes int64) uint64 {
	power, square := r.one(), r.one()>>8
	for ; bytes > 0; bytes >>= 1 {
		if bytes&1 != 0 {
			power = r.multiply(power, square)
		}
		square = r.multiply(square, square)
	}
	return power
}

func (r ring) value(sum []byte) uint64 {
	if r.bits == 32 {
		return uint64(binary.BigEndian.Uint32(sum))
	}
	return binary.BigEndian.Uint64(sum)
}

func (r ring) bytes(value uint64) []byte {
	if r.bits == 32 {
		return binary.BigEndian.AppendUint32(nil, uint32(value))
	}
	return binary.BigEndian.AppendUint64(nil, value)
}
