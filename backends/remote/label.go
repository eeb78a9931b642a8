package remote

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/backends"
)

// The metadata of a blob's object. Values are printable ASCII and have at most 2 KiB in all, which is what S3 takes.
const (
	metaBlob     = "blob"      // its id: an object that somebody else has put in its place does not have it
	metaBucket   = "bucket"    // of Label, as all that follow
	metaKey      = "key"       // percent-encoded as in the path of a URL
	metaKey64    = "keybase64" // instead, where metaKey would be too long
	metaUpload   = "upload"
	metaPart     = "part"
	metaManifest = "manifest"
)

const (
	maxEncodedKey  = 1400 // bytes of metaKey: base64 of the longest key has 1,368
	maxContentType = 256  // bytes; a longer one is left out
)

// optionsOf returns how a blob's object is stored.
func optionsOf(id backends.ID, label backends.Label) Options {
	options := Options{Metadata: map[string]string{metaBlob: string(id)}}
	set := func(name, value string) {
		if value != "" {
			options.Metadata[name] = value
		}
	}
	set(metaBucket, label.Bucket)
	if key := strings.ReplaceAll(url.PathEscape(label.Key), "%2F", "/"); len(key) <= maxEncodedKey {
		set(metaKey, key)
	} else {
		set(metaKey64, base64.URLEncoding.EncodeToString([]byte(label.Key)))
	}
	if len(label.Upload) <= 128 {
		set(metaUpload, label.Upload)
	}
	if label.Part > 0 {
		set(metaPart, strconv.Itoa(label.Part))
	}
	if label.Manifest {
		set(metaManifest, "true")
	}
	if len(label.ContentType) <= maxContentType && isPrintable(label.ContentType) {
		options.ContentType = label.ContentType
	}
	return options
}

func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// labelOf is the inverse of optionsOf, as far as the label could be kept.
func labelOf(info Info) (label backends.Label, err error) {
	m := info.Metadata
	label = backends.Label{
		Bucket: m[metaBucket], ContentType: info.Headers.ContentType, Upload: m[metaUpload], Manifest: m[metaManifest] == "true",
	}
	label.Key, err = url.PathUnescape(m[metaKey])
	if encoded := m[metaKey64]; err == nil && encoded != "" {
		var key []byte
		key, err = base64.URLEncoding.DecodeString(encoded)
		label.Key = string(key)
	}
	if part := m[metaPart]; err == nil && part != "" {
		label.Part, err = strconv.Atoi(part)
	}
	if err != nil {
		return backends.Label{}, fmt.Errorf("the metadata of object %s is no label: %w", info.Name, err)
	}
	return label, nil
}
