package sigv4

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/api"
)

func TestVerifySignedHeaders(t *testing.T) {
	for _, target := range []string{
		"/", "/?versions", "/?prefix=a%2Fb&delimiter=%2F&empty=", "/?b=2&a=2&a=1&a-b=3&a1=4",
		"/key?response-content-disposition=attachment%3B%20filename%3D%22a%20b.txt%22&x-id=GetObject",
		"/a%20b", "/a+b", "/a%2Bb", "/a%2Fb", "/a//b", "//a/", "/a/../b", "/./a", "/caf%C3%A9", "/%E2%98%83/%F0%9F%98%80",
		"/a=b&c@d:e,f;g$h", "/'quoted'(x)!*", "/~tilde_-.", "/100%25", "/?q=a+b", "/?q=%2B%20%7E*'()",
	} {
		t.Run(target, func(t *testing.T) {
			r := newRequest(t, http.MethodGet, target, nil)
			if got := verify(t, sent(t, sign(t, r, emptySHA256))).AccessKey; got != exampleKey {
				t.Errorf("AccessKey is %q", got)
			}
			r = newRequest(t, http.MethodGet, target, nil)
			if got := verify(t, sent(t, presign(t, r, "60"))).AccessKey; got != exampleKey {
				t.Errorf("AccessKey of the presigned URL is %q", got)
			}
		})
	}
}

// S3 signs the decoded and re-encoded path, whatever the client left bare on the wire.
func TestVerifyReencodedURL(t *testing.T) {
	r := newRequest(t, http.MethodGet, "/a%2Bb%3D%27?q=%2A%20b", nil)
	received := sent(t, sign(t, r, emptySHA256))
	received.URL.Path, received.URL.RawPath, received.URL.RawQuery = "/a+b='", "", "q=*+b"
	verify(t, received)
}

func TestVerifyHeaderValues(t *testing.T) {
	r := newRequest(t, http.MethodPut, "/key", strings.NewReader("body"))
	r.Header["X-Amz-Meta-A"] = []string{"  one   two  ", "three"}
	r.Header.Set("X-Amz-Meta-Empty", "")
	r.Header.Set("X-Amz-Meta-Utf8", "caf\u00e9")
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	r.Header.Set("Expect", "100-continue")
	verify(t, sent(t, sign(t, r, unsignedPayload)))
}

// Whatever is under the signature must not change on the way.
func TestVerifyTampering(t *testing.T) {
	for name, tamper := range map[string]func(*http.Request){
		"method":       func(r *http.Request) { r.Method = http.MethodDelete },
		"host":         func(r *http.Request) { r.Host = "otherbucket.s3.amazonaws.com" },
		"path":         func(r *http.Request) { r.URL.Path = "/key2" },
		"query":        func(r *http.Request) { r.URL.RawQuery += "&acl" },
		"header":       func(r *http.Request) { r.Header.Set("X-Amz-Acl", "public-read") },
		"signed list":  func(r *http.Request) { replace(r, "host;", "host;range;") },
		"payload hash": func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", unsignedPayload) },
		"signature":    func(r *http.Request) { replace(r, "Signature=", "Signature=0") },
		"no signature": func(r *http.Request) {
			a := r.Header.Get("Authorization")
			r.Header.Set("Authorization", a[:strings.LastIndex(a, "=")+1]+"0")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRequest(t, http.MethodPut, "/key?tagging", strings.NewReader("body"))
			r.Header.Set("X-Amz-Acl", "private")
			received := sent(t, sign(t, r, hexSHA256([]byte("body"))))
			tamper(received)
			_, err := verifierAt(exampleTime).Verify(received)
			wantCode(t, err, api.SignatureDoesNotMatch)
			for _, name := range []string{"AWSAccessKeyId", "StringToSign", "SignatureProvided", "StringToSignBytes", "CanonicalRequest", "CanonicalRequestBytes"} {
				if detail(err, name) == "" {
					t.Errorf("no detail %s", name)
				}
			}
		})
	}
}

// replace changes the Authorization header.
func replace(r *http.Request, old, replacement string) {
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, replacement, 1))
}

func TestVerifyWrongSecret(t *testing.T) {
	v := verifierAt(exampleTime)
	received := sent(t, sign(t, newRequest(t, http.MethodGet, "/", nil), emptySHA256))
	if _, err := v.Verify(received); err != nil {
		t.Fatal(err)
	}
	v.keys = func(string) (string, bool) { return "changed", true }
	_, err := v.Verify(received)
	wantCode(t, err, api.SignatureDoesNotMatch)
}

func TestVerifyRefusesHeader(t *testing.T) {
	const unset = "\x00"
	for name, c := range map[string]struct {
		authorization func(string) string
		header        [2]string
		target        string
		code          api.Code
		message       string
		detail        [2]string
	}{
		"other scheme":     {authorization: func(string) string { return "Bearer token" }, code: api.InvalidArgument, message: "Unsupported Authorization Type", detail: [2]string{"ArgumentValue", "Bearer token"}},
		"signature v2":     {authorization: func(string) string { return "AWS key:signature" }, code: api.InvalidRequest, message: "AWS4-HMAC-SHA256"},
		"asymmetric":       {authorization: func(a string) string { return strings.Replace(a, algorithm, "AWS4-ECDSA-P256-SHA256", 1) }, code: api.NotImplemented},
		"two mechanisms":   {target: "/?X-Amz-Algorithm=AWS4-HMAC-SHA256", code: api.InvalidArgument, message: "Only one auth mechanism allowed"},
		"no components":    {authorization: func(string) string { return algorithm + " what" }, code: api.AuthorizationHeaderMalformed, message: "three components"},
		"no signature":     {authorization: func(a string) string { return a[:strings.Index(a, ", Signature")] }, code: api.AuthorizationHeaderMalformed, message: "three components"},
		"short credential": {authorization: func(a string) string { return strings.Replace(a, "/aws4_request", "", 1) }, code: api.AuthorizationHeaderMalformed, message: "the Credential is mal-formed"},
		"empty access key": {authorization: func(a string) string { return strings.Replace(a, exampleKey, "", 1) }, code: api.AuthorizationHeaderMalformed, message: "the Credential is mal-formed"},
		"no region":        {authorization: func(a string) string { return strings.Replace(a, "us-east-1", "", 1) }, code: api.AuthorizationHeaderMalformed, message: "non-empty region"},
		"other region":     {authorization: func(a string) string { return strings.Replace(a, "us-east-1", "eu-west-1", 1) }, code: api.AuthorizationHeaderMalformed, message: "the region 'eu-west-1' is wrong; expecting 'us-east-1'", detail: [2]string{"Region", "us-east-1"}},
		"other service":    {authorization: func(a string) string { return strings.Replace(a, "/s3/", "/sts/", 1) }, code: api.AuthorizationHeaderMalformed, message: `incorrect service "sts"`},
		"other terminator": {authorization: func(a string) string { return strings.Replace(a, "aws4_request", "aws5_request", 1) }, code: api.AuthorizationHeaderMalformed, message: `incorrect terminal "aws5_request"`},
		"date format":      {authorization: func(a string) string { return strings.Replace(a, "/20130524/", "/2013-05-24/", 1) }, code: api.AuthorizationHeaderMalformed, message: "incorrect date format"},
		"other date":       {authorization: func(a string) string { return strings.Replace(a, "/20130524/", "/20130523/", 1) }, code: api.AuthorizationHeaderMalformed, message: "Invalid credential date"},
		"no date":          {header: [2]string{"X-Amz-Date", unset}, code: api.AccessDenied, message: "requires a valid Date or x-amz-date header"},
		"not a date":       {header: [2]string{"X-Amz-Date", "20130524"}, code: api.AccessDenied, message: "requires a valid Date or x-amz-date header"},
		"early":            {header: [2]string{"X-Amz-Date", "20130523T234459Z"}, code: api.RequestTimeTooSkewed, detail: [2]string{"RequestTime", "20130523T234459Z"}},
		"late":             {header: [2]string{"X-Amz-Date", "20130524T001501Z"}, code: api.RequestTimeTooSkewed, detail: [2]string{"ServerTime", "2013-05-24T00:00:00Z"}},
		"unknown key":      {authorization: func(a string) string { return strings.Replace(a, exampleKey, "nobody", 1) }, code: api.InvalidAccessKeyID, detail: [2]string{"AWSAccessKeyId", "nobody"}},
		"session token":    {header: [2]string{"X-Amz-Security-Token", "token"}, code: api.InvalidToken},
		"unsigned header":  {header: [2]string{"X-Amz-Meta-Added", "1"}, code: api.AccessDenied, message: "headers present in the request which were not signed", detail: [2]string{"HeadersNotSigned", "x-amz-meta-added"}},
		"not a hash":       {header: [2]string{"X-Amz-Content-Sha256", "abc"}, code: api.InvalidArgument, detail: [2]string{"ArgumentName", "x-amz-content-sha256"}},
		"asymmetric chunk": {header: [2]string{"X-Amz-Content-Sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"}, code: api.NotImplemented},
		"malformed query":  {target: "/?a=%zz", code: api.InvalidURI},
		"semicolon":        {target: "/?a;b", code: api.InvalidURI},
	} {
		t.Run(name, func(t *testing.T) {
			received := sent(t, sign(t, newRequest(t, http.MethodGet, "/", nil), emptySHA256))
			if c.authorization != nil {
				received.Header.Set("Authorization", c.authorization(received.Header.Get("Authorization")))
			}
			if c.header[1] == unset {
				received.Header.Del(c.header[0])
			} else if c.header[0] != "" {
				received.Header.Set(c.header[0], c.header[1])
			}
			if _, query, ok := strings.Cut(c.target, "?"); ok {
				received.URL.RawQuery = query
			}
			_, err := verifierAt(exampleTime).Verify(received)
			wantCode(t, err, c.code)
			if !strings.Contains(err.Error(), c.message) {
				t.Errorf("message is %q, want %q", err, c.message)
			}
			if got := detail(err, c.detail[0]); got != c.detail[1] {
				t.Errorf("detail %s is %q, want %q", c.detail[0], got, c.detail[1])
			}
		})
	}
}

func TestVerifyHostMustBeSigned(t *testing.T) {
	wire := "GET / HTTP/1.1\r\nHost: example\r\nX-Amz-Date: " + exampleTimestamp + "\r\nX-Amz-Content-Sha256: " + emptySHA256 + "\r\n"
	signature := (&framer{}).sign(algorithm, exampleTimestamp, exampleScope,
		hexSHA256([]byte("GET\n/\n\nx-amz-date:"+exampleTimestamp+"\n\nx-amz-date\n"+emptySHA256)))
	wire += "Authorization: " + algorithm + " Credential=" + exampleKey + "/" + exampleScope + ",SignedHeaders=x-amz-date,Signature=" + signature + "\r\n\r\n"
	_, err := verifierAt(exampleTime).Verify(received(t, strings.NewReader(wire)))
	wantCode(t, err, api.AccessDenied)
	if got := detail(err, "HeadersNotSigned"); got != "host" {
		t.Errorf("HeadersNotSigned is %q", got)
	}
}

// Headers that net/http takes out of the header map, that the client listed without sending them, and a Date instead of
// x-amz-date.
func TestVerifyUnusualHeaders(t *testing.T) {
	for name, c := range map[string]struct{ wire, canonical, signed string }{
		"transfer-encoding and expect": {
			"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\nX-Amz-Date: 20130524T000000Z",
			"expect:100-continue\nhost:example\ntransfer-encoding:chunked\nx-amz-date:20130524T000000Z\n",
			"expect;host;transfer-encoding;x-amz-date",
		},
		"content-length": {
			"Content-Length: 0\r\nX-Amz-Date: 20130524T000000Z",
			"content-length:0\nhost:example\nx-amz-date:20130524T000000Z\n",
			"content-length;host;x-amz-date",
		},
		"listed and not sent": {
			"X-Amz-Date: 20130524T000000Z",
			"host:example\nx-amz-date:20130524T000000Z\n",
			"host;transfer-encoding;x-absent;x-amz-date",
		},
		"date": {
			"Date: Fri, 24 May 2013 00:00:00 GMT",
			"date:Fri, 24 May 2013 00:00:00 GMT\nhost:example\n",
			"date;host",
		},
		"date in ISO 8601": {
			"Date: 20130524T000000Z",
			"date:20130524T000000Z\nhost:example\n",
			"date;host",
		},
	} {
		t.Run(name, func(t *testing.T) {
			signature := (&framer{}).sign(algorithm, exampleTimestamp, exampleScope,
				hexSHA256([]byte("PUT\n/k\n\n"+c.canonical+"\n"+c.signed+"\n"+unsignedPayload)))
			wire := "PUT /k HTTP/1.1\r\nHost: example\r\nX-Amz-Content-Sha256: " + unsignedPayload + "\r\n" + c.wire +
				"\r\nAuthorization: " + algorithm + "   Credential=" + exampleKey + "/" + exampleScope +
				",SignedHeaders=" + c.signed + " ,  Signature=" + signature + "\r\n\r\n0\r\n\r\n"
			verify(t, received(t, strings.NewReader(wire)))
		})
	}
}

func TestVerifyWithoutContentSHA256(t *testing.T) {
	verify(t, sent(t, sign(t, newRequest(t, http.MethodGet, "/key", nil), "")))

	unsigned := sign(t, newRequest(t, http.MethodPut, "/key", strings.NewReader("body")), unsignedPayload)
	unsigned.Header.Del("X-Amz-Content-Sha256")
	replace(unsigned, "x-amz-content-sha256;", "")
	signature := (&framer{}).sign(algorithm, exampleTimestamp, exampleScope, hexSHA256([]byte("PUT\n/key\n\n"+
		"content-length:4\nhost:examplebucket.s3.amazonaws.com\nx-amz-date:20130524T000000Z\n\ncontent-length;host;x-amz-date\n"+unsignedPayload)))
	a := unsigned.Header.Get("Authorization")
	unsigned.Header.Set("Authorization", a[:strings.LastIndex(a, "=")+1]+signature)
	if got, err := io.ReadAll(verify(t, sent(t, unsigned)).Body); err != nil || string(got) != "body" {
		t.Errorf("Body is %q, %v", got, err)
	}

	hashed := sign(t, newRequest(t, http.MethodPut, "/key", strings.NewReader("body")), hexSHA256([]byte("body")))
	hashed.Header.Del("X-Amz-Content-Sha256")
	_, err := verifierAt(exampleTime).Verify(sent(t, hashed))
	wantCode(t, err, api.InvalidRequest)
	if !strings.Contains(err.Error(), "x-amz-content-sha256") {
		t.Errorf("the message does not name the header: %v", err)
	}
}

func TestVerifyAnonymous(t *testing.T) {
	received := sent(t, newRequest(t, http.MethodPut, "/key", strings.NewReader("body")))
	verified := verify(t, received)
	if verified.AccessKey != "" || verified.Length != 4 || verified.Chunked {
		t.Errorf("Verified is %+v", verified)
	}
	if got, err := io.ReadAll(verified.Body); err != nil || string(got) != "body" {
		t.Errorf("Body is %q, %v", got, err)
	}

	v2 := newRequest(t, http.MethodGet, "/key?AWSAccessKeyId=a&Signature=b&Expires=1", nil)
	_, err := verifierAt(exampleTime).Verify(sent(t, v2))
	wantCode(t, err, api.InvalidRequest)
}

func TestVerifySkewLimits(t *testing.T) {
	for _, skew := range []time.Duration{-maxSkew, maxSkew} {
		received := sent(t, sign(t, newRequest(t, http.MethodGet, "/", nil), emptySHA256))
		if _, err := verifierAt(exampleTime.Add(skew)).Verify(received); err != nil {
			t.Errorf("%v: %v", skew, err)
		}
	}
}

func TestKeyCacheIsBounded(t *testing.T) {
	var cache keyCache
	for i := range 3 * maxCachedKeys {
		key := cache.signingKey(fmt.Sprint("key", i), exampleSecret, "20130524", "us-east-1")
		if key != deriveKey(exampleSecret, "20130524", "us-east-1") {
			t.Fatal("another key came out")
		}
		if len(cache.keys) > maxCachedKeys {
			t.Fatalf("the cache holds %d keys", len(cache.keys))
		}
	}
}

func TestAnEmptyAuthorizationIsNone(t *testing.T) {
	if verified := verify(t, received(t, strings.NewReader("GET / HTTP/1.1\r\nHost: h\r\nAuthorization:\r\n\r\n"))); verified.AccessKey != "" {
		t.Errorf("it is that of %q", verified.AccessKey)
	}
}
