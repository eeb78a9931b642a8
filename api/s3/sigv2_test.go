package s3

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// signedURL is the target of a request that is signed with version 2 in its query. Parameters are "name=value", encoded.
func signedURL(method, path string, parameters ...string) string {
	const expires = "4102444800"
	var amz []string
	for _, p := range parameters {
		name, value, _ := strings.Cut(p, "=")
		if decoded, err := url.QueryUnescape(value); err == nil && strings.HasPrefix(name, "x-amz-") {
			amz = append(amz, name+":"+decoded+"\n")
		}
	}
	slices.Sort(amz)
	signature := signV2(method + "\n\n\n" + expires + "\n" + strings.Join(amz, "") + path)
	query := append([]string{"AWSAccessKeyId=" + testKey, "Expires=" + expires, "Signature=" + url.QueryEscape(signature)}, parameters...)
	return path + "?" + strings.Join(query, "&")
}

// signedV2Header is the headers of a request that is signed with version 2 in a header, for a resource.
func signedV2Header(method, resource string) []string {
	date := time.Now().UTC().Format(http.TimeFormat)
	return []string{"Date: " + date, "Authorization: AWS " + testKey + ":" + signV2(method+"\n\n\n"+date+"\n"+resource)}
}

// What stands for headers in a URL that is signed cannot be changed by who was given it.
func TestParametersOfSignedURLs(t *testing.T) {
	s := newBucket(t, "bucket")
	anybody := s.anonymous()
	target := signedURL("PUT", "/bucket/key", "x-amz-acl=private", "x-amz-storage-class=GLACIER", "x-amz-expected-bucket-owner=c0ffee")
	anybody.do("PUT", target, "content").want(200, "")
	if a := s.do("HEAD", "/bucket/key", ""); a.header.Get("X-Amz-Storage-Class") != "GLACIER" {
		t.Errorf("headers %v", a.header)
	}
	for range 20 { // because maps have no order
		anybody.do("PUT", target+"&X-Amz-Acl=public-read", "other").want(400, "InvalidArgument")
		anybody.do("PUT", target+"&x-amz-acl=public-read", "other").want(400, "InvalidArgument")
	}
	anybody.do("PUT", target, "other", "X-Amz-Acl: public-read").want(403, "SignatureDoesNotMatch")
	r := anybody.request("PUT", target, "other")
	r.Header["X-Amz-Expected-Bucket-Owner"] = []string{""}
	anybody.send(r).want(403, "SignatureDoesNotMatch")
	folded := signedURL("PUT", "/bucket/key", "x-amz-meta-a=v%0Ax-amz-storage-class:GLACIER")
	anybody.do("PUT", folded, "other").want(400, "InvalidArgument")
	// Headers that are signed must be sent.
	anybody.do("PUT", signedURL("PUT", "/bucket/key")+"&content-md5="+url.QueryEscape(md5Base64("good")), "other", "Content-Md5: "+md5Base64("other")).
		want(403, "SignatureDoesNotMatch")
	anybody.do("PUT", signedURL("PUT", "/bucket/key", "x-amz-copy-source=bucket%2Fother"), "").want(501, "NotImplemented")
	if a := s.do("GET", "/bucket/key", "").want(200, ""); a.body != "content" {
		t.Errorf("the object is now %q", a.body)
	}
	anybody.do("GET", "/bucket/key", "").want(403, "AccessDenied")
}

// In a header, version 2 signs no parameters but those that tell what is asked for.
func TestParametersBesideSignedHeaders(t *testing.T) {
	s := newBucket(t, "bucket")
	anybody := s.anonymous()
	anybody.do("PUT", "/bucket/key?x-amz-acl=public-read&x-amz-meta-a=b", "content", signedV2Header("PUT", "/bucket/key")...).want(200, "")
	anybody.do("GET", "/bucket/key", "").want(403, "AccessDenied")
	if a := s.do("HEAD", "/bucket/key", ""); a.header.Get("X-Amz-Meta-A") != "" {
		t.Errorf("headers %v", a.header)
	}
	// Those that some clients do not sign must not turn one change into another.
	anybody.do("GET", "/bucket?publicAccessBlock", "", signedV2Header("GET", "/bucket")...).want(404, "NoSuchPublicAccessBlockConfiguration")
	anybody.do("DELETE", "/bucket?publicAccessBlock", "", signedV2Header("DELETE", "/bucket")...).want(403, "SignatureDoesNotMatch")
	anybody.do("DELETE", "/bucket", "", signedV2Header("DELETE", "/bucket?publicAccessBlock")...).want(403, "SignatureDoesNotMatch")
	anybody.do("DELETE", "/bucket?publicAccessBlock", "", signedV2Header("DELETE", "/bucket?publicAccessBlock")...).want(204, "")
	anybody.do("GET", "/bucket?list-type=2", "", signedV2Header("GET", "/bucket/")...).want(200, "") // as botocore signs it
}
