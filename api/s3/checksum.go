package s3

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
)

// checksumField is an additional checksum as the protocol has it.
type checksumField struct {
	algorithm string
	header    string // in canonical form
	element   string // in documents
	size      int    // bytes of the checksum
}

var checksumFields = [...]checksumField{
	{api.CRC32, "X-Amz-Checksum-Crc32", "ChecksumCRC32", 4},
	{api.CRC32C, "X-Amz-Checksum-Crc32c", "ChecksumCRC32C", 4},
	{api.CRC64NVME, "X-Amz-Checksum-Crc64nvme", "ChecksumCRC64NVME", 8},
	{api.MD5, "X-Amz-Checksum-Md5", "ChecksumMD5", 16},
	{api.SHA1, "X-Amz-Checksum-Sha1", "ChecksumSHA1", 20},
	{api.SHA256, "X-Amz-Checksum-Sha256", "ChecksumSHA256", 32},
	{api.SHA512, "X-Amz-Checksum-Sha512", "ChecksumSHA512", 64},
	{api.XXHASH3, "X-Amz-Checksum-Xxhash3", "ChecksumXXHASH3", 8},
	{api.XXHASH64, "X-Amz-Checksum-Xxhash64", "ChecksumXXHASH64", 8},
	{api.XXHASH128, "X-Amz-Checksum-Xxhash128", "ChecksumXXHASH128", 16},
}

// field finds an algorithm; nil if there is no such one.
func field(algorithm string) *checksumField {
	for i := range checksumFields {
		if checksumFields[i].algorithm == algorithm {
			return &checksumFields[i]
		}
	}
	return nil
}

// valid tells whether value is the base64 of a checksum.
func (f *checksumField) valid(value string) bool {
	sum, err := base64.StdEncoding.DecodeString(value)
	return err == nil && len(sum) == f.size
}

// validOfParts tells whether value is the base64 of a checksum, with the number of parts behind it or not.
func (f *checksumField) validOfParts(value string) bool {
	sum, parts, found := strings.Cut(value, "-")
	if found {
		if n, err := strconv.Atoi(parts); err != nil || n < 1 {
			return false
		}
	}
	return f.valid(sum)
}

// setChecksum writes the headers that tell an object's or a part's checksum.
func setChecksum(header http.Header, c eventlog.Checksum) {
	if f := field(c.Algorithm); f != nil && c.Value != "" {
		header[f.header] = []string{c.Value}
		setIf(header, "X-Amz-Checksum-Type", c.Type)
	}
}

// checksum writes the element that tells a checksum.
func (x *xmlWriter) checksum(c eventlog.Checksum) {
	if f := field(c.Algorithm); f != nil && c.Value != "" {
		x.text(f.element, c.Value)
	}
}

// checksumHeader finds the x-amz-checksum-* header that brings a checksum; its field is nil if there is none.
func (c *call) checksumHeader() (*checksumField, string, error) {
	var found *checksumField
	for name := range c.r.Header {
		suffix, ok := strings.CutPrefix(name, "X-Amz-Checksum-")
		if !ok || suffix == "Type" || suffix == "Algorithm" || suffix == "Mode" {
			continue
		}
		f := field(strings.ToUpper(suffix))
		switch {
		case f == nil:
			return nil, "", api.Errorf(api.InvalidRequest, "The algorithm type you specified in x-amz-checksum- header is invalid.")
		case found != nil:
			return nil, "", multipleChecksums()
		}
		found = f
	}
	if found == nil {
		return nil, "", nil
	}
	return found, c.header(found.header), nil
}

func multipleChecksums() error {
	return api.Errorf(api.InvalidRequest,
		"Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
}

func invalidChecksum(f *checksumField) error {
	return api.Errorf(api.InvalidRequest, "Value for %s header is invalid.", strings.ToLower(f.header))
}

// bodyChecksum completes what body says about its additional checksum: which one, and the value that it must have, which
// a header brings or a trailer will.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
func (c *call) bodyChecksum(body *api.Body) error {
	f, value, err := c.checksumHeader()
	if err != nil {
		return err
	}
	trailing, err := c.trailingChecksum()
	switch {
	case err != nil:
		return err
	case f != nil && trailing != nil:
		return multipleChecksums()
	case f != nil:
		if !f.valid(value) {
			return invalidChecksum(f)
		}
		body.Checksum = func() (string, error) { return value, nil }
	case trailing != nil:
		f = trailing
		body.Checksum = func() (string, error) {
			value := c.verified.Trailer().Get(f.header)
			if !f.valid(value) {
				return "", api.Errorf(api.InvalidRequest, "Value for %s trailing header is invalid.", strings.ToLower(f.header))
			}
			return value, nil
		}
	}
	announced := c.header("X-Amz-Sdk-Checksum-Algorithm")
	switch {
	case f != nil && announced != "" && !strings.EqualFold(announced, f.algorithm):
		return api.Errorf(api.InvalidRequest, "Value for x-amz-sdk-checksum-algorithm header is invalid.")
	case f != nil:
		body.Algorithm = f.algorithm
	case announced != "":
		return api.Errorf(api.InvalidRequest,
			"x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.")
	}
	return nil
}

// trailingChecksum finds the checksum that a trailer is to bring; nil if none is.
func (c *call) trailingChecksum() (*checksumField, error) {
	if !c.verified.Chunked {
		return nil, nil
	}
	var found *checksumField
	for _, value := range c.r.Header["X-Amz-Trailer"] {
		for name := range strings.SplitSeq(value, ",") {
			suffix, _ := strings.CutPrefix(strings.ToLower(strings.TrimSpace(name)), "x-amz-checksum-")
			f := field(strings.ToUpper(suffix))
			switch {
			case f == nil:
				return nil, api.Errorf(api.InvalidRequest, "The value specified in the x-amz-trailer header is not supported")
			case found != nil:
				return nil, multipleChecksums()
			}
			found = f
		}
	}
	return found, nil
}

// chosenAlgorithm returns the algorithm that x-amz-checksum-algorithm chooses for an object to be, empty if none.
func (c *call) chosenAlgorithm() (string, error) {
	value := c.header("X-Amz-Checksum-Algorithm")
	algorithm := strings.ToUpper(value)
	if value != "" && field(algorithm) == nil {
		return "", api.Errorf(api.InvalidRequest, "Checksum algorithm provided is unsupported. "+
			"Please try again with any of the valid types: [%s]", strings.Join(api.ChecksumAlgorithms(), ", "))
	}
	return algorithm, nil
}

// checksumType returns the type that x-amz-checksum-type names, empty if it names none.
func (c *call) checksumType() (string, error) {
	switch kind := strings.ToUpper(c.header("X-Amz-Checksum-Type")); kind {
	case "", api.FullObject, api.Composite:
		return kind, nil
	}
	return "", api.Errorf(api.InvalidRequest, "Value for x-amz-checksum-type header is invalid.")
}
