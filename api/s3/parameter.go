package s3

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/bleepstore/bleepstore/api"
)

// maxPage is how many entries a page of a list has at most, and has if the request does not limit it.
const maxPage = 1000

// number returns a parameter that limits a page: a number that is cut to most, which it also is by default.
func (c *call) number(name string, most int) (int, error) {
	value := c.query.Get(name)
	if value == "" {
		return most, nil
	}
	n, err := strconv.ParseInt(value, 10, 32)
	switch {
	case err != nil:
		return 0, api.InvalidArgumentf(name, value, "Provided %s not an integer or within integer range", name)
	case n < 0:
		return 0, api.InvalidArgumentf(name, value, "Argument %s must be an integer between 0 and %d", name, math.MaxInt32)
	}
	return min(int(n), most), nil
}

// urlEncoding tells whether the request wants keys in URL encoding.
func (c *call) urlEncoding() (bool, error) {
	switch value := c.query.Get("encoding-type"); value {
	case "":
		return false, nil
	case "url":
		return true, nil
	default:
		return false, api.InvalidArgumentf("encoding-type", value, "Invalid Encoding Method specified in Request")
	}
}

// version returns the versionId parameter, empty if there is none.
func (c *call) version() (string, error) {
	version := c.query.Get("versionId")
	if version == "" && c.query.Has("versionId") {
		return "", emptyVersion()
	}
	return version, nil
}

// objectName returns the object that the request is about.
func (c *call) objectName() (api.ObjectName, error) {
	version, err := c.version()
	return api.ObjectName{Bucket: c.bucket, Key: c.key, Version: version}, err
}

func emptyVersion() error {
	return api.InvalidArgumentf("versionId", "", "Version id cannot be the empty string")
}

// partNumber returns the partNumber parameter, 0 if there is none.
func (c *call) partNumber() (int, error) {
	if !c.query.Has("partNumber") {
		return 0, nil
	}
	value := c.query.Get("partNumber")
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > api.MaxPartNumber {
		return 0, api.InvalidArgumentf("partNumber", value,
			"Part number must be an integer between 1 and %d, inclusive", api.MaxPartNumber)
	}
	return n, nil
}

// encodeToken makes the continuation token that stands for an entry of a list. It is opaque to clients, and safe in URLs
// also for those that forget to encode it.
func encodeToken(entry string) string { return base64.RawURLEncoding.EncodeToString([]byte(entry)) }

// continuation returns the entry that the request's continuation token stands for, empty if it has none.
func (c *call) continuation() (string, error) {
	if !c.query.Has("continuation-token") {
		return "", nil
	}
	token := c.query.Get("continuation-token")
	entry, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(entry) == 0 || !utf8.Valid(entry) {
		return "", api.InvalidArgumentf("continuation-token", token, "The continuation token provided is incorrect")
	}
	return string(entry), nil
}
