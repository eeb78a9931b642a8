package portable

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strconv"
	"strings"
)

// The folders of the tree beside those of buckets, whose names do not begin with a dot.
const (
	partsFolder    = ".multipart"
	oldPartsFolder = ".parts" // where some have had parts, and they are read
	escapedFolder  = ".keys"
)

// maxName is how long the name of a file can be on common file systems, in bytes.
const maxName = 255

// plainPath returns the place of a key in the tree, BUCKET/KEY. It reports false for a key that is no path of a file, or of
// another file than the one that it says: then a program that joins the two may come out anywhere.
func plainPath(bucket, key string) (string, bool) {
	if bucket == metadataFile {
		return "", false // whose folder would be where the metadata is
	}
	for name := range strings.SplitSeq(key, "/") {
		if name == "" || name == "." || name == ".." || len(name) > maxName || strings.ContainsRune(name, 0) {
			return "", false
		}
	}
	return bucket + "/" + key, true
}

// escapedPath returns the place of a key that cannot be in its plain one, which its row then names: by a hash, because such
// a key may be too long for the name of a file in any other encoding.
func escapedPath(bucket, key string) string {
	sum := sha256.Sum256([]byte(bucket + "/" + key))
	return escapedFolder + "/" + hex.EncodeToString(sum[:])
}

// normalPath returns where programs put a key that is no plain path if they leave it to the file system what that means:
// empty if that is not within the folder of the bucket, or is that folder.
func normalPath(bucket, key string) string {
	joined := path.Join(bucket, key)
	if !strings.HasPrefix(joined, bucket+"/") || strings.ContainsRune(joined, 0) {
		return ""
	}
	return joined
}

// partPath is the place of a part.
func partPath(upload string, number int) string {
	return partsFolder + "/" + upload + "/" + strconv.Itoa(number)
}
