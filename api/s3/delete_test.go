package s3

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// deleteKeys sends a DeleteObjects request.
func (s *testServer) deleteKeys(body string, headers ...string) *answer {
	s.t.Helper()
	return s.do("POST", "/bucket?delete", body, append(headers, "X-Amz-Checksum-Crc32: "+crc32Base64(body))...)
}

func TestDeleteObjects(t *testing.T) {
	s := newKeys(t, "a", "b", "c", "d\r\n<&>")
	a := s.deleteKeys(`<Delete xmlns="`+namespace+`"><Object><Key>a</Key></Object><Object><Key>missing</Key></Object>`+
		`<Object><Key>b</Key><ETag>"other"</ETag></Object></Delete>`).want(200, "")
	if !slices.Equal(a.elements("Key"), []string{"a", "missing", "b"}) || a.element("Code") != "PreconditionFailed" ||
		strings.Count(a.body, "<Deleted>") != 2 {
		t.Errorf("body %s", a.body)
	}
	a = s.deleteKeys("<Delete><Quiet>true</Quiet><Object><Key>b</Key></Object><Object><Key>d&#13;&#10;&lt;&amp;&gt;</Key></Object></Delete>").want(200, "")
	if a.element("Key") != "" {
		t.Errorf("quiet, but body %s", a.body)
	}
	if got := s.do("GET", "/bucket", "").want(200, "").elements("Key"); !slices.Equal(got, []string{"c"}) {
		t.Errorf("%q are left", got)
	}
	s.do("DELETE", "/bucket/c", "", `If-Match: "other"`).want(412, "PreconditionFailed")
	s.do("DELETE", "/bucket/c", "", "X-Amz-If-Match-Size: 2").want(412, "PreconditionFailed")
	s.do("DELETE", "/bucket/c?x-amz-if-match-size=2", "").want(412, "PreconditionFailed")
	s.do("DELETE", "/bucket/c", "", "X-Amz-If-Match-Size: much").want(400, "InvalidArgument")
	s.do("DELETE", "/bucket/c", "", "X-Amz-If-Match-Last-Modified-Time: Wed, 21 Oct 2015 07:28:00 GMT").want(412, "PreconditionFailed")
	s.do("DELETE", "/bucket/c", "", "X-Amz-If-Match-Last-Modified-Time: yesterday").want(400, "InvalidArgument")
	modified := s.do("HEAD", "/bucket/c", "").want(200, "").header.Get("Last-Modified")
	s.do("DELETE", "/bucket/c", "", "If-Match: *", "X-Amz-If-Match-Size: 1", "X-Amz-If-Match-Last-Modified-Time: "+modified).want(204, "")
	s.do("DELETE", "/bucket/c", "", "If-Match: *").want(404, "NoSuchKey")
	s.do("DELETE", "/bucket/c", "", "X-Amz-If-Match-Size: 1").want(204, "")
	s.do("DELETE", "/bucket/c", "").want(204, "")
}

func TestDeleteObjectsRefuses(t *testing.T) {
	s := newKeys(t, "a")
	entries := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "<Object><Key>%d</Key></Object>", i)
		}
		return "<Delete>" + b.String() + "</Delete>"
	}
	s.deleteKeys(entries(1000)).want(200, "")
	for _, body := range []string{
		entries(0), entries(1001), "<Other><Object><Key>a</Key></Object></Other>", "<Delete><Object><Key>a</Key></Object>",
		"<Delete><Object><Key></Key></Object></Delete>", "<Delete><Object></Object></Delete>",
		"<Delete><Object><Key>b</Key><Key>a</Key></Object></Delete>", "<Delete><Object><Key>a</Key><Etag>other</Etag></Object></Delete>",
		"<Delete><Object><Key>a</Key><VersionId></VersionId></Object></Delete>",
		"<Delete><Object><Key>a</Key><ETag></ETag></Object></Delete>", "<Delete><Object><Key>a</Key><Size/></Object></Delete>",
		"<Delete><Quiet>maybe</Quiet><Object><Key>a</Key></Object></Delete>", "<Delete><Object><Key>&#1;</Key></Object></Delete>",
		"<!DOCTYPE d [<!ENTITY e 'a'>]><Delete><Object><Key>&e;</Key></Object></Delete>",
	} {
		if a := s.deleteKeys(body); a.element("Code") != "MalformedXML" {
			t.Errorf("%.100s: got %d %s", body, a.status, a.body)
		}
	}
	s.deleteKeys("").want(400, "MissingRequestBodyError")
	for _, condition := range []string{
		"<Size>2</Size>", "<ETag>other</ETag>", "<LastModifiedTime>2015-10-21T07:28:00Z</LastModifiedTime>",
		"<LastModifiedTime>Wed, 21 Oct 2015 07:28:00 GMT</LastModifiedTime>",
	} {
		if a := s.deleteKeys("<Delete><Object><Key>a</Key>" + condition + "</Object></Delete>"); a.element("Code") != "PreconditionFailed" {
			t.Errorf("%s: body %s", condition, a.body)
		}
	}
	s.deleteKeys("<Delete><Object><Key>a</Key><Size>much</Size></Object></Delete>").want(400, "MalformedXML")
	body := "<Delete><Object><Key>a</Key></Object></Delete>"
	s.do("POST", "/bucket?delete", body).want(400, "InvalidRequest")
	s.do("POST", "/bucket?delete", body, "Content-MD5: "+md5Base64("other")).want(400, "BadDigest")
	s.do("POST", "/bucket?delete", body, "X-Amz-Checksum-Crc32: "+crc32Base64("other")).want(400, "BadDigest")
	s.do("HEAD", "/bucket/a", "").want(200, "")
	s.do("POST", "/bucket?delete", body, "Content-MD5: "+md5Base64(body)).want(200, "")
	s.do("HEAD", "/bucket/a", "").want(404, "")
}

// Who sends a condition does not want the change in any case, also where the server does not know the condition.
func TestConditionsOfChangesAreNotIgnored(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", "content", "X-Amz-Tagging: a=b").want(200, "")
	const past = "Sat, 29 Oct 1994 19:43:31 GMT"
	for _, test := range []struct {
		method, target, header string
		status                 int
		code                   string
	}{
		{"DELETE", "/bucket/key", "If-None-Match: *", 501, "NotImplemented"},
		{"DELETE", "/bucket/key", "If-Unmodified-Since: " + past, 501, "NotImplemented"},
		{"DELETE", "/bucket/key", "If-Modified-Since: " + past, 501, "NotImplemented"},
		{"DELETE", "/bucket/key?tagging", `If-Match: "other"`, 501, "NotImplemented"},
		{"DELETE", "/bucket", `If-Match: "other"`, 501, "NotImplemented"},
		{"PUT", "/bucket/key", "If-Unmodified-Since: " + past, 501, "NotImplemented"},
		{"PUT", "/bucket/key", "X-Amz-If-Match-Size: 1", 501, "NotImplemented"},
		{"PUT", "/bucket/key", `X-Amz-Copy-Source-If-Match: "other"`, 501, "NotImplemented"},
		{"PUT", "/bucket/key", "If-Match: ", 400, "InvalidArgument"},
		{"PUT", "/bucket/key", "If-None-Match: ", 400, "InvalidArgument"},
		{"DELETE", "/bucket/key", "If-Match: ", 400, "InvalidArgument"},
		{"DELETE", "/bucket/key", "X-Amz-If-Match-Size: ", 400, "InvalidArgument"},
		{"DELETE", "/bucket/key", "X-Amz-If-Match-Last-Modified-Time: ", 400, "InvalidArgument"},
		{"DELETE", "/bucket/key?x-amz-if-match-size=", "", 400, "InvalidArgument"},
	} {
		r := s.request(test.method, test.target, "other")
		if name, value, ok := strings.Cut(test.header, ": "); ok {
			r.Header[http.CanonicalHeaderKey(name)] = []string{value}
		}
		s.sign(r, "UNSIGNED-PAYLOAD")
		s.send(r).want(test.status, test.code)
	}
	for _, header := range []string{
		"X-Amz-Copy-Source-If-Unmodified-Since: junk", "X-Amz-Copy-Source-If-Modified-Since: 1994", "X-Amz-Copy-Source-If-Match: ",
	} {
		s.do("PUT", "/bucket/copy", "", "X-Amz-Copy-Source: bucket/key", header).want(400, "InvalidArgument")
	}
	s.do("PUT", "/bucket/copy", "", "X-Amz-Copy-Source: bucket/key", "X-Amz-Copy-Source-If-Unmodified-Since: 1994-10-29T19:43:31Z").
		want(412, "PreconditionFailed")
	if a := s.do("GET", "/bucket/key", "").want(200, ""); a.body != "content" || a.header.Get("X-Amz-Tagging-Count") != "1" {
		t.Errorf("the object is now %q with %v", a.body, a.header)
	}
	s.do("GET", "/bucket/copy", "").want(404, "NoSuchKey")
}

func FuzzDeleteObjects(f *testing.F) {
	f.Add([]byte("<Delete><Quiet>true</Quiet><Object><Key>a</Key><VersionId>v</VersionId></Object></Delete>"))
	f.Add([]byte("<Delete><Object/><Object><ETag>e</ETag><Size>1</Size></Object></Delete>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var request deleteRequest
		if !checkDecode(t, data, &request) {
			return
		}
		keys, err := request.keys()
		if err == nil && (len(keys) == 0 || len(keys) > 1000 || slices.ContainsFunc(request.Objects, func(e deleteEntry) bool { return e.key == nil })) {
			t.Errorf("%q gives %d keys", data, len(keys))
		}
	})
}
