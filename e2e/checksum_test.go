package e2e

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/cespare/xxhash/v2"
	"github.com/zeebo/xxh3"
)

// crc64NVME is the reversed form of the polynomial 0xad93d23594c93659 of the NVM Express specification.
var crc64NVME = crc64.MakeTable(0x9a6c9329ac4bc9b5)

var algorithms = map[types.ChecksumAlgorithm]func() hash.Hash{
	types.ChecksumAlgorithmCrc32:     func() hash.Hash { return crc32.NewIEEE() },
	types.ChecksumAlgorithmCrc32c:    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	types.ChecksumAlgorithmCrc64nvme: func() hash.Hash { return crc64.New(crc64NVME) },
	types.ChecksumAlgorithmMd5:       md5.New,
	types.ChecksumAlgorithmSha1:      sha1.New,
	types.ChecksumAlgorithmSha256:    sha256.New,
	types.ChecksumAlgorithmSha512:    sha512.New,
	types.ChecksumAlgorithmXxhash3:   func() hash.Hash { return xxh3.New() },
	types.ChecksumAlgorithmXxhash64:  func() hash.Hash { return xxhash.New() },
	types.ChecksumAlgorithmXxhash128: func() hash.Hash { return xxh128{xxh3.New()} },
}

type xxh128 struct{ *xxh3.Hasher }

func (h xxh128) Sum(b []byte) []byte {
	sum := h.Sum128().Bytes()
	return append(b, sum[:]...)
}

// checksum is the base64 of a body's checksum, as headers have it.
func checksum(algorithm types.ChecksumAlgorithm, body []byte) string {
	h := algorithms[algorithm]()
	h.Write(body)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// checksumField is the field of an input or an output of the SDK that has the checksum of an algorithm.
func checksumField(v any, algorithm types.ChecksumAlgorithm) reflect.Value {
	return reflect.ValueOf(v).Elem().FieldByName("Checksum" + string(algorithm))
}

func setChecksum(in any, algorithm types.ChecksumAlgorithm, value string) {
	checksumField(in, algorithm).Set(reflect.ValueOf(&value))
}

// askForChecksum makes the SDK send a checksum of the body. It does not compute all of them itself.
func askForChecksum(in any, algorithm types.ChecksumAlgorithm, body []byte) {
	if algorithm == types.ChecksumAlgorithmMd5 || strings.HasPrefix(string(algorithm), "XXHASH") {
		setChecksum(in, algorithm, checksum(algorithm, body))
		return
	}
	reflect.ValueOf(in).Elem().FieldByName("ChecksumAlgorithm").Set(reflect.ValueOf(algorithm))
}

// checksums collects the fields of an output.
func checksums(out any) map[types.ChecksumAlgorithm]string {
	all := make(map[types.ChecksumAlgorithm]string)
	for algorithm := range algorithms {
		if value, _ := checksumField(out, algorithm).Interface().(*string); value != nil {
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
			in := &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)}
			askForChecksum(in, algorithm, body)
			stored, err := c.PutObject(t.Context(), in)
			if err != nil {
				t.Errorf("put with %s: %v", algorithm, err)
				continue
			}
			wantChecksum(t, checksums(stored), algorithm, value)

			head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{
				Bucket: &bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled,
			})
			if err != nil {
				t.Fatal(err)
			}
			wantChecksum(t, checksums(head), algorithm, value)
			want(t, "checksum type", head.ChecksumType, types.ChecksumTypeFullObject)
			wantBytes(t, get(t, c, bucket, key), body) // the SDK verifies it

			ranged, err := c.GetObject(t.Context(), &s3.GetObjectInput{
				Bucket: &bucket, Key: &key, Range: aws.String("bytes=0-9"), ChecksumMode: types.ChecksumModeEnabled,
			})
			if err != nil {
				t.Fatal(err)
			}
			wantBytes(t, readAll(t, ranged.Body), body[:10])
			want(t, "number of checksums of the whole with a range", len(checksums(ranged)), 0)
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
		{types.ChecksumAlgorithmSha512, types.ChecksumTypeComposite},
		{types.ChecksumAlgorithmMd5, types.ChecksumTypeComposite},
		{types.ChecksumAlgorithmXxhash3, types.ChecksumTypeComposite},
		{types.ChecksumAlgorithmXxhash64, types.ChecksumTypeComposite},
		{types.ChecksumAlgorithmXxhash128, types.ChecksumTypeComposite},
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
				in := &s3.UploadPartInput{
					Bucket: &bucket, Key: &key, UploadId: created.UploadId, PartNumber: number, Body: bytes.NewReader(body),
				}
				askForChecksum(in, test.algorithm, body)
				part, err := c.UploadPart(t.Context(), in)
				if err != nil {
					t.Fatal(err)
				}
				completed := types.CompletedPart{PartNumber: number, ETag: part.ETag}
				setChecksum(&completed, test.algorithm, checksums(part)[test.algorithm])
				parts = append(parts, completed)
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
			wantChecksum(t, checksums(out), test.algorithm, value)
			want(t, "checksum type", out.ChecksumType, test.kind)
			wantAttributes(t, c, bucket, key, test.algorithm, out, bodies)
		})
	}
}

// wantAttributes checks what GetObjectAttributes tells of an object that was completed of parts with such bodies.
func wantAttributes(t testing.TB, c *s3.Client, bucket, key string, algorithm types.ChecksumAlgorithm, completed *s3.CompleteMultipartUploadOutput, bodies [][]byte) {
	t.Helper()
	got, err := c.GetObjectAttributes(t.Context(), &s3.GetObjectAttributesInput{
		Bucket: &bucket, Key: &key, ObjectAttributes: types.ObjectAttributesEtag.Values(),
	})
	if err != nil {
		t.Fatal(err)
	}
	value, _, _ := strings.Cut(checksums(completed)[algorithm], "-")
	wantChecksum(t, checksums(got.Checksum), algorithm, value)
	want(t, "checksum type", got.Checksum.ChecksumType, completed.ChecksumType)
	want(t, "ETag", quoted(aws.ToString(got.ETag)), aws.ToString(completed.ETag))
	want(t, "size", aws.ToInt64(got.ObjectSize), int64(len(bodies[0])+len(bodies[1])))
	want(t, "storage class", got.StorageClass, types.StorageClassStandard)
	want(t, "number of parts", aws.ToInt32(got.ObjectParts.TotalPartsCount), 2)
	if completed.ChecksumType == types.ChecksumTypeFullObject {
		want(t, "number of parts that are told", len(got.ObjectParts.Parts), 0)
		return
	}
	want(t, "number of parts that are told", len(got.ObjectParts.Parts), 2)
	for i, part := range got.ObjectParts.Parts {
		want(t, "part number", aws.ToInt32(part.PartNumber), int32(i+1))
		want(t, "part size", aws.ToInt64(part.Size), int64(len(bodies[i])))
		wantChecksum(t, checksums(&part), algorithm, checksum(algorithm, bodies[i]))
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
