package s3

import (
	"encoding/xml"
	"strings"
	"testing"
)

func TestBucketsAreListed(t *testing.T) {
	s := newServer(t)
	for _, name := range []string{"charlie", "alpha", "bravo"} {
		a := s.do("PUT", "/"+name, "").want(200, "")
		if got := a.header.Get("Location"); got != "/"+name {
			t.Errorf("Location is %q", got)
		}
	}
	a := s.do("GET", "/", "").want(200, "")
	if got := strings.Join(a.elements("Name"), " "); got != "alpha bravo charlie" {
		t.Errorf("listed %s", got)
	}
	if a.element("ID") != "c0ffee" || a.element("DisplayName") != "tester" || a.element("BucketRegion") != testRegion ||
		!strings.HasSuffix(a.element("CreationDate"), "Z") || !strings.Contains(a.body, namespace) {
		t.Errorf("body %s", a.body)
	}
	first := s.do("GET", "/?max-buckets=2", "").want(200, "")
	if got := strings.Join(first.elements("Name"), " "); got != "alpha bravo" {
		t.Errorf("first page %s", got)
	}
	second := s.do("GET", "/?max-buckets=2&continuation-token="+first.element("ContinuationToken"), "").want(200, "")
	if got := strings.Join(second.elements("Name"), " "); got != "charlie" || second.element("ContinuationToken") != "" {
		t.Errorf("second page %s", second.body)
	}
	if got := s.do("GET", "/?prefix=br", "").want(200, "").elements("Name"); len(got) != 1 || got[0] != "bravo" {
		t.Errorf("with prefix: %s", got)
	}
	if got := s.do("GET", "/?bucket-region="+testRegion, "").want(200, "").elements("Name"); len(got) != 3 {
		t.Errorf("with region: %s", got)
	}
	if a := s.do("GET", "/?max-buckets=3&continuation-token=", "").want(200, ""); len(a.elements("ContinuationToken")) != 0 {
		t.Errorf("nothing is left, but: %s", a.body)
	}
	if a := s.do("GET", "/?prefix=a&max-buckets=1", "").want(200, ""); a.element("ContinuationToken") != "" || a.element("Prefix") != "a" {
		t.Errorf("body %s", a.body)
	}
	for _, query := range []string{
		"max-buckets=0", "max-buckets=10001", "max-buckets=x", "continuation-token=!", "bucket-region=eu-west-1",
	} {
		s.do("GET", "/?"+query, "").want(400, "InvalidArgument")
	}
	s.send(s.request("GET", "/", "")).want(403, "AccessDenied")
}

func TestBucketsTellWhereTheyAre(t *testing.T) {
	s := newBucket(t, "bucket")
	if got := s.do("HEAD", "/bucket", "").want(200, "").header.Get("X-Amz-Bucket-Region"); got != testRegion {
		t.Errorf("region %q", got)
	}
	if got := s.send(s.request("HEAD", "/bucket", "")).want(403, "").header.Get("X-Amz-Bucket-Region"); got != testRegion {
		t.Errorf("region for a stranger %q", got)
	}
	a := s.do("GET", "/bucket?location", "").want(200, "")
	if a.element("LocationConstraint") != "" || !strings.Contains(a.body, "<LocationConstraint xmlns=") {
		t.Errorf("us-east-1 has no name: %s", a.body)
	}
	s.do("HEAD", "/missing", "").want(404, "")
	s.do("DELETE", "/bucket", "").want(204, "")
	s.do("DELETE", "/bucket", "").want(404, "NoSuchBucket")
}

func TestBucketConfigurations(t *testing.T) {
	s := newServer(t)
	for _, test := range []struct {
		body   string
		status int
		code   string
	}{
		{"<CreateBucketConfiguration/>", 200, ""},
		{xml.Header + `<CreateBucketConfiguration xmlns="` + namespace + `"><LocationConstraint>us-east-1</LocationConstraint></CreateBucketConfiguration> `, 200, ""},
		{"<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>", 400, "IllegalLocationConstraintException"},
		{"<CreateBucketConfiguration><Bucket><Type>Directory</Type></Bucket></CreateBucketConfiguration>", 501, "NotImplemented"},
		{"<CreateBucketConfiguration><Tags><Tag><Key>k</Key></Tag></Tags></CreateBucketConfiguration>", 400, "MalformedXML"},
		{"<Other/>", 400, "MalformedXML"},
		{"<CreateBucketConfiguration>", 400, "MalformedXML"},
		{"<CreateBucketConfiguration/><CreateBucketConfiguration/>", 400, "MalformedXML"},
		{"<CreateBucketConfiguration/>text", 400, "MalformedXML"},
		{"text", 400, "MalformedXML"},
		{"<CreateBucketConfiguration>" + strings.Repeat(" ", maxConfiguration) + "</CreateBucketConfiguration>", 400, "MaxMessageLengthExceeded"},
	} {
		a := s.do("PUT", "/bucket", test.body)
		if a.status != test.status || test.code != "" && a.element("Code") != test.code {
			t.Errorf("%.100s: got %d %s", test.body, a.status, a.body)
		}
	}
	s.do("PUT", "/bucket", "<CreateBucketConfiguration/>", "Content-MD5: "+md5Base64("other")).want(400, "BadDigest")
	s.do("PUT", "/bucket2", "", "X-Amz-Bucket-Object-Lock-Enabled: true").want(501, "NotImplemented")
}

func FuzzCreateBucket(f *testing.F) {
	f.Add([]byte("<CreateBucketConfiguration><LocationConstraint>x</LocationConstraint></CreateBucketConfiguration>"))
	f.Add([]byte("<CreateBucketConfiguration><Tags><Tag/></Tags></CreateBucketConfiguration>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var configuration createBucketConfiguration
		checkDecode(t, data, &configuration)
	})
}

// checkDecode decodes what may be a document. What is accepted is well-formed and can be written again.
func checkDecode(t *testing.T, data []byte, v any) bool {
	if err := decodeXML(data, v); err != nil {
		return false
	}
	if _, err := xml.Marshal(v); err != nil {
		t.Errorf("%q became %+v: %v", data, v, err)
	}
	return true
}
