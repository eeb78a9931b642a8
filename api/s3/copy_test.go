package s3

import (
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/api"
)

func TestCopyObject(t *testing.T) {
	s := newBucket(t, "bucket")
	put := s.do("PUT", "/bucket/a%20b", lyric, "Content-Type: text/plain", "X-Amz-Meta-A: 1", "X-Amz-Tagging: t=1").want(200, "")
	etag := put.header.Get("ETag")
	source := "X-Amz-Copy-Source: /bucket/a%20b"

	a := s.do("PUT", "/bucket/copy", "", source).want(200, "")
	if a.element("ETag") != etag || a.element("LastModified") == "" || len(a.element("ChecksumCRC64NVME")) != 12 || a.element("ChecksumType") != "FULL_OBJECT" {
		t.Errorf("body %s", a.body)
	}
	got := s.do("GET", "/bucket/copy", "").want(200, "")
	if got.body != lyric || got.header.Get("Content-Type") != "text/plain" || got.header.Get("X-Amz-Meta-A") != "1" || got.header.Get("X-Amz-Tagging-Count") != "1" {
		t.Errorf("got %q with %v", got.body, got.header)
	}

	s.do("PUT", "/bucket/copy", "", source, "X-Amz-Metadata-Directive: REPLACE", "X-Amz-Tagging-Directive: REPLACE",
		"X-Amz-Meta-B: 2", "X-Amz-Storage-Class: GLACIER_IR").want(200, "")
	got = s.do("GET", "/bucket/copy", "").want(200, "")
	if got.header.Get("Content-Type") != "binary/octet-stream" || got.header.Get("X-Amz-Meta-A") != "" || got.header.Get("X-Amz-Meta-B") != "2" ||
		got.header.Get("X-Amz-Tagging-Count") != "" || got.header.Get("X-Amz-Storage-Class") != "GLACIER_IR" {
		t.Errorf("got %v", got.header)
	}

	for _, test := range []struct {
		headers []string
		status  int
		code    string
	}{
		{[]string{"X-Amz-Copy-Source: bucket/a%20b", "X-Amz-Copy-Source-If-Match: " + etag}, 200, ""},
		{[]string{"X-Amz-Copy-Source: bucket%2Fa%20b?versionId=null"}, 200, ""},
		{[]string{source, `X-Amz-Copy-Source-If-Match: "other"`}, 412, "PreconditionFailed"},
		{[]string{source, "X-Amz-Copy-Source-If-None-Match: " + etag}, 412, "PreconditionFailed"},
		{[]string{source, "If-None-Match: *"}, 412, "PreconditionFailed"},
		{[]string{source, "X-Amz-Metadata-Directive: MOVE"}, 400, "InvalidArgument"},
		{[]string{source, "X-Amz-Tagging-Directive: MOVE"}, 400, "InvalidArgument"},
		{[]string{source, "X-Amz-Checksum-Algorithm: MD4"}, 400, "InvalidRequest"},
		{[]string{source, "X-Amz-Checksum-Algorithm: SHA256"}, 200, ""},
		{[]string{"X-Amz-Copy-Source: bucket/missing"}, 404, "NoSuchKey"},
		{[]string{"X-Amz-Copy-Source: missing/key"}, 404, "NoSuchBucket"},
		{[]string{"X-Amz-Copy-Source: bucket"}, 400, "InvalidArgument"},
		{[]string{"X-Amz-Copy-Source: "}, 400, "InvalidArgument"},
		{[]string{"X-Amz-Copy-Source: bucket/%"}, 400, "InvalidArgument"},
		{[]string{"X-Amz-Copy-Source: bucket/%ff"}, 400, "InvalidArgument"},
		{[]string{"X-Amz-Copy-Source: arn:aws:s3:us-east-1:1:accesspoint/a/object/k"}, 501, "NotImplemented"},
	} {
		a := s.do("PUT", "/bucket/copy", "", test.headers...)
		if a.status != test.status || test.code != "" && a.element("Code") != test.code {
			t.Errorf("%v: got %d %s", test.headers, a.status, a.body)
		}
	}
	s.do("PUT", "/bucket/a%20b", "", source).want(400, "InvalidRequest")
}

func TestCopySources(t *testing.T) {
	for header, want := range map[string]api.ObjectName{
		"b/k":                    {Bucket: "b", Key: "k", Version: ""},
		"/b/k":                   {Bucket: "b", Key: "k", Version: ""},
		"b//k/":                  {Bucket: "b", Key: "/k/", Version: ""},
		"%2Fb%2Fk%2Bl+m":         {Bucket: "b", Key: "k+l m", Version: ""},
		"b/k?versionId=v":        {Bucket: "b", Key: "k", Version: "v"},
		"b/k%3FversionId=v":      {Bucket: "b", Key: "k?versionId=v", Version: ""},
		"b/k?x":                  {Bucket: "b", Key: "k?x", Version: ""},
		"b/k?versionId=1%2B?x=y": {Bucket: "b", Key: "k", Version: "1%2B?x=y"},
	} {
		if got, err := parseCopySource(header); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", header, got, err)
		}
	}
}

func FuzzCopySource(f *testing.F) {
	for _, seed := range []string{"b/k", "/b/k?versionId=v", "b/%2F%20+", "arn:aws:s3", "b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		s, err := parseCopySource(header)
		if err == nil && (s.Bucket == "" || s.Key == "" || strings.Contains(s.Bucket, "/")) {
			t.Errorf("%q: %+v", header, s)
		}
	})
}

func TestRedirectsOfCopies(t *testing.T) {
	s := newBucket(t, "bucket")
	for _, bad := range []string{"elsewhere", "ftp://example.com/", "/" + strings.Repeat("a", 2048)} {
		s.do("PUT", "/bucket/key", "content", "X-Amz-Website-Redirect-Location: "+bad).want(400, "InvalidRedirectLocation")
	}
	s.do("PUT", "/bucket/key", "content", "X-Amz-Website-Redirect-Location: /x").want(200, "")
	redirect := func(target string, headers ...string) string {
		s.do("PUT", target, "", append(headers, "X-Amz-Copy-Source: bucket/key")...).want(200, "")
		return s.do("HEAD", target, "").want(200, "").header.Get("X-Amz-Website-Redirect-Location")
	}
	if got := redirect("/bucket/copy"); got != "" {
		t.Errorf("the copy leads to %q", got)
	}
	if got := redirect("/bucket/copy", "X-Amz-Website-Redirect-Location: https://example.com/"); got != "https://example.com/" {
		t.Errorf("the copy leads to %q", got)
	}
	s.do("PUT", "/bucket/key", "", "X-Amz-Copy-Source: bucket/key", "X-Amz-Website-Redirect-Location: /x").want(400, "InvalidRequest")
	if got := redirect("/bucket/key", "X-Amz-Website-Redirect-Location: /y"); got != "/y" {
		t.Errorf("the object leads to %q", got)
	}
}

// A copy of an object of parts, under other checksums than the parts have.
func TestCopiesOfPartsGetTheChecksumThatIsAskedFor(t *testing.T) {
	s := newBucket(t, "bucket")
	parts := []string{strings.Repeat("a", api.MinPartSize), "bc"}
	target, document := s.multipart(*field(api.SHA256), "", parts...)
	s.do("POST", target, document).want(200, "")
	for _, f := range checksumFields {
		a := s.do("PUT", "/bucket/copy", "", "X-Amz-Copy-Source: bucket/key", "X-Amz-Checksum-Algorithm: "+f.algorithm).want(200, "")
		if want := sum(f.algorithm, parts[0]+parts[1]); a.element(f.element) != want || a.element("ChecksumType") != "FULL_OBJECT" {
			t.Errorf("%s: answered %s, want %s", f.algorithm, a.body, want)
		}
	}
}
