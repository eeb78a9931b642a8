package s3

import (
	"slices"
	"testing"
)

func TestEveryObjectIsItsOnlyVersion(t *testing.T) {
	s := newKeys(t, "a b", "b/1", "b/2", "c")
	a := s.do("GET", "/bucket?versions&delimiter=/&max-keys=1&encoding-type=url", "").want(200, "")
	for element, want := range map[string]string{
		"Name": "bucket", "Key": "a+b", "VersionId": "null", "IsLatest": "true", "Size": "3", "ID": "c0ffee", "MaxKeys": "1",
		"NextKeyMarker": "a+b", "NextVersionIdMarker": "null", "IsTruncated": "true", "EncodingType": "url",
	} {
		if got := a.element(element); got != want {
			t.Errorf("%s is %q, want %q", element, got, want)
		}
	}
	a = s.do("GET", "/bucket?versions&delimiter=/&max-keys=1&key-marker=a+b&version-id-marker=null", "").want(200, "")
	if !slices.Equal(a.elements("Prefix"), []string{"", "b/"}) || a.element("NextKeyMarker") != "b/" || a.element("NextVersionIdMarker") != "" {
		t.Errorf("body %s", a.body)
	}
	a = s.do("GET", "/bucket?versions&prefix=b/", "").want(200, "")
	if !slices.Equal(a.elements("Key"), []string{"b/1", "b/2"}) || a.element("NextKeyMarker") != "" || a.element("IsTruncated") != "false" {
		t.Errorf("body %s", a.body)
	}
	s.do("GET", "/bucket?versions&version-id-marker=null", "").want(400, "InvalidArgument")
	s.do("GET", "/missing?versions", "").want(404, "NoSuchBucket")
}

func TestGetObjectTagging(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/tagged", "", "X-Amz-Tagging: b=1&a=x%2By").want(200, "")
	s.do("PUT", "/bucket/plain", "").want(200, "")
	a := s.do("GET", "/bucket/tagged?tagging&versionId=null", "").want(200, "")
	if !slices.Equal(a.elements("Key"), []string{"b", "a"}) || !slices.Equal(a.elements("Value"), []string{"1", "x+y"}) {
		t.Errorf("body %s", a.body)
	}
	a = s.do("GET", "/bucket/plain?tagging", "").want(200, "")
	if len(a.elements("TagSet")) != 1 || len(a.elements("Tag")) != 0 {
		t.Errorf("body %s", a.body)
	}
	s.do("GET", "/bucket/missing?tagging", "").want(404, "NoSuchKey")
	s.do("GET", "/bucket/plain?tagging&versionId=", "").want(400, "InvalidArgument")
	s.do("PUT", "/bucket/plain?tagging", "").want(501, "NotImplemented")
}

func TestConfigurationsThatABucketDoesNotHave(t *testing.T) {
	s := newBucket(t, "bucket")
	for resource, code := range map[string]string{
		"policy": "NoSuchBucketPolicy", "cors": "NoSuchCORSConfiguration", "lifecycle": "NoSuchLifecycleConfiguration",
		"tagging": "NoSuchTagSet", "website": "NoSuchWebsiteConfiguration",
		"replication": "ReplicationConfigurationNotFoundError", "encryption": "ServerSideEncryptionConfigurationNotFoundError",
		"object-lock":       "ObjectLockConfigurationNotFoundError",
		"publicAccessBlock": "NoSuchPublicAccessBlockConfiguration", "ownershipControls": "OwnershipControlsNotFoundError",
	} {
		s.do("GET", "/bucket?"+resource, "").want(404, code)
		s.do("GET", "/missing?"+resource, "").want(404, "NoSuchBucket")
	}
	for resource, root := range map[string]string{
		"versioning": "VersioningConfiguration", "logging": "BucketLoggingStatus", "notification": "NotificationConfiguration",
		"accelerate": "AccelerateConfiguration", "requestPayment": "RequestPaymentConfiguration",
	} {
		if a := s.do("GET", "/bucket?"+resource, "").want(200, ""); len(a.elements(root)) != 1 {
			t.Errorf("%s: body %s", resource, a.body)
		}
		s.do("GET", "/missing?"+resource, "").want(404, "NoSuchBucket")
	}
	if payer := s.do("GET", "/bucket?requestPayment", "").element("Payer"); payer != "BucketOwner" {
		t.Errorf("payer %q", payer)
	}
	s.do("GET", "/bucket?acl", "").want(501, "NotImplemented")
}
