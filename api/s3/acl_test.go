package s3

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/api"
)

// policy makes a document of grants, which are the text between their tags.
func policy(owner string, grants ...string) string {
	return `<AccessControlPolicy xmlns="` + namespace + `"><Owner><ID>` + owner + `</ID></Owner><AccessControlList>` +
		strings.Join(grants, "") + `</AccessControlList></AccessControlPolicy>`
}

// grantTo makes a grant to a grantee of a type.
func grantTo(kind, grantee, permission string) string {
	return `<Grant><Grantee xmlns:xsi="` + xsiNamespace + `" xsi:type="` + kind + `">` + grantee + `</Grantee><Permission>` +
		permission + `</Permission></Grant>`
}

func TestACLDocuments(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", "content").want(200, "")
	for _, target := range []string{"/bucket?acl", "/bucket/key?acl"} {
		a := s.do("GET", target, "").want(200, "")
		if !slices.Equal(a.elements("ID"), []string{"c0ffee", "c0ffee"}) || !slices.Equal(a.elements("Permission"), []string{"FULL_CONTROL"}) ||
			!strings.Contains(a.body, ` xsi:type="CanonicalUser"`) {
			t.Errorf("body %s", a.body)
		}
		grants := []string{
			grantTo("CanonicalUser", "<ID>decaf</ID>", "WRITE_ACP"),
			grantTo("Group", "<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>", "READ"),
			grantTo("CanonicalUser", "<ID>c0ffee</ID><DisplayName>not this</DisplayName>", "READ_ACP"),
		}
		s.do("PUT", target, policy("c0ffee", grants...)).want(200, "")
		a = s.do("GET", target, "").want(200, "")
		if !slices.Equal(a.elements("Permission"), []string{"WRITE_ACP", "READ", "READ_ACP"}) ||
			!slices.Equal(a.elements("DisplayName"), []string{"tester", "alternative", "tester"}) {
			t.Errorf("body %s", a.body)
		}
		s.do("PUT", target, a.body).want(200, "") // what was answered is taken again
		s.do("PUT", target, policy("c0ffee")).want(200, "")
		if a = s.do("GET", target, "").want(200, ""); len(a.elements("Grant")) != 0 {
			t.Errorf("no grants are left, but body %s", a.body)
		}
		s.do("PUT", target, "", "X-Amz-Acl: private").want(200, "")
		if a = s.do("GET", target, "").want(200, ""); len(a.elements("Grant")) != 1 {
			t.Errorf("body %s", a.body)
		}
	}
}

func TestBadACLs(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", "content").want(200, "")
	read := grantTo("CanonicalUser", "<ID>decaf</ID>", "READ")
	for _, target := range []string{"/bucket?acl", "/bucket/key?acl"} {
		for _, test := range []struct {
			body    string
			headers []string
			status  int
			code    string
		}{
			{"", nil, 400, "MissingSecurityHeader"},
			{policy("c0ffee"), []string{"X-Amz-Acl: private"}, 400, "UnexpectedContent"},
			{"", []string{"X-Amz-Acl: private", "X-Amz-Grant-Read: id=decaf"}, 400, "InvalidRequest"},
			{"", []string{"X-Amz-Acl: odd"}, 400, "InvalidArgument"},
			{"", []string{"X-Amz-Acl: "}, 400, "InvalidArgument"},
			{"", []string{"X-Amz-Acl: aws-exec-read"}, 501, "NotImplemented"},
			{"", []string{"X-Amz-Grant-Read: id=nobody"}, 400, "InvalidArgument"},
			{"", []string{"X-Amz-Grant-Read: decaf"}, 400, "InvalidArgument"},
			{"", []string{"X-Amz-Grant-Read: name=decaf"}, 400, "InvalidArgument"},
			{"", []string{"X-Amz-Grant-Read: uri=http://example.com"}, 400, "InvalidArgument"},
			{"", []string{"X-Amz-Grant-Read: emailAddress=a@example.com"}, 400, "UnresolvableGrantByEmailAddress"},
			{"", []string{"X-Amz-Grant-Read: " + strings.Repeat("id=decaf,", api.MaxGrants) + "id=decaf"}, 400, "MalformedACLError"},
			{"<AccessControlPolicy/>", nil, 400, "MalformedACLError"},
			{"<AccessControlPolicy>", nil, 400, "MalformedACLError"},
			{"<Other/>", nil, 400, "MalformedACLError"},
			{policy("decaf", read), nil, 403, "AccessDenied"},
			{policy("c0ffee", grantTo("CanonicalUser", "<ID>nobody</ID>", "READ")), nil, 400, "InvalidArgument"},
			{policy("c0ffee", grantTo("CanonicalUser", "<ID>decaf</ID>", "DANCE")), nil, 400, "MalformedACLError"},
			{policy("c0ffee", grantTo("Robot", "<ID>decaf</ID>", "READ")), nil, 400, "MalformedACLError"},
			{policy("c0ffee", grantTo("Group", "<URI>http://example.com</URI>", "READ")), nil, 400, "InvalidArgument"},
			{policy("c0ffee", grantTo("AmazonCustomerByEmail", "<EmailAddress>a@example.com</EmailAddress>", "READ")), nil, 400, "UnresolvableGrantByEmailAddress"},
			{policy("c0ffee", slices.Repeat([]string{read}, api.MaxGrants+1)...), nil, 400, "MalformedACLError"},
		} {
			a := s.do("PUT", target, test.body, test.headers...)
			if a.status != test.status || a.element("Code") != test.code {
				t.Errorf("%s %.200s %.100s: got %d %s, want %s", target, test.body, test.headers, a.status, a.body, test.code)
			}
		}
		if a := s.do("GET", target, "").want(200, ""); len(a.elements("Grant")) != 1 {
			t.Errorf("body %s", a.body)
		}
	}
	s.do("PUT", "/bucket/key?acl", "", "X-Amz-Acl: log-delivery-write").want(400, "InvalidArgument")
	s.do("GET", "/bucket/missing?acl", "").want(404, "NoSuchKey")
	s.do("PUT", "/bucket/missing?acl", "", "X-Amz-Acl: private").want(404, "NoSuchKey")
}

// TestACLsOfWhatIsMade gives an ACL with each operation that makes an object.
func TestACLsOfWhatIsMade(t *testing.T) {
	s := newServer(t)
	s.do("PUT", "/bucket", "", "X-Amz-Acl: public-read").want(200, "")
	s.anonymous().do("GET", "/bucket", "").want(200, "")
	acl := "X-Amz-Acl: public-read"
	s.do("PUT", "/bucket/put", "content", acl).want(200, "")
	s.do("PUT", "/bucket/copy", "", "X-Amz-Copy-Source: bucket/put", acl).want(200, "")
	s.do("PUT", "/bucket/private-copy", "", "X-Amz-Copy-Source: bucket/put").want(200, "")
	upload := s.do("POST", "/bucket/parts?uploads", "", acl).want(200, "").element("UploadId")
	etag := s.do("PUT", "/bucket/parts?partNumber=1&uploadId="+upload, "content").want(200, "").header.Get("ETag")
	s.do("POST", "/bucket/parts?uploadId="+upload,
		"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+etag+"</ETag></Part></CompleteMultipartUpload>").want(200, "")
	for _, key := range []string{"put", "copy", "parts"} {
		s.anonymous().do("GET", "/bucket/"+key, "").want(200, "")
	}
	s.anonymous().do("GET", "/bucket/private-copy", "").want(403, "AccessDenied")
	s.do("PUT", "/bucket/put", "again").want(200, "")
	s.anonymous().do("GET", "/bucket/put", "").want(403, "AccessDenied") // a new object has an ACL of its own
	s.do("PUT", "/bucket", "").want(200, "")                             // to create it again resets its ACL
	s.anonymous().do("GET", "/bucket", "").want(403, "AccessDenied")

	s.do("PUT", "/bucket?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>").want(200, "")
	version := s.put("k", "one")
	s.put("k", "two")
	a := s.do("PUT", "/bucket/k?acl&versionId="+version, "", acl).want(200, "")
	if a.header.Get("X-Amz-Version-Id") != version {
		t.Errorf("answered %v", a.header)
	}
	s.anonymous().do("GET", "/bucket/k?versionId="+version, "").want(200, "")
	s.anonymous().do("GET", "/bucket/k", "").want(403, "AccessDenied")
}

func ownershipDocument(ownership string) string {
	return "<OwnershipControls><Rule><ObjectOwnership>" + ownership + "</ObjectOwnership></Rule></OwnershipControls>"
}

func TestOwnershipControls(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("GET", "/bucket?ownershipControls", "").want(404, "OwnershipControlsNotFoundError")
	for _, ownership := range []string{"ObjectWriter", "BucketOwnerPreferred", "BucketOwnerEnforced"} {
		s.do("PUT", "/bucket?ownershipControls", ownershipDocument(ownership)).want(200, "")
		if got := s.do("GET", "/bucket?ownershipControls", "").want(200, "").element("ObjectOwnership"); got != ownership {
			t.Errorf("got %s, want %s", got, ownership)
		}
		bucket := "/" + strings.ToLower(ownership)
		s.do("PUT", bucket, "", "X-Amz-Object-Ownership: "+ownership).want(200, "")
		if got := s.do("GET", bucket+"?ownershipControls", "").want(200, "").element("ObjectOwnership"); got != ownership {
			t.Errorf("a bucket made with %s has %s", ownership, got)
		}
	}
	s.do("DELETE", "/bucket?ownershipControls", "").want(204, "")
	s.do("DELETE", "/bucket?ownershipControls", "").want(204, "")
	s.do("GET", "/bucket?ownershipControls", "").want(404, "OwnershipControlsNotFoundError")
	for _, body := range []string{
		ownershipDocument("Odd"), "<OwnershipControls/>", "<Other/>",
		"<OwnershipControls>" + strings.Repeat("<Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>", 2) + "</OwnershipControls>",
	} {
		s.do("PUT", "/bucket?ownershipControls", body).want(400, "MalformedXML")
	}
	s.do("PUT", "/bucket2", "", "X-Amz-Object-Ownership: Odd").want(400, "InvalidArgument")
	s.do("PUT", "/bucket2", "", "X-Amz-Object-Ownership: BucketOwnerEnforced", "X-Amz-Acl: public-read").
		want(400, "InvalidBucketAclWithObjectOwnership")
}

func TestBucketOwnerPreferred(t *testing.T) {
	s := newServer(t)
	s.do("PUT", "/bucket", "", "X-Amz-Object-Ownership: BucketOwnerPreferred", "X-Amz-Acl: public-read-write").want(200, "")
	alt := s.as("alt")
	alt.do("PUT", "/bucket/given", "content", "X-Amz-Acl: bucket-owner-full-control").want(200, "")
	alt.do("PUT", "/bucket/kept", "content").want(200, "")
	s.do("GET", "/bucket/given", "").want(200, "")
	alt.do("GET", "/bucket/given", "").want(403, "AccessDenied")
	s.do("GET", "/bucket/kept", "").want(403, "AccessDenied")
}

func TestBucketOwnerEnforced(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket?acl", "", "X-Amz-Acl: public-read-write").want(200, "")
	alt := s.as("alt")
	alt.do("PUT", "/bucket/key", "content", "X-Amz-Acl: public-read").want(200, "")
	s.do("PUT", "/bucket?ownershipControls", ownershipDocument("BucketOwnerEnforced")).want(400, "InvalidBucketAclWithObjectOwnership")
	s.do("PUT", "/bucket?acl", "", "X-Amz-Acl: private").want(200, "")
	s.do("PUT", "/bucket?ownershipControls", ownershipDocument("BucketOwnerEnforced")).want(200, "")

	s.do("GET", "/bucket/key", "").want(200, "") // belongs to the bucket's owner now
	s.anonymous().do("GET", "/bucket/key", "").want(403, "AccessDenied")
	alt.do("GET", "/bucket/key", "").want(403, "AccessDenied")
	for _, target := range []string{"/bucket?acl", "/bucket/key?acl"} {
		a := s.do("GET", target, "").want(200, "")
		if !slices.Equal(a.elements("ID"), []string{"c0ffee", "c0ffee"}) {
			t.Errorf("body %s", a.body)
		}
		s.do("PUT", target, "", "X-Amz-Acl: public-read").want(400, "AccessControlListNotSupported")
	}
	for header, code := range map[string]string{
		"X-Amz-Acl: public-read": "AccessControlListNotSupported", "X-Amz-Acl: private": "AccessControlListNotSupported",
		"X-Amz-Grant-Read: id=decaf": "AccessControlListNotSupported", "X-Amz-Acl: bucket-owner-full-control": "",
		"X-Amz-Grant-Full-Control: id=c0ffee": "", "X-Amz-Meta-A: 1": "",
	} {
		a := s.do("PUT", "/bucket/"+fmt.Sprint(len(header)), "content", header)
		if a.element("Code") != code {
			t.Errorf("%s: got %d %s, want %q", header, a.status, a.body, code)
		}
	}
}

func TestPublicAccessBlock(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", "content", "X-Amz-Acl: public-read").want(200, "")
	s.do("GET", "/bucket?publicAccessBlock", "").want(404, "NoSuchPublicAccessBlockConfiguration")
	block := func(element string) {
		t.Helper()
		s.do("PUT", "/bucket?publicAccessBlock", "<PublicAccessBlockConfiguration><"+element+">true</"+element+"></PublicAccessBlockConfiguration>").want(200, "")
	}
	for _, element := range []string{"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"} {
		block(element)
		a := s.do("GET", "/bucket?publicAccessBlock", "").want(200, "")
		if a.element(element) != "true" || strings.Count(a.body, ">false<") != 3 {
			t.Errorf("%s: body %s", element, a.body)
		}
	}
	block("BlockPublicAcls")
	s.anonymous().do("GET", "/bucket/key", "").want(200, "")
	for _, acl := range []string{
		"X-Amz-Acl: public-read", "X-Amz-Acl: authenticated-read", "X-Amz-Grant-Read: uri=http://acs.amazonaws.com/groups/global/AllUsers",
	} {
		s.do("PUT", "/bucket?acl", "", acl).want(403, "AccessDenied")
		s.do("PUT", "/bucket/key?acl", "", acl).want(403, "AccessDenied")
		s.do("PUT", "/bucket/other", "content", acl).want(403, "AccessDenied")
		s.do("PUT", "/bucket/other", "", acl, "X-Amz-Copy-Source: bucket/key").want(403, "AccessDenied")
		s.do("POST", "/bucket/other?uploads", "", acl).want(403, "AccessDenied")
	}
	s.do("PUT", "/bucket/other", "content", "X-Amz-Grant-Read: id=decaf").want(200, "")
	block("IgnorePublicAcls")
	s.do("PUT", "/bucket/key?acl", "", "X-Amz-Acl: public-read").want(200, "")
	s.anonymous().do("GET", "/bucket/key", "").want(403, "AccessDenied")
	s.as("alt").do("GET", "/bucket/key", "").want(403, "AccessDenied")
	s.as("alt").do("GET", "/bucket/other", "").want(200, "")
	s.do("DELETE", "/bucket?publicAccessBlock", "").want(204, "")
	s.anonymous().do("GET", "/bucket/key", "").want(200, "")
	s.do("GET", "/bucket?publicAccessBlock", "").want(404, "NoSuchPublicAccessBlockConfiguration")
	s.do("PUT", "/bucket?publicAccessBlock", "<Other/>").want(400, "MalformedXML")
}
