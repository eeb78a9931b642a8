package sigv2

import (
	"net/http"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/api"
)

const (
	exampleKey    = "AKIAIOSFODNN7EXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// newVerifier makes a Verifier of the documentation's credentials, for which it is then.
func newVerifier(then time.Time) *Verifier {
	v := NewVerifier("s3.amazonaws.com", func(key string) (string, bool) { return exampleSecret, key == exampleKey })
	v.now = func() time.Time { return then }
	return v
}

func request(t testing.TB, method, host, target string, headers ...[2]string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+host+target, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		r.Header.Add(h[0], h[1])
	}
	return r
}

// The examples of the documentation that give a signature.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html#RESTAuthenticationExamples
func TestDocumentedExamples(t *testing.T) {
	const bucket = "johnsmith.s3.amazonaws.com"
	march := time.Date(2007, 3, 27, 19, 36, 42, 0, time.UTC)
	for name, test := range map[string]struct {
		r         *http.Request
		signature string
		at        time.Time
	}{
		"object GET": {
			request(t, "GET", bucket, "/photos/puppy.jpg", [2]string{"Date", "Tue, 27 Mar 2007 19:36:42 +0000"}),
			"bWq2s1WEIj+Ydj0vQ697zp+IXMU=", march,
		},
		"object PUT": {
			request(t, "PUT", bucket, "/photos/puppy.jpg", [2]string{"Content-Type", "image/jpeg"},
				[2]string{"Date", "Tue, 27 Mar 2007 21:15:45 +0000"}),
			"MyyxeRY7whkBe+bq8fHCL/2kKUg=", march.Add(99 * time.Minute),
		},
		"list": {
			request(t, "GET", bucket, "/?prefix=photos&max-keys=50&marker=puppy", [2]string{"Date", "Tue, 27 Mar 2007 19:42:41 +0000"}),
			"htDYFYduRNen8P9ZfE/s9SuKy0U=", march,
		},
		"fetch": {
			request(t, "GET", bucket, "/?acl", [2]string{"Date", "Tue, 27 Mar 2007 19:44:46 +0000"}),
			"c2WLPFtWHVgbEmeEG93a4cG37dM=", march,
		},
		"list all my buckets": {
			request(t, "GET", "s3.amazonaws.com", "/", [2]string{"Date", "Wed, 28 Mar 2007 01:29:59 +0000"}),
			"qGdzdERIC03wnaRNKh6OqZehG9s=", march.Add(6 * time.Hour),
		},
		"unicode keys": {
			request(t, "GET", "s3.amazonaws.com", "/dictionary/fran%C3%A7ais/pr%c3%a9f%c3%a8re", [2]string{"Date", "Wed, 28 Mar 2007 01:49:49 +0000"}),
			"DNEZGsoieTZ92F3bUfSPQcbGmlM=", march.Add(6 * time.Hour),
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVerifier(test.at)
			test.r.Header.Set("Authorization", "AWS "+exampleKey+":"+test.signature)
			if !Signed(test.r) {
				t.Error("is not Signed")
			}
			verified, err := v.Verify(test.r)
			if err != nil {
				t.Fatalf("%+v", err)
			}
			if verified.AccessKey != exampleKey {
				t.Errorf("signed by %q", verified.AccessKey)
			}
			test.r.Method = "DELETE"
			if _, err := v.Verify(test.r); api.AsError(err).Code != api.SignatureDoesNotMatch {
				t.Errorf("of another method: %v", err)
			}
		})
	}
	query := request(t, "GET", bucket, "/photos/puppy.jpg?AWSAccessKeyId="+exampleKey+
		"&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620")
	if _, err := newVerifier(time.Unix(1175139620, 0)).Verify(query); err != nil || !Signed(query) {
		t.Errorf("query string: %+v", err)
	}
	if _, err := newVerifier(time.Unix(1175139621, 0)).Verify(query); api.AsError(err).Message != "Request has expired" {
		t.Errorf("expired query string: %v", err)
	}
}
