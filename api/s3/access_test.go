package s3

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/api"
)

func TestEveryOperationHasARule(t *testing.T) {
	for _, op := range operations {
		if !api.HasRule(op.name) {
			t.Errorf("nothing says who may perform %s", op.name)
		}
	}
	for _, l := range configurationLists {
		if !api.HasRule(l.get) {
			t.Errorf("nothing says who may perform %s", l.get)
		}
	}
}

// routeRequests are what requests for some operations need, beside what the table of operations says, to be in order.
var routeRequests = map[string]struct {
	body    string
	headers []string
}{
	"PutBucketAcl":     {headers: []string{"X-Amz-Acl: private"}},
	"PutObjectAcl":     {headers: []string{"X-Amz-Acl: private"}},
	"PutObjectTagging": {body: "<Tagging><TagSet/></Tagging>"},
	"DeleteObjects":    {body: "<Delete><Object><Key>k</Key></Object></Delete>"},
	"PostObject": {
		body:    "--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nv\r\n--x--\r\n",
		headers: []string{"Content-Type: multipart/form-data; boundary=x"},
	},
	"CompleteMultipartUpload": {
		body: "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>",
	},
	"GetObjectAttributes": {headers: []string{"X-Amz-Object-Attributes: ETag"}},
}

// TestEveryOperationIsDenied asks for each operation on what belongs to somebody else, as another account and without
// credentials. All are found in the table, and denied.
func TestEveryOperationIsDenied(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", "content").want(200, "")
	upload := s.do("POST", "/bucket/key?uploads", "").want(200, "").element("UploadId")
	paths := map[level]string{serviceLevel: "/", bucketLevel: "/bucket", objectLevel: "/bucket/key"}
	for _, key := range []string{"", "alt"} {
		for _, op := range operations {
			want := "AccessDenied"
			switch {
			case op.name == "OptionsObject":
				want = "AccessForbidden" // a preflight, which nobody signs
			case key == "":
			case op.name == "ListBuckets": // for every account
				continue
			case op.name == "CreateBucket":
				want = "BucketAlreadyExists"
			}
			extra := routeRequests[op.name]
			target := paths[op.level] + "?" + op.resource
			switch op.resource {
			case "uploadId":
				target += "=" + upload + "&partNumber=1"
			case "list-type":
				target += "=2"
			}
			headers := append([]string{"Origin: https://example.com", "Access-Control-Request-Method: GET"}, extra.headers...)
			if op.header != "" {
				headers = append(headers, op.header+": bucket/key")
			}
			if extra.body != "" {
				headers = append(headers, "Content-MD5: "+md5Base64(extra.body))
			}
			s.logs.take()
			a := s.as(key).do(op.method, target, extra.body, headers...)
			code := a.element("Code")
			if op.method == http.MethodHead && a.status == http.StatusForbidden {
				code = "AccessDenied" // which has no body to say so
			}
			if code != want {
				t.Errorf("%s as %q: got %d %s, want %s", op.name, key, a.status, code, want)
			}
			if line := s.logs.take(); !strings.Contains(line, `"operation":"`+op.name+`"`) {
				t.Errorf("%s: logged %s", op.name, line)
			}
		}
	}
	if got := s.do("GET", "/bucket/key", "").want(200, "").body; got != "content" {
		t.Errorf("the object is now %q", got)
	}
	s.do("GET", "/bucket/key?uploadId="+upload, "").want(200, "")
}

// The requests that ACLs decide about; in the end those that change ACLs.
var aclRequests = []struct{ name, method, target string }{
	{"list", "GET", "/bucket"},
	{"write", "PUT", "/bucket/new"},
	{"delete", "DELETE", "/bucket/new"},
	{"read bucket ACL", "GET", "/bucket?acl"},
	{"configure", "DELETE", "/bucket?cors"},
	{"read", "GET", "/bucket/key"},
	{"head", "HEAD", "/bucket/key"},
	{"read missing", "GET", "/bucket/missing"},
	{"read object ACL", "GET", "/bucket/key?acl"},
	{"read tags", "GET", "/bucket/key?tagging"},
	{"write object ACL", "PUT", "/bucket/key?acl"},
	{"write bucket ACL", "PUT", "/bucket?acl"},
}

// allowed tells which of the requests somebody may make.
func (s *testServer) allowed() string {
	s.t.Helper()
	var names []string
	for _, r := range aclRequests {
		var headers []string
		if strings.HasSuffix(r.target, "?acl") && r.method == "PUT" {
			headers = []string{"X-Amz-Acl: private"}
		}
		a := s.do(r.method, r.target, "", headers...)
		switch {
		case a.status == 403:
		case a.status < 300 || a.status == 404:
			names = append(names, r.name)
		default:
			s.t.Errorf("%s: got %d %s", r.name, a.status, a.body)
		}
	}
	return strings.Join(names, ", ")
}

func TestGrantsAllowWhatTheySay(t *testing.T) {
	const (
		nothing     = ""
		listing     = "list, read missing"
		writing     = "write, delete"
		both        = "list, write, delete, read missing"
		full        = "list, write, delete, read bucket ACL, read missing, write bucket ACL"
		reading     = "read, head"
		everything  = "read, head, read object ACL, write object ACL"
		allUsers    = `uri="http://acs.amazonaws.com/groups/global/AllUsers"`
		allAccounts = `uri=http://acs.amazonaws.com/groups/global/AuthenticatedUsers`
	)
	for _, test := range []struct {
		target         string // the ACL that is set
		header         string
		alt, anonymous string // what each may do then
	}{
		{"/bucket?acl", "X-Amz-Acl: private", nothing, nothing},
		{"/bucket?acl", "X-Amz-Acl: public-read", listing, listing},
		{"/bucket?acl", "X-Amz-Acl: public-read-write", both, both},
		{"/bucket?acl", "X-Amz-Acl: authenticated-read", listing, nothing},
		{"/bucket?acl", "X-Amz-Acl: log-delivery-write", nothing, nothing},
		{"/bucket?acl", "X-Amz-Acl: bucket-owner-full-control", nothing, nothing},
		{"/bucket?acl", "X-Amz-Grant-Read: id=decaf", listing, nothing},
		{"/bucket?acl", "X-Amz-Grant-Write: id=\"decaf\", " + allAccounts, writing, nothing},
		{"/bucket?acl", "X-Amz-Grant-Read-Acp: " + allUsers, "read bucket ACL", "read bucket ACL"},
		{"/bucket?acl", "X-Amz-Grant-Full-Control: id=decaf", full, nothing},
		{"/bucket/key?acl", "X-Amz-Acl: private", nothing, nothing},
		{"/bucket/key?acl", "X-Amz-Acl: public-read", reading, reading},
		{"/bucket/key?acl", "X-Amz-Acl: public-read-write", reading, reading},
		{"/bucket/key?acl", "X-Amz-Acl: authenticated-read", reading, nothing},
		{"/bucket/key?acl", "X-Amz-Acl: bucket-owner-read", nothing, nothing},
		{"/bucket/key?acl", "X-Amz-Grant-Read-Acp: id=decaf", "read object ACL", nothing},
		{"/bucket/key?acl", "X-Amz-Grant-Write-Acp: id=decaf", "write object ACL", nothing},
		{"/bucket/key?acl", "X-Amz-Grant-Write: id=decaf", nothing, nothing},
		{"/bucket/key?acl", "X-Amz-Grant-Full-Control: id=decaf", everything, nothing},
	} {
		s := newBucket(t, "bucket")
		s.do("PUT", "/bucket/key", "content").want(200, "")
		for who, want := range map[string]string{"alt": test.alt, "": test.anonymous} {
			s.do("PUT", test.target, "", test.header).want(200, "")
			if got := s.as(who).allowed(); got != want {
				t.Errorf("%s with %s: %q may %s; want %s", test.target, test.header, who, got, want)
			}
		}
		if got := s.allowed(); strings.Count(got, ",") != len(aclRequests)-1 {
			t.Errorf("%s with %s: the owner may only %s", test.target, test.header, got)
		}
	}
}

// What is written into somebody else's bucket belongs to who wrote it.
func TestObjectsBelongToTheirWriters(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket?acl", "", "X-Amz-Acl: public-read-write").want(200, "")
	alt := s.as("alt")
	alt.do("PUT", "/bucket/key", "content").want(200, "")
	s.do("GET", "/bucket/key", "").want(403, "AccessDenied")
	alt.do("GET", "/bucket/key", "").want(200, "")
	if id := s.do("GET", "/bucket?list-type=2&fetch-owner=true", "").want(200, "").element("ID"); id != "decaf" {
		t.Errorf("the object belongs to %s", id)
	}
	alt.do("PUT", "/bucket/key", "content", "X-Amz-Acl: bucket-owner-read").want(200, "")
	s.do("GET", "/bucket/key", "").want(200, "")
	s.do("GET", "/bucket/key?acl", "").want(403, "AccessDenied")
	alt.do("PUT", "/bucket/key?acl", "", "X-Amz-Acl: bucket-owner-full-control").want(200, "")
	a := s.do("GET", "/bucket/key?acl", "").want(200, "")
	if !slices.Equal(a.elements("Permission"), []string{"FULL_CONTROL", "FULL_CONTROL"}) || !slices.Equal(a.elements("ID"), []string{"decaf", "decaf", "c0ffee"}) {
		t.Errorf("body %s", a.body)
	}

	s.anonymous().do("PUT", "/bucket/anybody", "content").want(200, "")
	s.do("GET", "/bucket/anybody", "").want(403, "AccessDenied")
	s.anonymous().do("GET", "/bucket/anybody", "").want(403, "AccessDenied")
	s.anonymous().do("POST", "/bucket/anybody?uploads", "").want(403, "AccessDenied")
	s.anonymous().do("PUT", "/bucket/anybody", "content", "X-Amz-Acl: public-read").want(200, "")
	s.do("GET", "/bucket/anybody", "").want(200, "")

	upload := alt.do("POST", "/bucket/parts?uploads", "").want(200, "").element("UploadId")
	s.do("GET", "/bucket/parts?uploadId="+upload, "").want(200, "") // the bucket's owner may
	s.anonymous().do("GET", "/bucket/parts?uploadId="+upload, "").want(403, "AccessDenied")
	s.anonymous().do("DELETE", "/bucket/parts?uploadId="+upload, "").want(403, "AccessDenied")
	s.do("DELETE", "/bucket/parts?uploadId="+upload, "").want(204, "")

	s.setVersioning("Enabled")
	version := alt.do("PUT", "/bucket/kept", "content").want(200, "").header.Get("X-Amz-Version-Id")
	alt.do("DELETE", "/bucket/kept?versionId="+version, "").want(403, "AccessDenied")
	alt.do("DELETE", "/bucket/kept", "").want(204, "")
	s.do("DELETE", "/bucket/kept?versionId="+version, "").want(204, "")
}

func TestCopiesNeedToReadTheSource(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", "content").want(200, "")
	alt := s.as("alt")
	alt.do("PUT", "/alts-bucket", "").want(200, "")
	source := "X-Amz-Copy-Source: bucket/key"
	alt.do("PUT", "/alts-bucket/copy", "", source).want(403, "AccessDenied")
	s.do("PUT", "/alts-bucket/copy", "", source).want(403, "AccessDenied")
	upload := alt.do("POST", "/alts-bucket/copy?uploads", "").want(200, "").element("UploadId")
	alt.do("PUT", "/alts-bucket/copy?partNumber=1&uploadId="+upload, "", source).want(403, "AccessDenied")
	s.do("PUT", "/bucket/key?acl", "", "X-Amz-Acl: public-read").want(200, "")
	alt.do("PUT", "/alts-bucket/copy?partNumber=1&uploadId="+upload, "", source).want(200, "")
	alt.do("PUT", "/alts-bucket/copy", "", source, "X-Amz-Source-Expected-Bucket-Owner: decaf").want(403, "AccessDenied")
	alt.do("PUT", "/alts-bucket/copy", "", source, "X-Amz-Source-Expected-Bucket-Owner: c0ffee", "X-Amz-Expected-Bucket-Owner: decaf").want(200, "")
	s.do("GET", "/alts-bucket/copy", "").want(403, "AccessDenied") // the copy has an ACL of its own
	alt.do("GET", "/alts-bucket/copy", "").want(200, "")
}

func TestExpectedBucketOwner(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", "content").want(200, "")
	for _, target := range []string{"/bucket", "/bucket?acl", "/bucket/key", "/bucket/key?acl", "/bucket?versioning"} {
		s.do("GET", target, "", "X-Amz-Expected-Bucket-Owner: c0ffee").want(200, "")
		s.do("GET", target, "", "X-Amz-Expected-Bucket-Owner: decaf").want(403, "AccessDenied")
	}
	s.do("DELETE", "/bucket/key?x-amz-expected-bucket-owner=decaf", "").want(403, "AccessDenied")
	s.do("GET", "/bucket/key", "").want(200, "")
}

// Who has begun an upload can write only as long as they may write to the bucket.
func TestUploadsOfThoseWhoMayNotWriteAnyMore(t *testing.T) {
	s := newBucket(t, "bucket")
	alt := s.as("alt")
	begin := func() (url, etag string) {
		s.do("PUT", "/bucket?acl", "", "X-Amz-Acl: public-read-write").want(200, "")
		url = "/bucket/key?uploadId=" + alt.do("POST", "/bucket/key?uploads", "", "X-Amz-Acl: public-read").want(200, "").element("UploadId")
		return url, alt.do("PUT", url+"&partNumber=1", "content").want(200, "").header.Get("ETag")
	}
	url, etag := begin()
	s.do("PUT", "/bucket?acl", "", "X-Amz-Acl: private").want(200, "")
	alt.do("PUT", url+"&partNumber=1", "other").want(403, "AccessDenied")
	alt.do("PUT", url+"&partNumber=1", "", "X-Amz-Copy-Source: bucket/key").want(403, "AccessDenied")
	alt.do("POST", url, completed(etag, "")).want(403, "AccessDenied")
	alt.do("GET", url, "").want(200, "")
	alt.do("DELETE", url, "").want(204, "")

	url, etag = begin()
	s.do("PUT", "/bucket?publicAccessBlock", "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>").want(200, "")
	alt.do("POST", url, completed(etag, "")).want(403, "AccessDenied")
	s.do("DELETE", "/bucket?publicAccessBlock", "").want(204, "")

	// Where ACLs were switched off meanwhile, the object is the bucket's owner's.
	s.do("PUT", "/bucket?acl", "", "X-Amz-Acl: private").want(200, "")
	s.do("PUT", "/bucket?ownershipControls", "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>").want(200, "")
	alt.do("POST", url, completed(etag, "")).want(403, "AccessDenied")
	s.do("POST", url, completed(etag, "")).want(200, "")
	s.do("DELETE", "/bucket?ownershipControls", "").want(204, "")
	s.do("GET", "/bucket/key", "").want(200, "")
	s.anonymous().do("GET", "/bucket/key", "").want(403, "AccessDenied")
	alt.do("GET", "/bucket/key", "").want(403, "AccessDenied")
}

func TestWithoutACLsTheBucketsOwnerOwnsAll(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket?acl", "", "X-Amz-Acl: public-read-write").want(200, "")
	s.as("alt").do("PUT", "/bucket/key", "content").want(200, "")
	s.do("PUT", "/bucket?acl", "", "X-Amz-Acl: private").want(200, "")
	s.do("PUT", "/bucket?ownershipControls", "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>").want(200, "")
	for _, target := range []string{"/bucket?list-type=2&fetch-owner=true", "/bucket?versions", "/bucket/key?acl"} {
		if id := s.do("GET", target, "").want(200, "").element("ID"); id != "c0ffee" {
			t.Errorf("%s tells the owner %s", target, id)
		}
	}
	s.do("DELETE", "/bucket?ownershipControls", "").want(204, "")
	if id := s.do("GET", "/bucket?list-type=2&fetch-owner=true", "").want(200, "").element("ID"); id != "decaf" {
		t.Errorf("with ACLs again, it tells the owner %s", id)
	}
}

// Tags belong to the owners of the object and of the bucket; to read the object is not enough, in no way.
func TestWhoMayReadTags(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket?acl", "", "X-Amz-Acl: public-read-write").want(200, "")
	s.do("PUT", "/bucket/key", "content", "X-Amz-Acl: public-read", "X-Amz-Tagging: secret=value").want(200, "")
	alt := s.as("alt")
	alt.do("GET", "/bucket/key?tagging", "").want(403, "AccessDenied")
	alt.do("GET", "/bucket/key?attributes", "", "X-Amz-Object-Attributes: ETag").want(403, "AccessDenied")
	if a := alt.do("GET", "/bucket/key", "").want(200, ""); a.header.Get("X-Amz-Tagging-Count") != "" {
		t.Error("tells others that there are tags")
	}
	if a := s.do("GET", "/bucket/key", "").want(200, ""); a.header.Get("X-Amz-Tagging-Count") != "1" {
		t.Error("does not tell the owner that there are tags")
	}
	alt.do("PUT", "/bucket/copy", "", "X-Amz-Copy-Source: bucket/key").want(403, "AccessDenied")
	alt.do("PUT", "/bucket/copy", "", "X-Amz-Copy-Source: bucket/key", "X-Amz-Tagging-Directive: REPLACE").want(200, "")
	alt.do("PUT", "/bucket/alts", "content", "X-Amz-Tagging: a=b").want(200, "")
	s.do("GET", "/bucket/alts", "").want(403, "AccessDenied")
	s.do("GET", "/bucket/alts?tagging", "").want(200, "") // of the bucket's owner
	s.do("DELETE", "/bucket/alts?tagging", "").want(204, "")
}

// Who may write but not read learns nothing from conditions.
func TestConditionsAreForThoseWhoMayRead(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", "content").want(200, "")
	s.do("PUT", "/bucket?acl", "", "X-Amz-Grant-Write: id=decaf").want(200, "")
	alt := s.as("alt")
	etag := `"` + string(testSums[api.MD5]("content")) + `"`
	for _, header := range []string{"If-Match: " + etag, `If-Match: "other"`, "If-Match: *"} {
		alt.do("PUT", "/bucket/key", "other", header).want(403, "AccessDenied")
		alt.do("PUT", "/bucket/missing", "other", header).want(403, "AccessDenied")
		alt.do("DELETE", "/bucket/key", "", header).want(403, "AccessDenied")
		alt.do("DELETE", "/bucket/missing", "", header).want(403, "AccessDenied")
	}
	alt.do("DELETE", "/bucket/key", "", "X-Amz-If-Match-Size: 7").want(403, "AccessDenied")
	a := alt.do("POST", "/bucket?delete", "<Delete><Object><Key>key</Key><Size>7</Size></Object></Delete>",
		"Content-MD5: "+md5Base64("<Delete><Object><Key>key</Key><Size>7</Size></Object></Delete>")).want(200, "")
	if a.element("Code") != "AccessDenied" {
		t.Errorf("answered %s", a.body)
	}
	alt.do("PUT", "/bucket/key", "other", "If-None-Match: *").want(412, "PreconditionFailed") // for which writing is enough
	s.do("PUT", "/bucket/key?acl", "", "X-Amz-Grant-Read: id=decaf").want(200, "")
	alt.do("PUT", "/bucket/key", "other", `If-Match: "other"`).want(412, "PreconditionFailed")
	alt.do("PUT", "/bucket/key", "other", "If-Match: "+etag).want(200, "")
}
