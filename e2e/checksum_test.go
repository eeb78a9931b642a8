package e2e

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// crc64NVME is the reversed form of the polynomial 0xad93d23594c93659 of the NVM Express specification.
var crc64NVME = crc64.MakeTable(0x9a6c9329ac4bc9b5)

var algorithms = map[types.ChecksumAlgorithm]func() hash.Hash{
	types.ChecksumAlgorithmCrc32:     func() hash.Hash { return crc32.NewIEEE() },
	types.ChecksumAlgorithmCrc32c:    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	types.ChecksumAlgorithmCrc64nvme: func() hash.Hash { return crc64.New(crc64NVME) },
	types.ChecksumAlgorithmSha1:      sha1.New,
	types.ChecksumAlgorithmSha256:    sha256.New,
}

// checksum is the base64 of a body's checksum, as headers have it.
func checksum(algorithm types.ChecksumAlgorithm, body []byte) string {
	h := algorithms[algorithm]()
	h.Write(body)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// checksums collects the fields of an answer.
func checksums(crc32, crc32c, crc64, sha1, sha256 *string) map[types.ChecksumAlgorithm]string {
	all := make(map[types.ChecksumAlgorithm]string)
	for algorithm, value := range map[types.ChecksumAlgorithm]*string{
		types.ChecksumAlgorithmCrc32: crc32, types.ChecksumAlgorithmCrc32c: crc32c,
		types.ChecksumAlgorithmCrc64nvme: crc64, types.ChecksumAlgorithmSha1: sha1, types.ChecksumAlgorithmSha256: sha256,
	} {
		if value != nil {
			all[algorithm] = *value
		}
	}
	return all
}

func wantChecksum(t testing.TB, got map[types.ChecksumAlgorithm]string, algorithm types.ChecksumAlgorithm, value string) {
	t.Helper()
	if len(got) != 1 || got[algorithm] != value {
		t.Errorf("got checksums %v, want %s %s", got, algorithm, value)
	}
}

// The SDK sends a checksum that it computes in a header over HTTP, and in a trailer over TLS.
func TestChecksums(t *testing.T) {
	t.Parallel()
	onHTTPAndTLS(t, func(t *testing.T, s *server) {
		c := s.client()
		bucket := newBucket(t, c)
		body := randomBytes(100_000)
		for algorithm := range algorithms {
			key, value := string(algorithm), checksum(algorithm, body)
			stored, err := c.PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: &bucket, Key: &key, Body: bytes.NewReader(body), ChecksumAlgorithm: algorithm,
			})
			if err != nil {
				t.Errorf("put with %s: %v", algorithm, err)
				continue
			}
			wantChecksum(t, checksums(stored.ChecksumCRC32, stored.ChecksumCRC32C, stored.ChecksumCRC64NVME,
				stored.ChecksumSHA1, stored.ChecksumSHA256), algorithm, value)

			head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{
				Bucket: &bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled,
			})
			if err != nil {
				t.Fatal(err)
			}
			wantChecksum(t, checksums(head.ChecksumCRC32, head.ChecksumCRC32C, head.ChecksumCRC64NVME,
				head.ChecksumSHA1, head.ChecksumSHA256), algorithm, value)
			want(t, "checksum type", head.ChecksumType, types.ChecksumTypeFullObject)
			wantBytes(t, get(t, c, bucket, key), body) // the SDK verifies it

			ranged, err := c.GetObject(t.Context(), &s3.GetObjectInput{
				Bucket: &bucket, Key: &key, Range: aws.String("bytes=0-9"), ChecksumMode: types.ChecksumModeEnabled,
			})
			if err != nil {
				t.Fatal(err)
			}
			wantBytes(t, readAll(t, ranged.Body), body[:10])
			want(t, "number of checksums of the whole with a range", len(checksums(ranged.ChecksumCRC32, ranged.ChecksumCRC32C,
				ranged.ChecksumCRC64NVME, ranged.ChecksumSHA1, ranged.ChecksumSHA256)), 0)
		}
	})
}

func TestWrongChecksums(t *testing.T) {
	t.Parallel()
	onHTTPAndTLS(t, func(t *testing.T, s *server) {
		c := s.client()
		bucket := newBucket(t, c)
		body, another := randomBytes(100_000), randomBytes(10)
		for algorithm := range algorithms {
			in := &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("key"), Body: bytes.NewReader(body)}
			setChecksum(in, algorithm, checksum(algorithm, another))
			_, err := c.PutObject(t.Context(), in)
			wantError(t, err, 400, "BadDigest")
		}
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: &bucket, Key: aws.String("key"), Body: bytes.NewReader(body),
			ContentMD5: aws.String("1B2M2Y8AsgTpgAmY7PhCfg=="), // of nothing
		})
		wantError(t, err, 400, "BadDigest")
		_, err = c.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: &bucket, Key: aws.String("key"), Body: bytes.NewReader(body), ContentMD5: aws.String("not base64"),
		})
		wantError(t, err, 400, "InvalidDigest")
		if keys := listKeys(t, c, bucket); len(keys) > 0 {
			t.Errorf("left behind: %q", keys)
		}
	})
}

func setChecksum(in *s3.PutObjectInput, algorithm types.ChecksumAlgorithm, value string) {
	switch algorithm {
	case types.ChecksumAlgorithmCrc32:
		in.ChecksumCRC32 = &value
	case types.ChecksumAlgorithmCrc32c:
		in.ChecksumCRC32C = &value
	case types.ChecksumAlgorithmCrc64nvme:
		in.ChecksumCRC64NVME = &value
	case types.ChecksumAlgorithmSha1:
		in.ChecksumSHA1 = &value
	case types.ChecksumAlgorithmSha256:
		in.ChecksumSHA256 = &value
	}
}

// The CRCs of parts combine into the CRC of the whole; other checksums are a checksum of the parts' checksums.
func TestMultipartChecksums(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)
	bodies := [][]byte{randomBytes(minPart), randomBytes(1000)}
	for _, test := range []struct {
		algorithm types.ChecksumAlgorithm
		kind      types.ChecksumType
	}{
		{types.ChecksumAlgorithmCrc64nvme, types.ChecksumTypeFullObject},
		{types.ChecksumAlgorithmCrc32, types.ChecksumTypeFullObject},
		{types.ChecksumAlgorithmCrc32c, types.ChecksumTypeFullObject},
		{types.ChecksumAlgorithmCrc32c, types.ChecksumTypeComposite},
		{types.ChecksumAlgorithmSha256, types.ChecksumTypeComposite},
		{types.ChecksumAlgorithmSha1, types.ChecksumTypeComposite},
	} {
		key := string(test.algorithm) + " " + string(test.kind)
		t.Run(key, func(t *testing.T) {
			created, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{
				Bucket: &bucket, Key: &key, ChecksumAlgorithm: test.algorithm, ChecksumType: test.kind,
			})
			if err != nil {
				t.Fatal(err)
			}
			var parts []types.CompletedPart
			var sums []byte
			for i, body := range bodies {
				number := aws.Int32(int32(i + 1))
				part, err := c.UploadPart(t.Context(), &s3.UploadPartInput{
					Bucket: &bucket, Key: &key, UploadId: created.UploadId, PartNumber: number,
					Body: bytes.NewReader(body), ChecksumAlgorithm: test.algorithm,
				})
				if err != nil {
					t.Fatal(err)
				}
				parts = append(parts, types.CompletedPart{
					PartNumber: number, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32, ChecksumCRC32C: part.ChecksumCRC32C,
					ChecksumCRC64NVME: part.ChecksumCRC64NVME, ChecksumSHA1: part.ChecksumSHA1, ChecksumSHA256: part.ChecksumSHA256,
				})
				h := algorithms[test.algorithm]()
				h.Write(body)
				sums = h.Sum(sums)
			}
			value := checksum(test.algorithm, append(bytes.Clone(bodies[0]), bodies[1]...))
			if test.kind == types.ChecksumTypeComposite {
				value = checksum(test.algorithm, sums) + "-2"
			}
			out, err := c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
				Bucket: &bucket, Key: &key, UploadId: created.UploadId,
				MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}, ChecksumType: test.kind,
			})
			if err != nil {
				t.Fatal(err)
			}
			wantChecksum(t, checksums(out.ChecksumCRC32, out.ChecksumCRC32C, out.ChecksumCRC64NVME,
				out.ChecksumSHA1, out.ChecksumSHA256), test.algorithm, value)
			want(t, "checksum type", out.ChecksumType, test.kind)
		})
	}
}

// contentMD5 is the value of the header of that name.
func contentMD5(body string) string {
	sum := md5.Sum([]byte(body))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// hexMD5 is the ETag of an object that was put in one piece, without its quotes.
func hexMD5(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}
