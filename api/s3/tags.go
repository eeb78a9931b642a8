package s3

import (
	"encoding/xml"
	"net/url"
	"strings"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
)

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
		if keyErr != nil || valueErr != nil || key == "" || api.HasTag(tags, key) {
			return nil, api.InvalidArgumentf("x-amz-tagging", header, "The header 'x-amz-tagging' shall be encoded as "+
				"UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
		}
		if tags = append(tags, eventlog.Tag{Key: key, Value: value}); len(tags) > api.ObjectTags.Most {
			break // a header can have very many
		}
	}
	return tags, api.ObjectTags.Check(tags)
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
	if len(*e) > api.BucketTags.Most {
		return d.Skip()
	}
	return appendElement((*[]tagElement)(e), api.BucketTags.Most+1, d, start)
}

// tags are those of the document, in its order. Errors: MalformedXML, and those of rules.
func (t *tagging) tags(rules api.TagRules) ([]eventlog.Tag, error) {
	if t.TagSet == nil {
		return nil, api.NewError(api.MalformedXML)
	}
	return t.TagSet.Tags.tags(rules)
}

func (e tagElements) tags(rules api.TagRules) ([]eventlog.Tag, error) {
	var tags []eventlog.Tag
	for _, tag := range e {
		if tag.Key == nil || tag.Value == nil {
			return nil, api.NewError(api.MalformedXML)
		}
		tags = append(tags, eventlog.Tag{Key: *tag.Key, Value: *tag.Value})
	}
	return tags, rules.Check(tags)
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
