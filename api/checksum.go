package api

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"hash/crc32"

	"github.com/cespare/xxhash/v2"
	"github.com/minio/crc64nvme"
	"github.com/zeebo/xxh3"
)

// The additional checksums of S3, and how one is made of those of the parts.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
const (
	CRC32     = "CRC32"
	CRC32C    = "CRC32C"
	CRC64NVME = "CRC64NVME" // the one that S3 computes when the client names none
	MD5       = "MD5"
	SHA1      = "SHA1"
	SHA256    = "SHA256"
	SHA512    = "SHA512"
	XXHASH3   = "XXHASH3" // of 64 bits
	XXHASH64  = "XXHASH64"
	XXHASH128 = "XXHASH128" // XXH3 of 128 bits

	FullObject = "FULL_OBJECT" // of all the bytes
	Composite  = "COMPOSITE"   // of the checksums of the parts
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ChecksumAlgorithms are the names of all additional checksums.
func ChecksumAlgorithms() []string {
	return []string{CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH3, XXHASH64, XXHASH128}
}

// newChecksum starts a checksum; nil if there is no such algorithm.
func newChecksum(algorithm string) hash.Hash {
	switch algorithm {
	case CRC32:
		return crc32.NewIEEE()
	case CRC32C:
		return crc32.New(castagnoli)
	case CRC64NVME:
		return crc64nvme.New()
	case MD5:
		return md5.New()
	case SHA1:
		return sha1.New()
	case SHA256:
		return sha256.New()
	case SHA512:
		return sha512.New()
	case XXHASH3:
		return xxh3.New()
	case XXHASH64:
		return xxhash.New()
	case XXHASH128:
		return xxh128{xxh3.New()}
	}
	return nil
}

// xxh128 gives all 128 bits of XXH3, in the canonical order: the highest first.
type xxh128 struct{ *xxh3.Hasher }

func (h xxh128) Size() int { return 16 }

func (h xxh128) Sum(b []byte) []byte {
	sum := h.Sum128().Bytes()
	return append(b, sum[:]...)
}

func encodeSum(h hash.Hash) string { return base64.StdEncoding.EncodeToString(h.Sum(nil)) }

// checksumType returns the type that an upload's checksum has when the client names none, and whether the algorithm can
// have the type that it names.
func checksumType(algorithm, wanted string) (actual string, ok bool) {
	switch algorithm {
	case CRC64NVME:
		return FullObject, wanted == "" || wanted == FullObject
	case CRC32, CRC32C:
		if wanted == "" {
			return Composite, true
		}
		return wanted, wanted == FullObject || wanted == Composite
	}
	// Of no other can that of the whole be made of those of its parts.
	return Composite, wanted == "" || wanted == Composite
}
