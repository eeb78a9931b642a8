package s3

import (
	"strings"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/openapi"
)

// Names of parameters and headers that operations have in common.
var (
	attributeHeaders = "cache-control content-disposition content-encoding content-language content-type expires " +
		"x-amz-storage-class x-amz-tagging x-amz-website-redirect-location x-amz-meta-*"
	grantNames = func() string {
		names := []string{"x-amz-acl"}
		for _, h := range grantHeaders {
			names = append(names, strings.ToLower(h.name))
		}
		return strings.Join(names, " ")
	}()
	checksumNames = func() string {
		var names []string
		for i := range checksumFields {
			names = append(names, strings.ToLower(checksumFields[i].header))
		}
		return strings.Join(names, " ")
	}()
	overrideNames = func() string {
		var names []string
		for _, o := range responseOverrides {
			names = append(names, o.parameter)
		}
		return strings.Join(names, " ")
	}()

	bodyHeaders          = "content-md5 x-amz-sdk-checksum-algorithm x-amz-trailer " + checksumNames
	readConditionNames   = "if-match if-none-match if-modified-since if-unmodified-since"
	sourceConditionNames = "x-amz-copy-source-if-match x-amz-copy-source-if-none-match " +
		"x-amz-copy-source-if-modified-since x-amz-copy-source-if-unmodified-since x-amz-source-expected-bucket-owner"
)

// parameters are the components that operations refer to, by their names.
var parameters = merged(
	parametersIn("path", map[string]*openapi.Schema{
		"Bucket": openapi.String().As("The bucket's name."),
		"Key":    openapi.String().As("The object's key: up to 1,024 bytes of UTF-8."),
	}),
	parametersIn("query", map[string]*openapi.Schema{
		"bucket-region":                openapi.String().As("The region whose buckets to list: the server's, which all buckets are in."),
		"continuation-token":           openapi.String().As("Where to go on: the token of the page before."),
		"delimiter":                    openapi.String().As("Keys that have it behind the prefix are told as one common prefix."),
		"encoding-type":                openapi.OneOf("url").As("Have keys in URL encoding."),
		"fetch-owner":                  openapi.Boolean().As("Have owners in the answer."),
		"id":                           openapi.String().As("The configuration's id. No bucket has any."),
		"key-marker":                   openapi.String().As("Begin behind this key."),
		"list-type":                    {Type: "integer", Enum: []any{2}, Description: "The version of the list."},
		"marker":                       openapi.String().As("Begin behind this key."),
		"max-buckets":                  openapi.Integer().From(1).To(maxBuckets).As("How many buckets to tell at most."),
		"max-keys":                     openapi.Integer().From(0).As("How many keys to tell at most; 1,000 at most and by default."),
		"max-parts":                    openapi.Integer().From(0).As("How many parts to tell at most; 1,000 at most and by default."),
		"max-uploads":                  openapi.Integer().From(0).As("How many uploads to tell at most; 1,000 at most and by default."),
		"part-number-marker":           openapi.Integer().From(0).As("Begin behind this part."),
		"partNumber":                   openapi.Integer().From(1).To(api.MaxPartNumber).As("The number of a part."),
		"prefix":                       openapi.String().As("Only what begins with it."),
		"start-after":                  openapi.String().As("Begin behind this key."),
		"upload-id-marker":             openapi.String().As("Begin behind this upload of the key in key-marker."),
		"uploadId":                     openapi.String().As("The id of the multipart upload."),
		"version-id-marker":            openapi.String().As("Begin behind this version of the key in key-marker."),
		"versionId":                    openapi.String().As("The version of the object; the current one if there is none."),
		"response-cache-control":       openapi.String().As("Cache-Control of the answer."),
		"response-content-disposition": openapi.String().As("Content-Disposition of the answer."),
		"response-content-encoding":    openapi.String().As("Content-Encoding of the answer."),
		"response-content-language":    openapi.String().As("Content-Language of the answer."),
		"response-content-type":        openapi.String().As("Content-Type of the answer."),
		"response-expires":             openapi.String().As("Expires of the answer."),
	}),
	parametersIn("header", map[string]*openapi.Schema{
		"access-control-request-headers": openapi.String().As("The headers that a page wants to send."),
		"access-control-request-method":  openapi.String().As("The method that a page wants to use."),
		"cache-control":                  openapi.String().As("Kept with the object."),
		"content-disposition":            openapi.String().As("Kept with the object."),
		"content-encoding":               openapi.String().As("Kept with the object, without aws-chunked."),
		"content-language":               openapi.String().As("Kept with the object."),
		"content-md5":                    openapi.String().As("Base64 of the MD5 of the body."),
		"content-type":                   openapi.String().As("Kept with the object."),
		"expires":                        openapi.String().As("Kept with the object."),
		"if-match":                       openapi.String().As("Only if the object has one of these ETags."),
		"if-modified-since":              openapi.String().As("Only if the object is newer."),
		"if-none-match":                  openapi.String().As("Only if the object has none of these ETags; * for no object at all."),
		"if-range":                       openapi.String().As("The range only if the object has this ETag, or is not newer than this time; else all of it."),
		"if-unmodified-since":            openapi.String().As("Only if the object is not newer."),
		"origin":                         openapi.String().As("The origin of the page."),
		"range":                          openapi.String().As("The bytes that are wanted: bytes=first-last."),

		"x-amz-checksum-algorithm":              openapi.OneOf(api.ChecksumAlgorithms()...).As("The checksum that the object is to have."),
		"x-amz-checksum-mode":                   openapi.OneOf("ENABLED").As("Have the checksum in the answer."),
		"x-amz-checksum-type":                   checksumType(),
		"x-amz-copy-source":                     openapi.String().As("What to copy: bucket/key in URL encoding, with ?versionId=id behind it for a version."),
		"x-amz-copy-source-if-match":            openapi.String().As("Only if the source has one of these ETags."),
		"x-amz-copy-source-if-modified-since":   openapi.String().As("Only if the source is newer."),
		"x-amz-copy-source-if-none-match":       openapi.String().As("Only if the source has none of these ETags."),
		"x-amz-copy-source-if-unmodified-since": openapi.String().As("Only if the source is not newer."),
		"x-amz-copy-source-range":               openapi.String().As("The bytes of the source that are wanted: bytes=first-last."),
		"x-amz-expected-bucket-owner":           openapi.String().As("The account that the bucket must belong to."),
		"x-amz-if-match-last-modified-time":     openapi.String().As("Only if the object is of this time."),
		"x-amz-if-match-size":                   openapi.Integer().From(0).As("Only if the object is of this size."),
		"x-amz-max-parts":                       openapi.Integer().From(0).As("How many parts to tell at most; 1,000 at most and by default."),
		"x-amz-meta-*":                          openapi.String().As("Metadata: any header that begins with x-amz-meta-. 2 KB in all at most."),
		"x-amz-metadata-directive":              openapi.OneOf("COPY", "REPLACE").As("Keep the attributes of the source, or have those of the request."),
		"x-amz-mp-object-size":                  openapi.Integer().From(0).As("The size that the object must come to."),
		"x-amz-object-attributes":               openapi.String().As("What is wanted, separated by commas: " + strings.Join(objectAttributes, ", ") + "."),
		"x-amz-object-ownership":                openapi.OneOf(ownerships...).As("Whose the objects in the bucket are."),
		"x-amz-part-number-marker":              openapi.Integer().From(0).As("Begin behind this part."),
		"x-amz-sdk-checksum-algorithm":          openapi.OneOf(api.ChecksumAlgorithms()...).As("Which checksum a header or trailer brings."),
		"x-amz-source-expected-bucket-owner":    openapi.String().As("The account that the bucket of the source must belong to."),
		"x-amz-storage-class":                   openapi.String().As("A name that the object keeps; all classes are stored alike."),
		"x-amz-tagging":                         openapi.String().As("Tags as URL parameters: key=value&…"),
		"x-amz-tagging-directive":               openapi.OneOf("COPY", "REPLACE").As("Keep the tags of the source, or have those of the request."),
		"x-amz-trailer":                         openapi.String().As("The checksum header that comes behind an aws-chunked body."),
		"x-amz-website-redirect-location":       openapi.String().As("Kept with the object."),
		"x-amz-acl": openapi.OneOf(
			"private", "public-read", "public-read-write", "authenticated-read", "bucket-owner-read",
			"bucket-owner-full-control",
		).As("A canned ACL, instead of grants."),
	}),
	parametersIn("header", grantParameters()),
	parametersIn("header", checksumParameters()),
)

func parametersIn(place string, all map[string]*openapi.Schema) map[string]openapi.Parameter {
	m := make(map[string]openapi.Parameter, len(all))
	for name, schema := range all {
		p := openapi.Parameter{
			Name: name, In: place, Required: place == "path", Description: schema.Description, Schema: schema,
		}
		schema.Description = ""
		m[componentName(name)] = p
	}
	return m
}

func grantParameters() map[string]*openapi.Schema {
	m := make(map[string]*openapi.Schema)
	for _, h := range grantHeaders {
		m[strings.ToLower(h.name)] = openapi.String().As(`Who has ` + string(h.permission) + `: id="…" or uri="…", separated by commas.`)
	}
	return m
}

func checksumParameters() map[string]*openapi.Schema {
	m := make(map[string]*openapi.Schema)
	for _, f := range checksumFields {
		m[strings.ToLower(f.header)] = openapi.String().As("Base64 of the checksum " + f.algorithm + ".")
	}
	return m
}

func checksumType() *openapi.Schema {
	return openapi.OneOf(api.Composite, api.FullObject).As("Whether the checksum is of the bytes, or of the parts' checksums.")
}

// objectHeaders are headers of answers that tell of an object.
var objectHeaders = "accept-ranges cache-control content-disposition content-encoding content-language content-length " +
	"content-range content-type etag expires last-modified x-amz-checksum-type x-amz-meta-* x-amz-mp-parts-count " +
	"x-amz-storage-class x-amz-tagging-count x-amz-version-id x-amz-website-redirect-location " + checksumNames

// responseHeaders are the components that answers refer to, by their names.
var responseHeaders = headers(map[string]*openapi.Schema{
	"accept-ranges":                    openapi.OneOf("bytes").As("Ranges can be asked for."),
	"access-control-allow-credentials": openapi.Boolean(),
	"access-control-allow-headers":     openapi.String().As("The headers that the page may send."),
	"access-control-allow-methods":     openapi.String().As("The methods that the page may use."),
	"access-control-allow-origin":      openapi.String().As("The origin of the page, or * for any."),
	"access-control-expose-headers":    openapi.String().As("The headers that the page may read."),
	"access-control-max-age":           openapi.Integer().As("How many seconds the answer holds."),
	"cache-control":                    openapi.String(),
	"content-disposition":              openapi.String(),
	"content-encoding":                 openapi.String(),
	"content-language":                 openapi.String(),
	"content-length":                   openapi.Integer().From(0),
	"content-range":                    openapi.String().As("Which bytes the body has."),
	"content-type":                     openapi.String(),
	"etag":                             openapi.String().As(`In quotes: the MD5 of the bytes in hex, or "hex-N" for N parts.`),
	"expires":                          openapi.String(),
	"last-modified":                    openapi.String(),
	"location":                         openapi.String(),
	"x-amz-access-point-alias":         openapi.Boolean(),
	"x-amz-bucket-region":              openapi.String().As("The bucket's region."),
	"x-amz-checksum-algorithm":         openapi.OneOf(api.ChecksumAlgorithms()...),
	"x-amz-checksum-type":              checksumType(),
	"x-amz-copy-source-version-id":     openapi.String().As("The version that was copied."),
	"x-amz-delete-marker":              openapi.Boolean().As("What was made or deleted is a delete marker."),
	"x-amz-meta-*":                     openapi.String().As("Metadata: any header that begins with x-amz-meta-."),
	"x-amz-mp-parts-count":             openapi.Integer().From(1).As("How many parts the object has."),
	"x-amz-storage-class":              openapi.String().As("The storage class; STANDARD is not told."),
	"x-amz-tagging-count":              openapi.Integer().From(1).As("How many tags the object has."),
	"x-amz-version-id":                 openapi.String().As("The object's version."),
	"x-amz-website-redirect-location":  openapi.String(),
}, checksumParameters())

func headers(maps ...map[string]*openapi.Schema) map[string]openapi.Header {
	m := make(map[string]openapi.Header)
	for name, schema := range merged(maps...) {
		m[componentName(name)] = openapi.Header{Description: schema.Description, Schema: schema}
		schema.Description = ""
	}
	return m
}
