package sigv2

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/api"
)

var now = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)

func TestRefusals(t *testing.T) {
	v := newVerifier(now)
	date := [2]string{"Date", now.Format(http.TimeFormat)}
	expires := strconv.FormatInt(now.Unix()+60, 10)
	for name, test := range map[string]struct {
		query   string
		headers [][2]string
		want    api.Code
	}{
		"wrong signature":     {"", [][2]string{date, {"Authorization", "AWS " + exampleKey + ":c2lnbmF0dXJl"}}, api.SignatureDoesNotMatch},
		"not base64":          {"", [][2]string{date, {"Authorization", "AWS " + exampleKey + ":!"}}, api.SignatureDoesNotMatch},
		"no signature":        {"", [][2]string{date, {"Authorization", "AWS " + exampleKey}}, api.InvalidArgument},
		"no access key":       {"", [][2]string{date, {"Authorization", "AWS :c2lnbmF0dXJl"}}, api.InvalidArgument},
		"unknown key":         {"", [][2]string{date, {"Authorization", "AWS nobody:c2lnbmF0dXJl"}}, api.InvalidAccessKeyID},
		"no date":             {"", [][2]string{{"Authorization", "AWS " + exampleKey + ":x"}}, api.AccessDenied},
		"odd date":            {"", [][2]string{{"Date", "yesterday"}, {"Authorization", "AWS " + exampleKey + ":x"}}, api.AccessDenied},
		"odd x-amz-date":      {"", [][2]string{date, {"X-Amz-Date", "yesterday"}, {"Authorization", "AWS " + exampleKey + ":x"}}, api.AccessDenied},
		"old date":            {"", [][2]string{{"Date", now.Add(-16 * time.Minute).Format(http.TimeFormat)}, {"Authorization", "AWS " + exampleKey + ":x"}}, api.RequestTimeTooSkewed},
		"date to come":        {"", [][2]string{{"X-Amz-Date", now.Add(16 * time.Minute).Format(time.RFC1123Z)}, {"Authorization", "AWS " + exampleKey + ":x"}}, api.RequestTimeTooSkewed},
		"session token":       {"", [][2]string{date, {"X-Amz-Security-Token", "t"}, {"Authorization", "AWS " + exampleKey + ":x"}}, api.InvalidToken},
		"token in query":      {"?Signature=x&AWSAccessKeyId=k&x-amz-security-token=t&Expires=" + expires, nil, api.InvalidToken},
		"no expiry":           {"?Signature=x&AWSAccessKeyId=" + exampleKey, nil, api.AccessDenied},
		"odd expiry":          {"?Signature=x&AWSAccessKeyId=" + exampleKey + "&Expires=soon", nil, api.AccessDenied},
		"expired":             {"?Signature=x&AWSAccessKeyId=" + exampleKey + "&Expires=1175139620", nil, api.AccessDenied},
		"wrong in query":      {"?Signature=x&AWSAccessKeyId=" + exampleKey + "&Expires=" + expires, nil, api.SignatureDoesNotMatch},
		"unknown in query":    {"?Signature=x&AWSAccessKeyId=nobody&Expires=" + expires, nil, api.InvalidAccessKeyID},
		"no key in the query": {"?Signature=x&AWSAccessKeyId=&Expires=" + expires, nil, api.InvalidAccessKeyID},
	} {
		r := request(t, "GET", "example.com", "/bucket/key"+test.query, test.headers...)
		if !Signed(r) {
			t.Errorf("%s: is not Signed", name)
		}
		if _, err := v.Verify(r); api.AsError(err).Code != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
}

func TestOthersAreNotSigned(t *testing.T) {
	for _, r := range []*http.Request{
		request(t, "GET", "example.com", "/"),
		request(t, "GET", "example.com", "/?Signature=x"),
		request(t, "GET", "example.com", "/", [2]string{"Authorization", "AWS4-HMAC-SHA256 Credential=x"}),
		request(t, "GET", "example.com", "/", [2]string{"Authorization", "AWS a:b"}, [2]string{"Authorization", "AWS a:b"}),
		request(t, "GET", "example.com", "/?Signature=x&AWSAccessKeyId=k", [2]string{"Authorization", "AWS a:b"}),
		request(t, "GET", "example.com", "/?Signature=x&AWSAccessKeyId=k&X-Amz-Algorithm=AWS4-HMAC-SHA256"),
		request(t, "GET", "example.com", "/?X-Amz-Signature=x&X-Amz-Algorithm=AWS4-HMAC-SHA256"),
	} {
		if Signed(r) {
			t.Errorf("%s with %v is Signed", r.URL, r.Header)
		}
	}
}

// A URL that was given away cannot be made to be about something else.
func TestWhatAURLIsAboutIsSigned(t *testing.T) {
	v := newVerifier(time.Unix(1175139620, 0))
	const signed = "/photos/puppy.jpg?AWSAccessKeyId=" + exampleKey + "&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620"
	host := "johnsmith.s3.amazonaws.com"
	for sub := range subresources {
		if _, err := v.Verify(request(t, "GET", host, signed+"&"+sub)); api.AsError(err).Code != api.SignatureDoesNotMatch {
			t.Errorf("with %s: %v", sub, err)
		}
	}
	for _, header := range []string{"X-Amz-Acl", "X-Amz-Copy-Source", "X-Amz-Meta-A", "Content-Type", "Content-Md5"} {
		if _, err := v.Verify(request(t, "GET", host, signed, [2]string{header, "x"})); api.AsError(err).Code != api.SignatureDoesNotMatch {
			t.Errorf("with %s: %v", header, err)
		}
	}
	if _, err := v.Verify(request(t, "GET", "other.s3.amazonaws.com", signed)); api.AsError(err).Code != api.SignatureDoesNotMatch {
		t.Errorf("of another bucket: %v", err)
	}
}

func TestVerifyForm(t *testing.T) {
	v := newVerifier(now)
	// printf policy | openssl dgst -sha1 -hmac $SECRET -binary | base64
	const signature = "RDbpo48fznv4y75aJ1A4eQxc9AA="
	if err := v.VerifyForm(exampleKey, "policy", signature, ""); err != nil {
		t.Error(err)
	}
	if err := v.VerifyForm(exampleKey, "other", signature, ""); api.AsError(err).Code != api.SignatureDoesNotMatch {
		t.Errorf("another policy: %v", err)
	}
	if err := v.VerifyForm(exampleKey, "policy", signature, "token"); api.AsError(err).Code != api.InvalidToken {
		t.Errorf("with a session token: %v", err)
	}
	if err := v.VerifyForm("nobody", "policy", signature, ""); api.AsError(err).Code != api.InvalidAccessKeyID {
		t.Errorf("unknown key: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("/b/k?acl&versionId=x", "AWS a:b", "Tue, 27 Mar 2007 19:36:42 +0000")
	f.Add("/b/k?AWSAccessKeyId=a&Signature=%zz&Expires=9", "", "")
	f.Fuzz(func(t *testing.T, target, authorization, date string) {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://example.com/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if u, err := r.URL.Parse(target); err == nil {
			r.URL = u
		}
		r.Header.Set("Authorization", authorization)
		r.Header.Set("Date", date)
		if verified, err := newVerifier(now).Verify(r); err == nil {
			t.Errorf("%q signed %q", verified.AccessKey, target)
		}
	})
}
