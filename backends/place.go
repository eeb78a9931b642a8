package backends

import "strings"

// SplitPlace divides the URL of an object in a cloud, such as s3://bucket/a/key, into that of its bucket and the key. Nothing in it is
// escaped: the key is all that is behind the slash.
func SplitPlace(url string) (bucket, key string) {
	scheme, rest, _ := strings.Cut(url, "://")
	name, key, _ := strings.Cut(rest, "/")
	return scheme + "://" + name, key
}
