package api

import "strconv"

// maxMetadata is how long names and values of the user's metadata can be together, in bytes.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
const maxMetadata = 2 << 10

// CheckMetadataSize returns MetadataTooLarge for too much of it.
func CheckMetadataSize(metadata map[string]string) error {
	size := 0
	for name, value := range metadata {
		size += len(name) + len(value)
	}
	if size > maxMetadata {
		return NewError(MetadataTooLarge, Detail{"Size", strconv.Itoa(size)}, Detail{"MaxSizeAllowed", strconv.Itoa(maxMetadata)})
	}
	return nil
}
