package s3

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestKeysAreWhatTheyAre(t *testing.T) {
	s := newBucket(t, "bucket")
	keys := []string{
		"a", "a/", "/a", "//", "a//b", "a/../b", "../a", ".", "..", "./a", "a/./b/", "a b", "a+b", "a%b", "a?b", "a#b", "ä/ö", "日本",
		"a%2Fb", "a:b", "a;b=c&d", "*key", ":bucket", "\x01\n", "~!$'()@,", "𝄞",
	}
	for _, key := range keys {
		s.do("PUT", "/bucket/"+escapeKey(key), key).want(200, "")
	}
	for _, key := range keys {
		if got := s.do("GET", "/bucket/"+escapeKey(key), "").want(200, "").body; got != key {
			t.Errorf("GET %q: got the object of %q", key, got)
		}
	}
	listed := s.do("GET", "/bucket?list-type=2&encoding-type=url", "").want(200, "").elements("Key")
	if len(listed) != len(keys) {
		t.Errorf("%d keys are listed, want %d: %q", len(listed), len(keys), listed)
	}
}

// TestASubresourceOfAnotherLevelIsNone is about links with parameters that only happen to be names of S3's.
func TestASubresourceOfAnotherLevelIsNone(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/app.js", "content").want(200, "")
	for _, query := range []string{"session=1", "policy", "versions=2", "location=here", "lifecycle&metrics"} {
		if got := s.do("GET", "/bucket/app.js?"+query, "").want(200, "").body; got != "content" {
			t.Errorf("%s: got %q", query, got)
		}
	}
	s.do("GET", "/bucket?torrent&uploadId=x", "").want(200, "")
}

// escapeKey writes a key as part of a URL, as strictly as clients of S3 do.
func escapeKey(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(key), "+", "%20"), "%2F", "/")
}

func TestAnEncodedSlashIsASlash(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/a%2Fb", "content").want(200, "")
	s.do("GET", "/bucket/a/b", "").want(200, "")
}

func TestABucketMayHaveASlashBehindIt(t *testing.T) {
	s := newServer(t)
	s.do("PUT", "/bucket/", "").want(200, "")
	s.do("HEAD", "/bucket", "").want(200, "")
	s.do("GET", "/bucket/?location", "").want(200, "")
	s.do("DELETE", "/bucket/", "").want(204, "")
}

func TestHostsAddressBuckets(t *testing.T) {
	s := newServer(t)
	host := "Host: my.bucket." + testDomain
	s.do("PUT", "/", "", host).want(200, "")
	s.do("PUT", "/a//b", "content", host+":9000").want(200, "")
	if got := s.do("GET", "/my.bucket/a//b", "").want(200, "").body; got != "content" {
		t.Errorf("got %q", got)
	}
	s.do("GET", "/a//b", "", "Host: MY.bucket."+strings.ToUpper(testDomain)).want(200, "")
	if got := s.do("GET", "/", "", host).want(200, "").element("Key"); got != "a//b" {
		t.Errorf("listed %q", got)
	}
	if got := s.do("GET", "/", "", "Host: "+testDomain).want(200, "").element("Name"); got != "my.bucket" {
		t.Errorf("listed bucket %q", got)
	}
}

func TestBadPathsAndQueries(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/%ff", "").want(400, "InvalidURI")
	s.do("GET", "/bucket?prefix=%ff", "").want(400, "InvalidURI")
	// A semicolon is one that net/url drops together with what is around it.
	s.send(s.request("PUT", "/bucket/key?acl;x", "")).want(400, "InvalidURI")
	s.do("GET", "//key", "").want(404, "NoSuchBucket")
	s.do("PUT", "/Bucket_", "").want(400, "InvalidBucketName")
	s.do("PUT", "/bucket/"+strings.Repeat("k", 1025), "").want(400, "KeyTooLongError")
}

// TestNoSubresourceIsTakenForThePlainOperation matters most for PUT, which would overwrite the object.
func TestNoSubresourceIsTakenForThePlainOperation(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", "content").want(200, "")
	for l, path := range map[level]string{bucketLevel: "/bucket", objectLevel: "/bucket/key"} {
		for resource := range unimplemented[l] {
			for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
				known := func(op operation) bool { return op.level == l && op.resource == resource && op.method == method }
				if !slices.ContainsFunc(operations, known) {
					s.do(method, path+"?"+resource, "").want(501, "NotImplemented")
				}
			}
		}
	}
	s.do("PUT", "/bucket/key?uploads", "").want(405, "MethodNotAllowed")
	s.do("PUT", "/bucket/key?partNumber=1", "").want(400, "InvalidArgument")
	s.do("PUT", "/bucket/key?uploadId=x", "").want(400, "InvalidArgument")
	s.do("DELETE", "/bucket?uploads", "").want(405, "MethodNotAllowed")
	s.do("GET", "/bucket?uploads&location", "").want(400, "InvalidArgument")
	s.do("GET", "/bucket/key?x-id=GetObject&unknown", "").want(200, "")
}

func TestMethodsThatAreNotAllowed(t *testing.T) {
	s := newBucket(t, "bucket")
	for _, test := range []struct{ method, target, allow string }{
		{"PATCH", "/bucket/key", "DELETE, GET, HEAD, OPTIONS, PUT"},
		{"PATCH", "/bucket", "DELETE, GET, HEAD, OPTIONS, POST, PUT"},
		{"OPTIONS", "/", "GET"},
		{"DELETE", "/", "GET"},
		{"POST", "/bucket/key", "DELETE, GET, HEAD, OPTIONS, PUT"},
		{"GET", "/bucket?delete", "POST"},
		{"HEAD", "/bucket/key?uploadId=x", "DELETE, GET, POST, PUT"},
	} {
		a := s.do(test.method, test.target, "")
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != test.allow {
			t.Errorf("%s %s: got %d, Allow %q; want Allow %q", test.method, test.target, a.status, a.header.Get("Allow"), test.allow)
		}
	}
}
