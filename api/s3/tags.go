package s3

import (
	"encoding/xml"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
)

// Limits of a tag's texts, in units of UTF-16.
const (
	maxTagKey   = 128
	maxTagValue = 256
)

// tagRules are those of the tags of one kind of thing.
type tagRules struct {
	most     int    // how many tags a thing may have
	tooMany  string // what is said to more
	reserved string // what is said to a key that begins with reservedTag
}

// reservedTag begins the keys of tags that AWS itself makes, in upper or lower case.
const reservedTag = "aws:"

var (
	// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
	objectTags = tagRules{10, "Object tags cannot be greater than 10", "Your TagKey cannot be prefixed with aws:"}
	// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html
	bucketTags = tagRules{
		50, "Bucket tag count cannot be greater than 50", "System tags cannot be added/updated by requester",
	}
	newBucketTags = tagRules{bucketTags.most, bucketTags.tooMany, `User-defined tag keys can't start with "aws:". ` +
		`This prefix is reserved for system tags. Remove "aws:" from your tag keys and try again.`}
)

// check returns an error unless a thing may have the tags: BadRequest for too many, InvalidTag for one that may not be.
func (rules tagRules) check(tags []eventlog.Tag) error {
	if len(tags) > rules.most {
		return api.Errorf(api.BadRequest, "%s", rules.tooMany)
	}
	for i, tag := range tags {
		key := api.Detail{Name: "TagKey", Value: tag.Key}
		switch {
		case hasTag(tags[:i], tag.Key):
			return invalidTag("Cannot provide multiple Tags with the same key", key)
		case len(tag.Key) >= len(reservedTag) && strings.EqualFold(tag.Key[:len(reservedTag)], reservedTag):
			return invalidTag(rules.reserved, key)
		case tag.Key == "" || !validTagText(tag.Key, maxTagKey):
			return invalidTag("The TagKey you have provided is invalid", key)
		case !validTagText(tag.Value, maxTagValue):
			return invalidTag("The TagValue you have provided is invalid", key, api.Detail{Name: "TagValue", Value: tag.Value})
		}
	}
	return nil
}

func hasTag(tags []eventlog.Tag, key string) bool {
	return slices.ContainsFunc(tags, func(tag eventlog.Tag) bool { return tag.Key == key })
}

func invalidTag(message string, details ...api.Detail) error {
	return &api.Error{Code: api.InvalidTag, Message: message, Details: details}
}

// validTagText tells whether a tag's key or value has only characters that tags may have, and not too many.
func validTagText(s string, limit int) bool {
	if !utf8.ValidString(s) {
		return false
	}
	length := 0
	for _, r := range s {
		length += utf16.RuneLen(r)
		if !unicode.In(r, unicode.L, unicode.N, unicode.Z) && !strings.ContainsRune("+-=._:/@", r) {
			return false
		}
	}
	return length <= limit
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
		if keyErr != nil || valueErr != nil || key == "" || hasTag(tags, key) {
			return nil, api.InvalidArgumentf("x-amz-tagging", header, "The header 'x-amz-tagging' shall be encoded as "+
				"UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
		}
		if tags = append(tags, eventlog.Tag{Key: key, Value: value}); len(tags) > objectTags.most {
			break // a header can have very many
		}
	}
	return tags, objectTags.check(tags)
}

// tagging is the document of tags.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_Tagging.html
type tagging struct {
	XMLName xml.Name `xml:"Tagging"`
	TagSet  *struct {
		Tags tagElements `xml:"Tag"`
	}
}

type tagElement struct{ Key, Value *string }

type tagElements []tagElement

// UnmarshalXML implements xml.Unmarshaler. Of more elements than anything may have tags, it keeps only that they are too
// many.
func (e *tagElements) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	if len(*e) > bucketTags.most {
		return d.Skip()
	}
	return appendElement((*[]tagElement)(e), bucketTags.most+1, d, start)
}

// tags are those of the document, in its order. Errors: MalformedXML, and those of rules.
func (t *tagging) tags(rules tagRules) ([]eventlog.Tag, error) {
	if t.TagSet == nil {
		return nil, api.NewError(api.MalformedXML)
	}
	return t.TagSet.Tags.tags(rules)
}

func (e tagElements) tags(rules tagRules) ([]eventlog.Tag, error) {
	var tags []eventlog.Tag
	for _, tag := range e {
		if tag.Key == nil || tag.Value == nil {
			return nil, api.NewError(api.MalformedXML)
		}
		tags = append(tags, eventlog.Tag{Key: *tag.Key, Value: *tag.Value})
	}
	return tags, rules.check(tags)
}

// tagging writes the document of tags.
func (x *xmlWriter) tagging(tags []eventlog.Tag) {
	x.root("Tagging")
	x.open("TagSet")
	for _, tag := range tags {
		x.open("Tag")
		x.text("Key", tag.Key)
		x.text("Value", tag.Value)
		x.close("Tag")
	}
	x.close("TagSet")
	x.close("Tagging")
}
