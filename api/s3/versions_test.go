package s3

import (
	"slices"
	"testing"
)

func TestEveryObjectIsItsOnlyVersion(t *testing.T) {
	s := newKeys(t, "a b", "b/1", "b/2", "c")
	a := s.do("GET", "/bucket?versions&delimiter=/&max-keys=1&encoding-type=url", "").want(200, "")
	for element, want := range map[string]string{
		"Name": "bucket", "Key": "a+b", "VersionId": "null", "IsLatest": "true", "Size": "3", "ID": "c0ffee", "MaxKeys": "1",
		"NextKeyMarker": "a+b", "NextVersionIdMarker": "null", "IsTruncated": "true", "EncodingType": "url",
	} {
		if got := a.element(element); got != want {
			t.Errorf("%s is %q, want %q", element, got, want)
		}
	}
	a = s.do("GET", "/bucket?versions&delimiter=/&max-keys=1&key-marker=a+b&version-id-marker=null", "").want(200, "")
	if !slices.Equal(a.elements("Prefix"), []string{"", "b/"}) || a.element("NextKeyMarker") != "b/" || a.element("NextVersionIdMarker") != "" {
		t.Errorf("body %s", a.body)
	}
	a = s.do("GET", "/bucket?versions&prefix=b/", "").want(200, "")
	if !slices.Equal(a.elements("Key"), []string{"b/1", "b/2"}) || a.element("NextKeyMarker") != "" || a.element("IsTruncated") != "false" {
		t.Errorf("body %s", a.body)
	}
	s.do("GET", "/bucket?versions&version-id-marker=null", "").want(400, "InvalidArgument")
	s.do("GET", "/missing?versions", "").want(404, "NoSuchBucket")
}
