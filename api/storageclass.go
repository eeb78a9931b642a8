package api

import "slices"

// storageClasses are those of S3 but the standard one.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
var storageClasses = []string{
	"REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE",
}

// IsStorageClass tells whether a name is that of a storage class, apart from the standard one.
func IsStorageClass(name string) bool { return slices.Contains(storageClasses, name) }
