package s3

import "testing"

func TestConfigurationsThatABucketDoesNotHave(t *testing.T) {
	s := newBucket(t, "bucket")
	for resource, code := range map[string]string{
		"policy": "NoSuchBucketPolicy", "policyStatus": "NoSuchBucketPolicy", "cors": "NoSuchCORSConfiguration", "lifecycle": "NoSuchLifecycleConfiguration",
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
		"accelerate": "AccelerateConfiguration", "requestPayment": "RequestPaymentConfiguration", "abac": "AbacStatus",
		"analytics": "ListBucketAnalyticsConfigurationsResult", "metrics": "ListMetricsConfigurationsResult",
		"inventory": "ListInventoryConfigurationsResult", "intelligent-tiering": "ListIntelligentTieringConfigurationsResult",
	} {
		if a := s.do("GET", "/bucket?"+resource, "").want(200, ""); len(a.elements(root)) != 1 {
			t.Errorf("%s: body %s", resource, a.body)
		}
		s.do("GET", "/missing?"+resource, "").want(404, "NoSuchBucket")
	}
	if payer := s.do("GET", "/bucket?requestPayment", "").element("Payer"); payer != "BucketOwner" {
		t.Errorf("payer %q", payer)
	}
}

func TestNothingIsAmongTheConfigurationsOfAList(t *testing.T) {
	s := newBucket(t, "bucket")
	for _, resource := range []string{"analytics", "metrics", "inventory", "intelligent-tiering"} {
		if a := s.do("GET", "/bucket?id=&"+resource, "").want(200, ""); a.element("IsTruncated") != "false" {
			t.Errorf("%s: body %s", resource, a.body)
		}
		s.do("GET", "/bucket?id=x&"+resource, "").want(404, "NoSuchConfiguration")
		s.do("DELETE", "/bucket?id=x&"+resource, "").want(404, "NoSuchConfiguration")
		s.do("PUT", "/bucket?id=x&"+resource, "<Any/>").want(501, "NotImplemented")
		s.do("GET", "/missing?id=x&"+resource, "").want(404, "NoSuchBucket")
		s.send(s.request("GET", "/bucket?id=x&"+resource, "")).want(403, "AccessDenied")
	}
}

func TestWhatIsNotThereIsDeleted(t *testing.T) {
	s := newBucket(t, "bucket")
	for _, resource := range []string{"encryption", "lifecycle", "policy", "replication", "website"} {
		s.do("DELETE", "/bucket?"+resource, "").want(204, "")
		s.do("PUT", "/bucket?"+resource, "<Any/>").want(501, "NotImplemented")
		s.do("DELETE", "/missing?"+resource, "").want(404, "NoSuchBucket")
		s.send(s.request("DELETE", "/bucket?"+resource, "")).want(403, "AccessDenied")
	}
	s.do("HEAD", "/bucket", "").want(200, "")
}

func TestNoObjectIsLocked(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", "").want(200, "")
	for _, resource := range []string{"legal-hold", "retention"} {
		a := s.do("GET", "/bucket/key?"+resource, "").want(400, "InvalidRequest")
		if a.element("Message") != "Bucket is missing Object Lock Configuration" {
			t.Errorf("body %s", a.body)
		}
		s.do("GET", "/bucket/missing?"+resource, "").want(404, "NoSuchKey")
		s.do("PUT", "/bucket/key?"+resource, "<Any/>").want(501, "NotImplemented")
		s.send(s.request("GET", "/bucket/key?"+resource, "")).want(403, "AccessDenied")
	}
	s.do("GET", "/bucket/key?torrent", "").want(501, "NotImplemented")
}
