package s3

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
)

// Limits of tags; lengths are in characters.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
const (
	maxTags     = 10
	maxTagKey   = 128
	maxTagValue = 256
)

// getObjectTagging implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html
func (c *call) getObjectTagging() error {
	name, err := c.objectName()
	if err != nil {
		return err
	}
	out, err := c.h.Service.HeadObject(c.r.Context(), c.by, api.GetObjectInput{ObjectName: name})
	if err != nil {
		return err
	}
	setIf(c.w.Header(), versionHeader, out.VersionID)
	x := newXML(512)
	x.root("Tagging")
	x.open("TagSet")
	for _, tag := range out.Object.Attributes.Tags {
		x.open("Tag")
		x.text("Key", tag.Key)
		x.text("Value", tag.Value)
		x.close("Tag")
	}
	x.close("TagSet")
	x.close("Tagging")
	c.xml(http.StatusOK, x)
	return nil
}

// parseTags reads the tags of an x-amz-tagging header, "key=value&...", in their order.
func parseTags(header string) ([]eventlog.Tag, error) {
	if header == "" {
		return nil, nil
	}
	var tags []eventlog.Tag
	for pair := range strings.SplitSeq(header, "&") {
		key, value, _ := strings.Cut(pair, "=")
		key, keyErr := url.QueryUnescape(key)
		value, valueErr := url.QueryUnescape(value)
		same := func(tag eventlog.Tag) bool { return tag.Key == key }
		switch {
		case keyErr != nil || valueErr != nil || key == "" || slices.ContainsFunc(tags, same):
			return nil, api.InvalidArgumentf("x-amz-tagging", header, "The header 'x-amz-tagging' shall be encoded as "+
				"UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
		case !validTagText(key, maxTagKey):
			return nil, api.Errorf(api.InvalidTag, "The TagKey you have provided is invalid")
		case !validTagText(value, maxTagValue):
			return nil, api.Errorf(api.InvalidTag, "The TagValue you have provided is invalid")
		}
		tags = append(tags, eventlog.Tag{Key: key, Value: value})
	}
	if len(tags) > maxTags {
		return nil, api.Errorf(api.BadRequest, "Object tags cannot be greater than %d", maxTags)
	}
	return tags, nil
}

// validTagText tells whether a tag's key or value has only characters that tags may have, and not too many.
func validTagText(s string, limit int) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit {
		return false
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsSpace(r) && !strings.ContainsRune("+-=._:/@", r) {
			return false
		}
	}
	return true
}

func (c *call) putObjectTagging() error { return notImplemented(c) }

func (c *call) deleteObjectTagging() error { return notImplemented(c) }
