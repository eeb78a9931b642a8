package gcs

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"cloud.google.com/go/storage"

	"github.com/bleepstore/bleepstore/backends/remote"
)

// listedAttrs are what infoOf needs. They cost nothing where objects are listed.
var listedAttrs = []string{
	"Name", "Size", "Created", "Generation", "MD5", "ContentType", "ContentEncoding", "ContentLanguage", "ContentDisposition",
	"CacheControl", "StorageClass", "Metadata",
}

// infoOf returns what is known of an object. The service has no header Expires.
func infoOf(attrs *storage.ObjectAttrs) remote.Info {
	return remote.Info{
		Name:     attrs.Name,
		Size:     attrs.Size,
		Modified: attrs.Created, // of this generation; Updated is also the time of new metadata
		Tag:      tagOf(attrs.Generation),
		ETag:     etagOf(attrs),
		Headers: remote.Headers{
			ContentType:        attrs.ContentType,
			ContentEncoding:    attrs.ContentEncoding,
			ContentLanguage:    attrs.ContentLanguage,
			ContentDisposition: attrs.ContentDisposition,
			CacheControl:       attrs.CacheControl,
			StorageClass:       attrs.StorageClass,
		},
		Metadata: lowerCase(attrs.Metadata),
	}
}

// readInfo returns what an object's content comes with: no MD5, and not all headers.
func readInfo(name string, r *storage.Reader) remote.Info {
	return remote.Info{
		Name:     name,
		Size:     r.Attrs.Size,
		Modified: r.Attrs.LastModified,
		Tag:      tagOf(r.Attrs.Generation),
		Headers: remote.Headers{
			ContentType:     r.Attrs.ContentType,
			ContentEncoding: r.Attrs.ContentEncoding,
			CacheControl:    r.Attrs.CacheControl,
		},
		Metadata: lowerCase(r.Metadata()),
	}
}

func tagOf(generation int64) string { return strconv.FormatInt(generation, 10) }

// etagOf returns the MD5, or for an object that was composed of others, and has none, text of the form that clients of S3 do
// not take for one.
func etagOf(attrs *storage.ObjectAttrs) string {
	if len(attrs.MD5) == 0 {
		return fmt.Sprintf("%032x-1", attrs.Generation)
	}
	return hex.EncodeToString(attrs.MD5)
}

// lowerCase returns metadata with names as all services have them: XML comes with those of HTTP headers. It is not nil.
func lowerCase(metadata map[string]string) map[string]string {
	lower := make(map[string]string, len(metadata))
	for name, value := range metadata {
		lower[strings.ToLower(name)] = value
	}
	return lower
}
