package s3

import (
	"fmt"
	"strings"
	"testing"
)

// taggingDocument makes a document of tags, each "key=value".
func taggingDocument(tags ...string) string {
	var b strings.Builder
	b.WriteString("<Tagging><TagSet>")
	for _, tag := range tags {
		key, value, _ := strings.Cut(tag, "=")
		fmt.Fprintf(&b, "<Tag><Key>%s</Key><Value>%s</Value></Tag>", key, value)
	}
	return b.String() + "</TagSet></Tagging>"
}

// wantTags checks the tags of a bucket or an object, each "key=value", in their order.
func (s *testServer) wantTags(target string, want ...string) *answer {
	s.t.Helper()
	a := s.do("GET", target, "").want(200, "")
	keys, values := a.elements("Key"), a.elements("Value")
	var got []string
	for i := range keys {
		got = append(got, keys[i]+"="+values[i])
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") || len(a.elements("TagSet")) != 1 {
		s.t.Errorf("%s: got tags %q, want %q", target, got, want)
	}
	return a
}

func numberedTags(n int) (tags []string) {
	for i := range n {
		tags = append(tags, fmt.Sprintf("key%d=%d", i, i))
	}
	return tags
}

func TestObjectTagging(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/tagged", "", "X-Amz-Tagging: b=1&a=x%2By").want(200, "")
	s.do("PUT", "/bucket/plain", "").want(200, "")
	s.wantTags("/bucket/tagged?tagging&versionId=null", "b=1", "a=x+y")
	s.wantTags("/bucket/plain?tagging")

	modified := s.do("HEAD", "/bucket/plain", "").want(200, "").header.Get("Last-Modified")
	if a := s.do("PUT", "/bucket/plain?tagging", taggingDocument("z=1", "y=", "a b=ä")).want(200, ""); a.body != "" {
		t.Errorf("body %s", a.body)
	}
	s.wantTags("/bucket/plain?tagging", "z=1", "y=", "a b=ä")
	if a := s.do("HEAD", "/bucket/plain", "").want(200, ""); a.header.Get("X-Amz-Tagging-Count") != "3" || a.header.Get("Last-Modified") != modified {
		t.Errorf("headers %v", a.header)
	}
	s.do("PUT", "/bucket/plain?tagging", taggingDocument(numberedTags(10)...)).want(200, "")
	s.wantTags("/bucket/plain?tagging", numberedTags(10)...)
	s.do("PUT", "/bucket/plain?tagging", taggingDocument()).want(200, "")
	s.wantTags("/bucket/plain?tagging")
	for range 2 {
		s.do("DELETE", "/bucket/tagged?tagging", "").want(204, "")
		s.wantTags("/bucket/tagged?tagging")
	}

	document := taggingDocument("a=1")
	s.do("GET", "/bucket/missing?tagging", "").want(404, "NoSuchKey")
	s.do("PUT", "/bucket/missing?tagging", document).want(404, "NoSuchKey")
	s.do("DELETE", "/bucket/missing?tagging", "").want(404, "NoSuchKey")
	s.do("PUT", "/missing/key?tagging", document).want(404, "NoSuchBucket")
	s.do("PUT", "/bucket/plain?tagging&versionId=", document).want(400, "InvalidArgument")
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		s.send(s.request(method, "/bucket/plain?tagging", document)).want(403, "AccessDenied")
	}
}

func TestVersionsHaveTagsOfTheirOwn(t *testing.T) {
	s := newVersioned(t)
	first, second := s.put("k", "one"), s.put("k", "two")
	put := func(target, version, tag string) {
		t.Helper()
		a := s.do("PUT", "/bucket/"+target, taggingDocument(tag)).want(200, "")
		if got := a.header.Get("X-Amz-Version-Id"); got != version {
			t.Errorf("PUT %s names version %q, want %q", target, got, version)
		}
	}
	put("k?tagging", second, "is=second")
	put("k?tagging&versionId="+first, first, "is=first")
	for version, tag := range map[string]string{first: "is=first", second: "is=second"} {
		a := s.wantTags("/bucket/k?tagging&versionId="+version, tag)
		if got := a.header.Get("X-Amz-Version-Id"); got != version {
			t.Errorf("GET names version %q, want %q", got, version)
		}
	}
	a := s.do("DELETE", "/bucket/k?tagging&versionId="+first, "").want(204, "")
	if got := a.header.Get("X-Amz-Version-Id"); got != first {
		t.Errorf("DELETE names version %q, want %q", got, first)
	}
	s.wantTags("/bucket/k?tagging&versionId=" + first)
	s.wantTags("/bucket/k?tagging", "is=second")
	s.wantVersions("*k two", "k one")

	marker := s.do("DELETE", "/bucket/k", "").want(204, "").header.Get("X-Amz-Version-Id")
	s.do("GET", "/bucket/k?tagging", "").want(404, "NoSuchKey")
	s.do("PUT", "/bucket/k?tagging&versionId="+marker, taggingDocument("a=1")).want(405, "MethodNotAllowed")
}

func TestBucketTagging(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("GET", "/bucket?tagging", "").want(404, "NoSuchTagSet")
	s.do("PUT", "/bucket?tagging", taggingDocument("b=1", "a=2")).want(204, "")
	s.wantTags("/bucket?tagging", "b=1", "a=2")
	s.do("PUT", "/bucket?tagging", taggingDocument(numberedTags(51)...)).want(400, "BadRequest")
	s.do("PUT", "/bucket?tagging", taggingDocument("aws:a=1")).want(400, "InvalidTag")
	s.wantTags("/bucket?tagging", "b=1", "a=2")
	s.do("PUT", "/bucket?tagging", taggingDocument(numberedTags(50)...)).want(204, "")
	s.wantTags("/bucket?tagging", numberedTags(50)...)
	s.do("PUT", "/bucket?tagging", taggingDocument()).want(204, "")
	s.do("GET", "/bucket?tagging", "").want(404, "NoSuchTagSet")
	s.do("PUT", "/bucket?tagging", taggingDocument("a=1")).want(204, "")
	for range 2 {
		s.do("DELETE", "/bucket?tagging", "").want(204, "")
		s.do("GET", "/bucket?tagging", "").want(404, "NoSuchTagSet")
	}
	s.do("PUT", "/missing?tagging", taggingDocument("a=1")).want(404, "NoSuchBucket")
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		s.send(s.request(method, "/bucket?tagging", taggingDocument("a=1"))).want(403, "AccessDenied")
	}
}

func TestBucketsAreCreatedWithTags(t *testing.T) {
	s := newServer(t)
	configuration := func(tags ...string) string {
		document := taggingDocument(tags...)
		document = strings.Replace(document, "<Tagging><TagSet>", "<CreateBucketConfiguration><Tags>", 1)
		return strings.Replace(document, "</TagSet></Tagging>", "</Tags></CreateBucketConfiguration>", 1)
	}
	s.do("PUT", "/bucket", configuration("b=1", "a=2")).want(200, "")
	s.wantTags("/bucket?tagging", "b=1", "a=2")
	s.do("PUT", "/other", configuration()).want(200, "")
	s.do("GET", "/other?tagging", "").want(404, "NoSuchTagSet")
	s.do("PUT", "/refused", configuration("AWS:a=1")).want(400, "InvalidTag")
	s.do("PUT", "/refused", configuration(numberedTags(51)...)).want(400, "BadRequest")
	s.do("HEAD", "/refused", "").want(404, "")
}

func TestTagsAreChecked(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", "").want(200, "")
	const target = "/bucket/key?tagging"
	astral := "𐐀" // a letter that is two units of UTF-16
	for _, tag := range []string{
		strings.Repeat("ä", 128) + "=" + strings.Repeat("日", 256), strings.Repeat(astral, 64) + "=" + strings.Repeat(astral, 128),
		"a b+-=. _:/@", "my-aws:key=1", "a=\u00a0\u3000",
	} {
		s.do("PUT", target, taggingDocument(tag)).want(200, "")
	}
	for _, test := range []struct{ body, code, key, value string }{
		{taggingDocument(numberedTags(11)...), "BadRequest", "", ""},
		{taggingDocument(numberedTags(1000)...), "BadRequest", "", ""},
		{taggingDocument("a=1", "b=2", "a=3"), "InvalidTag", "a", ""},
		{taggingDocument("aws:a=1"), "InvalidTag", "aws:a", ""},
		{taggingDocument("=1"), "InvalidTag", "", ""},
		{taggingDocument(strings.Repeat("k", 129) + "=1"), "InvalidTag", strings.Repeat("k", 129), ""},
		{taggingDocument(strings.Repeat(astral, 65) + "=1"), "InvalidTag", strings.Repeat(astral, 65), ""},
		{taggingDocument("k=" + strings.Repeat("v", 257)), "InvalidTag", "k", strings.Repeat("v", 257)},
		{taggingDocument("a?b=1"), "InvalidTag", "a?b", ""},
		{taggingDocument("k=a\tb"), "InvalidTag", "k", "a\tb"},
		{taggingDocument("k=😀"), "InvalidTag", "k", "😀"},
		{"<Tagging/>", "MalformedXML", "", ""},
		{"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", "MalformedXML", "", ""},
		{"<Tagging><TagSet><Tag><Value>a</Value></Tag></TagSet></Tagging>", "MalformedXML", "", ""},
		{"<Tagging><TagSet>", "MalformedXML", "", ""},
		{"<Tags><TagSet/></Tags>", "MalformedXML", "", ""},
		{"", "MissingRequestBodyError", "", ""},
	} {
		a := s.do("PUT", target, test.body)
		if a.status != 400 || a.element("Code") != test.code || a.element("TagKey") != test.key || a.element("TagValue") != test.value {
			t.Errorf("%.200s: got %d %s", test.body, a.status, a.body)
		}
	}
	s.do("PUT", "/bucket/key", "", "X-Amz-Tagging: aws:a=1").want(400, "InvalidTag")
	s.do("PUT", "/bucket/key", "", "X-Amz-Tagging: "+strings.Repeat("a=1&", 20)).want(400, "InvalidArgument")
	s.wantTags(target, "a=\u00a0\u3000")
}
