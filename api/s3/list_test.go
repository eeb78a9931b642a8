package s3

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// newKeys starts a server with a bucket that has these keys.
func newKeys(t *testing.T, keys ...string) *testServer {
	s := newBucket(t, "bucket")
	for _, key := range keys {
		s.do("PUT", "/bucket/"+escapeKey(key), key).want(200, "")
	}
	return s
}

func TestListObjects(t *testing.T) {
	s := newKeys(t, "a", "b/1", "b/2", "c", "d/1")
	a := s.do("GET", "/bucket?delimiter=/&max-keys=2", "").want(200, "")
	for element, want := range map[string]string{
		"Name": "bucket", "Prefix": "", "Marker": "", "NextMarker": "b/", "MaxKeys": "2", "Delimiter": "/", "IsTruncated": "true",
		"Key": "a", "Size": "1", "ETag": `"0cc175b9c0f1b6a831c399e269772661"`, "StorageClass": "STANDARD", "ID": "c0ffee",
		"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "FULL_OBJECT", "EncodingType": "",
	} {
		if got := a.element(element); got != want {
			t.Errorf("%s is %q, want %q", element, got, want)
		}
	}
	if _, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(a.element("LastModified"), ".000Z")); err != nil {
		t.Error(err)
	}
	a = s.do("GET", "/bucket?delimiter=/&marker=b/", "").want(200, "")
	if !slices.Equal(a.elements("Key"), []string{"c"}) || a.element("NextMarker") != "" || a.element("IsTruncated") != "false" {
		t.Errorf("body %s", a.body)
	}
	a = s.do("GET", "/bucket?max-keys=2", "").want(200, "")
	if a.element("NextMarker") != "" || a.element("IsTruncated") != "true" {
		t.Errorf("without a delimiter there is no NextMarker: %s", a.body)
	}
}

func TestListObjectsV2Pages(t *testing.T) {
	s := newKeys(t, "a", "b/1", "b/2", "c", "d/1")
	var got []string
	token := ""
	for {
		target := "/bucket?list-type=2&delimiter=/&max-keys=1"
		if token != "" {
			target += "&continuation-token=" + url.QueryEscape(token)
		}
		a := s.do("GET", target, "").want(200, "")
		if a.element("ContinuationToken") != token || a.element("KeyCount") != "1" || a.element("ID") != "" {
			t.Errorf("body %s", a.body)
		}
		got = append(got, a.elements("Key")...)
		got = append(got, a.elements("Prefix")[1:]...) // the first is that of the request
		if token = a.element("NextContinuationToken"); token == "" {
			break
		}
	}
	if !slices.Equal(got, []string{"a", "b/", "c", "d/"}) {
		t.Errorf("listed %q", got)
	}
	a := s.do("GET", "/bucket?list-type=2&start-after=b/1&fetch-owner=true", "").want(200, "")
	if !slices.Equal(a.elements("Key"), []string{"b/2", "c", "d/1"}) || a.element("StartAfter") != "b/1" || a.element("ID") != "c0ffee" {
		t.Errorf("body %s", a.body)
	}
	a = s.do("GET", "/bucket?list-type=2&max-keys=0", "").want(200, "")
	if a.element("KeyCount") != "0" || a.element("IsTruncated") != "false" || a.element("MaxKeys") != "0" {
		t.Errorf("body %s", a.body)
	}
	if got := s.do("GET", "/bucket?list-type=2&max-keys=5000", "").want(200, "").element("MaxKeys"); got != "1000" {
		t.Errorf("MaxKeys is %s", got)
	}
}

func TestParametersOfLists(t *testing.T) {
	s := newBucket(t, "bucket")
	for query, argument := range map[string]string{
		"max-keys=x":                          "max-keys",
		"max-keys=-1":                         "max-keys",
		"max-keys=2147483648":                 "max-keys",
		"encoding-type=xml":                   "encoding-type",
		"list-type=3":                         "list-type",
		"list-type=2&continuation-token=":     "continuation-token",
		"list-type=2&continuation-token=%2B%": "",
		"list-type=2&continuation-token=_w":   "continuation-token",
		"uploads&max-uploads=x":               "max-uploads",
	} {
		if argument == "" {
			continue
		}
		a := s.do("GET", "/bucket?"+query, "").want(400, "InvalidArgument")
		if got := a.element("ArgumentName"); got != argument {
			t.Errorf("%s: argument %q", query, got)
		}
	}
}

func TestURLEncodedLists(t *testing.T) {
	s := newKeys(t, "a b/+/\x01", "a b/%é(*)~-._")
	query := "&encoding-type=url&prefix=a+b%2F&delimiter=%2B"
	a := s.do("GET", "/bucket?list-type=2&start-after=a+b%2F%21"+query, "").want(200, "")
	if got := a.elements("Key"); !slices.Equal(got, []string{"a+b/%25%C3%A9%28*%29%7E-._"}) {
		t.Errorf("keys %q", got)
	}
	if got := a.elements("Prefix"); !slices.Equal(got, []string{"a+b/", "a+b/%2B"}) {
		t.Errorf("prefixes %q", got)
	}
	if a.element("Delimiter") != "%2B" || a.element("StartAfter") != "a+b/%21" || a.element("EncodingType") != "url" {
		t.Errorf("body %s", a.body)
	}
	a = s.do("GET", "/bucket?max-keys=1&marker=a+b%2F%21"+query, "").want(200, "")
	if a.element("Marker") != "a+b/%21" || a.element("NextMarker") == "" {
		t.Errorf("body %s", a.body)
	}
	if body := s.do("GET", "/bucket", "").want(200, "").body; !strings.Contains(body, "<Key>a b/+/&#x1;</Key>") {
		t.Errorf("without encoding: %s", body)
	}
}

func BenchmarkPageOf1000(b *testing.B) {
	page := projections.Page[*projections.Object]{Truncated: true, Next: "next"}
	for i := range 1000 {
		page.Records = append(page.Records, &projections.Object{
			Bucket: "bucket", Key: fmt.Sprintf("folder/sub folder/file-%08d.txt", i),
			Object: eventlog.Object{
				Modified: time.Now(), Owner: eventlog.Owner{ID: "c0ffee", Name: "tester"}, Size: 4096, ETag: "0cc175b9c0f1b6a831c399e269772661",
				Checksum: eventlog.Checksum{Algorithm: "CRC64NVME", Type: "FULL_OBJECT", Value: "AAAAAAAAAAA="},
			},
		})
	}
	for b.Loop() {
		newPage(page, true).objects(page, true)
	}
}
