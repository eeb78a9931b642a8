package s3

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/api"
)

const boundary = "the-boundary"

// encodeForm writes a form as a browser does. Fields are "name: value"; the last is the file, named by fileName.
func encodeForm(fileName string, fields ...string) string {
	var b strings.Builder
	for i, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		b.WriteString("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + `"`)
		if i == len(fields)-1 && fileName != "" {
			b.WriteString(`; filename="` + fileName + `"` + "\r\nContent-Type: image/png")
		}
		b.WriteString("\r\n\r\n" + value + "\r\n")
	}
	return b.String() + "--" + boundary + "--\r\n"
}

// post sends a form that nobody signs in headers.
func (s *testServer) post(fields ...string) *answer {
	s.t.Helper()
	return s.postForm(encodeForm("file.png", fields...))
}

func (s *testServer) postForm(form string, headers ...string) *answer {
	s.t.Helper()
	return s.anonymous().do("POST", "/bucket", form, append(headers, "Content-Type: multipart/form-data; boundary="+boundary)...)
}

// signedV2 is a form's fields with a policy of conditions, signed with version 2.
func signedV2(conditions string, fields ...string) []string {
	document := `{"expiration": "2100-01-01T00:00:00Z", "conditions": [{"bucket": "bucket"}, ["starts-with", "$key", ""]` + conditions + `]}`
	policy := base64.StdEncoding.EncodeToString([]byte(document))
	return append([]string{"AWSAccessKeyId: " + testKey, "Policy: " + policy, "signature: " + signV2(policy)}, fields...)
}

// signV2 makes a signature of version 2.
func signV2(text string) string {
	mac := hmac.New(sha1.New, []byte(testSecret))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestAFormBecomesAnObject(t *testing.T) {
	s := newBucket(t, "bucket")
	conditions := `, {"acl": "public-read"}, ["StArTs-WiTh", "$CoNtEnT-TyPe", "text/"], ["eq", "$x-amz-meta-Color", "blue,green"],
		["starts-with", "$tagging", ""], ["starts-with", "$x-amz-storage-class", ""], ["starts-with", "$cache-control", ""],
		["content-length-range", "7", 7]`
	a := s.post(signedV2(conditions,
		"KEY: photos/${filename}", "acl: public-read", "Content-Type: text/x", "x-amz-meta-color: blue", "X-Amz-Meta-COLOR: green",
		"tagging: <Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>", "x-amz-storage-class: STANDARD_IA",
		"Cache-Control: no-cache", "x-ignore-this: 1", "x-amz-checksum-crc32: "+crc32Base64("content"), "file: content")...).want(204, "")
	for name, want := range map[string]string{
		"Etag": `"` + string(testSums[api.MD5]("content")) + `"`, "X-Amz-Checksum-Crc32": crc32Base64("content"),
		"Location": s.url + "/bucket/photos%2Ffile.png",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	a = s.anonymous().do("GET", "/bucket/photos/file.png", "").want(200, "")
	if a.body != "content" {
		t.Errorf("the object is %q", a.body)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/x", "X-Amz-Meta-Color": "blue,green", "X-Amz-Storage-Class": "STANDARD_IA",
		"Cache-Control": "no-cache",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if a := s.do("GET", "/bucket/photos/file.png?tagging", "").want(200, ""); a.element("Key") != "a" || a.element("Value") != "b" {
		t.Errorf("tags are %s", a.body)
	}
	if a = s.anonymous().do("GET", "/bucket/photos%2Ffile.png", "").want(200, ""); a.body != "content" {
		t.Errorf("at its location is %q", a.body)
	}
}

func TestTheNameOfAPostedFile(t *testing.T) {
	s := newBucket(t, "bucket")
	for name, key := range map[string]string{
		"a b.txt": "a b.txt", `C:\Program Files\x.txt`: "x.txt", "/etc/passwd": "passwd", "ü.txt": "ü.txt",
	} {
		s.postForm(encodeForm(name, signedV2("", "key: ${filename}", "file: v")...)).want(204, "")
		s.do("GET", "/bucket/"+strings.ReplaceAll(key, " ", "%20"), "").want(200, "")
	}
	// Without a name the variable stays. With an empty one, which browsers send where no file was chosen, it goes.
	s.postForm(encodeForm(strings.Repeat("n", 500), signedV2("", "key: k", "Cache-Control: "+strings.Repeat("${filename}", 1500), "file: v")...)).
		want(400, "MaxPostPreDataLengthExceededError")
	s.postForm(encodeForm("", signedV2("", "key: ${filename}", "file: v")...)).want(204, "")
	s.do("GET", "/bucket/$%7Bfilename%7D", "").want(200, "")
	form := strings.Replace(encodeForm("name", signedV2("", "key: a${filename}", "file: v")...), `filename="name"`, `filename=""`, 1)
	s.postForm(form).want(204, "")
	s.do("GET", "/bucket/a", "").want(200, "")
}

func TestTheAnswerToAForm(t *testing.T) {
	s := newBucket(t, "bucket")
	allow := `, ["starts-with", "$success_action_status", ""]`
	for value, status := range map[string]int{"200": 200, "201": 201, "204": 204, "404": 204, "": 204} {
		a := s.post(signedV2(allow, "key: a/ü", "success_action_status: "+value, "file: v")...).want(status, "")
		if status != 201 {
			if a.body != "" {
				t.Errorf("body with %s: %s", value, a.body)
			}
			continue
		}
		etag, location := `"`+string(testSums[api.MD5]("v"))+`"`, s.url+"/bucket/a%2F%C3%BC"
		if a.element("Bucket") != "bucket" || a.element("Key") != "a/ü" || a.element("ETag") != etag || a.element("Location") != location ||
			a.header.Get("Location") != location || strings.Contains(a.body, "xmlns") {
			t.Errorf("headers %v, body %s", a.header, a.body)
		}
	}
	allow = `, ["starts-with", "$success_action_redirect", ""]`
	added := "bucket=bucket&key=a%2Fb+c&etag=%22" + string(testSums[api.MD5]("v")) + "%22"
	for value, location := range map[string]string{
		"http://example.com/done":      "http://example.com/done?" + added,
		"https://example.com/?a=1&b#c": "https://example.com/?a=1&b&" + added + "#c",
	} {
		a := s.post(signedV2(allow, "key: a/b c", "success_action_redirect: "+value, "file: v")...).want(303, "")
		if got := a.header.Get("Location"); got != location {
			t.Errorf("%s: sent to %s, want %s", value, got, location)
		}
	}
	for _, value := range []string{"/relative", "javascript:alert(1)", "http://%zz", ""} {
		s.post(signedV2(allow, "key: key", "success_action_redirect: "+value, "file: v")...).want(204, "")
	}
}

func TestFormsThatAreRefused(t *testing.T) {
	s := newBucket(t, "bucket")
	replaced := func(fields []string, name, value string) []string {
		for i, field := range fields {
			if strings.HasPrefix(field, name+": ") {
				fields[i] = name + ": " + value
			}
		}
		return fields
	}
	good := func(more ...string) []string { return signedV2("", append(more, "key: key", "file: content")...) }
	for _, test := range []struct {
		name   string
		fields []string
		status int
		code   string
	}{
		{"unsigned", []string{"key: key", "file: content"}, 403, "AccessDenied"},
		{"only a policy", append(good()[1:2], "key: key", "file: content"), 403, "AccessDenied"},
		{"no signature", append(good()[:2], "key: key", "file: content"), 400, "InvalidArgument"},
		{"no access key", good()[1:], 400, "InvalidArgument"},
		{"no policy", append(good()[:1:1], good()[2:]...), 400, "InvalidArgument"},
		{"other access key", replaced(good(), "AWSAccessKeyId", "other"), 403, "InvalidAccessKeyId"},
		{"other policy", replaced(good(), "Policy", "e30="), 403, "SignatureDoesNotMatch"},
		{"wrong signature", replaced(good(), "signature", "AAAA"), 403, "SignatureDoesNotMatch"},
		{"no key", signedV2("", "file: content"), 400, "InvalidArgument"},
		{"key behind the file", signedV2("", "file: content", "key: key"), 400, "InvalidArgument"},
		{"no file", signedV2("", "key: key"), 400, "InvalidArgument"},
		{"field that nothing covers", good("x-amz-meta-a: b"), 403, "AccessDenied"},
		{"condition that fails", signedV2(`, {"acl": "private"}`, "key: key", "acl: public-read", "file: content"), 403, "AccessDenied"},
		{"field that is missing", signedV2(`, ["starts-with", "$acl", ""]`, "key: key", "file: content"), 403, "AccessDenied"},
		{"too long", signedV2(`, ["content-length-range", 0, 6]`, "key: key", "file: content"), 400, "EntityTooLarge"},
		{"too short", signedV2(`, ["content-length-range", 8, 9]`, "key: key", "file: content"), 400, "EntityTooSmall"},
		{"no numbers", signedV2(`, ["content-length-range", "a", "b"]`, "key: key", "file: content"), 403, "AccessDenied"},
		{"wrong checksum", good("x-amz-checksum-crc32: " + crc32Base64("other")), 400, "BadDigest"},
		{"no checksum", good("x-amz-checksum-algorithm: CRC32"), 400, "InvalidRequest"},
		{"wrong MD5", signedV2(`, ["starts-with", "$content-md5", ""]`, "content-md5: "+md5Base64("other"), "key: key", "file: content"), 400, "BadDigest"},
		{"unknown ACL", signedV2(`, ["starts-with", "$acl", ""]`, "acl: everybody", "key: key", "file: content"), 400, "InvalidArgument"},
		{"unknown class", signedV2(`, ["starts-with", "$x-amz-storage-class", ""]`, "x-amz-storage-class: X", "key: key", "file: content"), 400, "InvalidStorageClass"},
		{"tags that are none", signedV2(`, ["starts-with", "$tagging", ""]`, "tagging: none", "key: key", "file: content"), 400, "MalformedXML"},
		{"encryption", signedV2(`, ["starts-with", "$x-amz-server-side-encryption", ""]`, "x-amz-server-side-encryption: AES256", "key: key", "file: content"), 501, "NotImplemented"},
		{"line in metadata", signedV2(`, ["starts-with", "$x-amz-meta-a", ""]`, "x-amz-meta-a: a\r\nSet-Cookie: b", "key: key", "file: content"), 400, "InvalidArgument"},
		{"other owner", signedV2(`, ["starts-with", "$x-amz-expected-bucket-owner", ""]`, "x-amz-expected-bucket-owner: decaf", "key: key", "file: content"), 403, "AccessDenied"},
		{"two fields for one header", signedV2(`, ["starts-with", "$acl", ""], ["starts-with", "$x-amz-acl", ""]`, "acl: private", "x-amz-acl: public-read", "key: key", "file: content"), 400, "InvalidArgument"},
		{"session token", signedV2(`, ["starts-with", "$x-amz-security-token", ""]`, "x-amz-security-token: t", "key: key", "file: content"), 400, "InvalidToken"},
		{"empty policy", []string{"AWSAccessKeyId: " + testKey, "Policy: ", "signature: " + signV2(""), "key: key", "file: content"}, 400, "InvalidPolicyDocument"},
		{"key too long", signedV2("", "key: "+strings.Repeat("k", 1025), "file: content"), 400, "KeyTooLongError"},
		{"fields too long", signedV2("", "x-ignore-a: "+strings.Repeat("a", maxFields), "key: key", "file: content"), 400, "MaxPostPreDataLengthExceededError"},
	} {
		a := s.post(test.fields...)
		if code := a.element("Code"); a.status != test.status || code != test.code {
			t.Errorf("%s: got %d %s, want %d %s; %s", test.name, a.status, code, test.status, test.code, a.body)
		}
		s.do("GET", "/bucket/key", "").want(404, "NoSuchKey")
	}
}

func TestFormsThatAreNone(t *testing.T) {
	s := newBucket(t, "bucket")
	form := encodeForm("file.png", signedV2("", "key: key", "file: content")...)
	s.anonymous().do("POST", "/bucket", form, "Content-Type: text/html").want(412, "PreconditionFailed")
	s.anonymous().do("POST", "/bucket", form).want(412, "PreconditionFailed")
	s.anonymous().do("POST", "/bucket", form, "Content-Type: multipart/form-data").want(400, "MalformedPOSTRequest")
	s.postForm("nonsense").want(400, "MalformedPOSTRequest")
	s.postForm("").want(400, "MalformedPOSTRequest")
	s.postForm(form[:len(form)-8]).want(400, "MalformedPOSTRequest")
	for cut := range len(form) - len("--\r\n") {
		s.postForm(form[:cut]).want(400, "")
	}
	s.do("GET", "/bucket/key", "").want(404, "NoSuchKey")
	s.anonymous().do("POST", "/missing", form, "Content-Type: multipart/form-data; boundary="+boundary).want(403, "AccessDenied")
	form = encodeForm("file.png", "key: key", "file: content")
	s.anonymous().do("POST", "/missing", form, "Content-Type: multipart/form-data; boundary="+boundary).want(404, "NoSuchBucket")
}

func TestAnonymousForms(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket?acl", "", "X-Amz-Acl: public-read-write").want(200, "")
	s.post("key: key", "acl: public-read", "Content-Type: text/plain", "submit: Upload", "file: content").want(204, "")
	if a := s.anonymous().do("GET", "/bucket/key", "").want(200, ""); a.body != "content" || a.header.Get("Content-Type") != "text/plain" {
		t.Errorf("headers %v, body %s", a.header, a.body)
	}
	// Conditions are headers, also here.
	s.postForm(encodeForm("", "key: key", "file: other"), "If-None-Match: *").want(412, "PreconditionFailed")
	// A wrong signature is not the same as none.
	s.post("key: other", "AWSAccessKeyId: nobody", "signature: AAAA", "policy: e30=", "file: v").want(403, "InvalidAccessKeyId")
	s.do("GET", "/bucket/other", "").want(404, "NoSuchKey")
}

// The signature itself is tested where it is verified.
func TestFormsOfVersion4(t *testing.T) {
	s := newBucket(t, "bucket")
	for _, test := range []struct {
		fields []string
		code   string
	}{
		{[]string{"x-amz-signature: 00"}, "InvalidArgument"},
		{[]string{"x-amz-signature: 00", "x-amz-algorithm: AWS4-HMAC-SHA256", "x-amz-date: 20240101T000000Z", "policy: e30="}, "InvalidArgument"},
		{[]string{
			"x-amz-signature: 00", "x-amz-algorithm: AWS4-HMAC-SHA256", "x-amz-date: 20240101T000000Z", "policy: e30=",
			"x-amz-credential: " + testKey + "/20240101/us-east-1/s3/aws4_request",
		}, "SignatureDoesNotMatch"},
	} {
		a := s.post(append(test.fields, "key: key", "file: v")...)
		if code := a.element("Code"); code != test.code {
			t.Errorf("%v: got %s, want %s", test.fields, code, test.code)
		}
	}
}

func TestFormsOfVersion2CanBeSwitchedOff(t *testing.T) {
	config := testConfig(nil, io.Discard)
	config.V2 = nil
	s := serve(t, config, new(logBuffer))
	s.post(signedV2("", "key: key", "file: v")...).want(400, "InvalidRequest")
}

func FuzzForm(f *testing.F) {
	f.Add(encodeForm("file.png", "key: ${filename}", "acl: private", "file: content"))
	f.Add(encodeForm("", "key: a", "key: b", "x-amz-meta-a: b", "file: content"))
	f.Add("--" + boundary + "\r\n\r\n")
	s := newBucket(f, "bucket")
	s.do("PUT", "/bucket?acl", "", "X-Amz-Acl: public-read-write").want(200, "")
	f.Fuzz(func(t *testing.T, form string) {
		of := *s
		of.t = t
		if a := of.postForm(form); a.status >= 500 && a.status != 501 {
			t.Errorf("%q: got %d %s", form, a.status, a.body)
		}
	})
}
