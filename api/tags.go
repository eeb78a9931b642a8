package api

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/bleepstore/bleepstore/eventlog"
)

// Limits of a tag's texts, in units of UTF-16.
const (
	maxTagKey   = 128
	maxTagValue = 256
)

// TagRules are those of the tags of one kind of thing.
type TagRules struct {
	Most     int    // how many tags a thing may have
	tooMany  string // what is said to more
	reserved string // what is said to a key that begins with reservedTag
}

// reservedTag begins the keys of tags that AWS itself makes, in upper or lower case.
const reservedTag = "aws:"

var (
	// ObjectTags are the rules for objects.
	// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
	ObjectTags = TagRules{10, "Object tags cannot be greater than 10", "Your TagKey cannot be prefixed with aws:"}
	// BucketTags are the rules for buckets.
	// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html
	BucketTags = TagRules{
		50, "Bucket tag count cannot be greater than 50", "System tags cannot be added/updated by requester",
	}
	// NewBucketTags are those for buckets that are made with tags: the same, in other words.
	NewBucketTags = TagRules{BucketTags.Most, BucketTags.tooMany, `User-defined tag keys can't start with "aws:". ` +
		`This prefix is reserved for system tags. Remove "aws:" from your tag keys and try again.`}
)

// Check returns an error unless a thing may have the tags: BadRequest for too many, InvalidTag for one that may not be.
func (rules TagRules) Check(tags []eventlog.Tag) error {
	if len(tags) > rules.Most {
		return Errorf(BadRequest, "%s", rules.tooMany)
	}
	for i, tag := range tags {
		key := Detail{Name: "TagKey", Value: tag.Key}
		switch {
		case HasTag(tags[:i], tag.Key):
			return invalidTag("Cannot provide multiple Tags with the same key", key)
		case len(tag.Key) >= len(reservedTag) && strings.EqualFold(tag.Key[:len(reservedTag)], reservedTag):
			return invalidTag(rules.reserved, key)
		case tag.Key == "" || !validTagText(tag.Key, maxTagKey):
			return invalidTag("The TagKey you have provided is invalid", key)
		case !validTagText(tag.Value, maxTagValue):
			return invalidTag("The TagValue you have provided is invalid", key, Detail{Name: "TagValue", Value: tag.Value})
		}
	}
	return nil
}

// HasTag tells whether one of the tags has a key.
func HasTag(tags []eventlog.Tag, key string) bool {
	return slices.ContainsFunc(tags, func(tag eventlog.Tag) bool { return tag.Key == key })
}

func invalidTag(message string, details ...Detail) error {
	return &Error{Code: InvalidTag, Message: message, Details: details}
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
