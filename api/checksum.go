package api

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"

	"github.com/minio/crc64nvme"
)

// The additional checksums of S3, and how one is made of those of the parts.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
const (
	CRC32     = "CRC32"
	CRC32C    = "CRC32C"
	CRC64NVME = "CRC64NVME" // the one that S3 computes when the client names none
	SHA1      = "SHA1"
	SHA256    = "SHA256"

	FullObject = "FULL_OBJECT" // of all the bytes
	Composite  = "COMPOSITE"   // of the checksums of the parts
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ChecksumAlgorithms are the names of all additional checksums.
func ChecksumAlgorithms() []string { return []string{CRC32, CRC32C, CRC64NVME, SHA1, SHA256} }

// newChecksum starts a checksum; nil if there is no such algorithm.
func newChecksum(algorithm string) hash.Hash {
	switch algorithm {
	case CRC32:
		return crc32.NewIEEE()
	case CRC32C:
		return crc32.New(castagnoli)
	case CRC64NVME:
		return crc64nvme.New()
	case SHA1:
		return sha1.New()
	case SHA256:
		return sha256.New()
	}
	return nil
}

func encodeSum(h hash.Hash) string { return base64.StdEncoding.EncodeToString(h.Sum(nil)) }

// checksumType returns the type that an upload's checksum has when the client names none, and whether the algorithm can
// have the type that it names.
func checksumType(algorithm, wanted string) (actual string, ok bool) {
	switch algorithm {
	case CRC64NVME:
		return FullObject, wanted == "" || wanted == FullObject
	case SHA1, SHA256:
		return Composite, wanted == "" || wanted == Composite
	case CRC32, CRC32C:
		if wanted == "" {
			return Composite, true
		}
		return wanted, wanted == FullObject || wanted == Composite
	}
	return "", false
}
