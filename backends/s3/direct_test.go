package s3_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
	"github.com/bleepstore/bleepstore/backends/s3"
)

// TestDirectRequests compares where requests go that are sent past the SDK, and for what they are signed, with the SDK's.
func TestDirectRequests(t *testing.T) {
	isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "access")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "token")
	const (
		point     = "arn:aws:s3:eu-west-1:123456789012:accesspoint/point"
		pointHost = "point-123456789012.s3-accesspoint.eu-west-1.amazonaws.com"
	)
	for _, tt := range []struct {
		config s3.Config
		env    string
		host   string // empty if only the SDK knows how to ask
	}{
		{s3.Config{Bucket: "bucket", Region: "eu-west-1"}, "", "bucket.s3.eu-west-1.amazonaws.com"},
		{s3.Config{Bucket: "bucket", Region: "eu-west-1", PathStyle: true}, "", "s3.eu-west-1.amazonaws.com"},
		{s3.Config{Bucket: "my.bucket", Region: "eu-west-1"}, "", "s3.eu-west-1.amazonaws.com"},
		{s3.Config{Bucket: "bucket", Region: "cn-north-1"}, "", "bucket.s3.cn-north-1.amazonaws.com.cn"},
		{s3.Config{Bucket: "bucket", Region: "eu-west-1"}, "AWS_USE_DUALSTACK_ENDPOINT=true", "bucket.s3.dualstack.eu-west-1.amazonaws.com"},
		{s3.Config{Bucket: "bucket", Region: "us-east-1"}, "AWS_USE_FIPS_ENDPOINT=true", "bucket.s3-fips.us-east-1.amazonaws.com"},
		{s3.Config{Bucket: "bucket", Region: "eu-west-1"}, "AWS_ENDPOINT_URL_S3=https://s3.example.com", "bucket.s3.example.com"},
		{s3.Config{Bucket: "bucket", Endpoint: "https://example.com/s3/", PathStyle: true}, "", "example.com"},
		{s3.Config{Bucket: "bucket", Endpoint: "http://127.0.0.1:9000/"}, "", "127.0.0.1:9000"},
		{s3.Config{Bucket: point, Region: "eu-west-1"}, "", pointHost},
		{s3.Config{Bucket: point, Region: "eu-west-2"}, "AWS_S3_USE_ARN_REGION=true", pointHost},
		{s3.Config{Bucket: point, Region: "eu-west-2"}, "", ""},
		{s3.Config{Bucket: "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap", Region: "eu-west-1"}, "", ""},
		{s3.Config{Bucket: "point--usw2-az1--xa-s3", Region: "us-west-2"}, "", ""},
		{s3.Config{Bucket: "bucket", Region: "fips-us-east-1"}, "", ""},
	} {
		t.Run(strings.Join([]string{tt.config.Bucket, tt.config.Region, tt.env}, " "), func(t *testing.T) {
			if name, value, ok := strings.Cut(tt.env, "="); ok {
				t.Setenv(name, value)
			}
			b := openClosed(t, tt.config)
			for _, name := range []string{"blobs/a/b", "/a//../b c+%25&?ü:@!$'()*,;=~", "a/"} {
				ours, theirs := b.Direct(t, name)
				if ours == nil || tt.host == "" {
					if ours != nil || tt.host != "" {
						t.Fatalf("a request is %v, want one to %q", ours, tt.host)
					}
					continue
				}
				want, err := url.Parse(theirs)
				if err != nil {
					t.Fatal(err)
				}
				scope := want.Query().Get("X-Amz-Credential")
				want.RawQuery = ""
				if ours.URL.Host != tt.host || ours.URL.String() != want.String() {
					t.Errorf("a request goes to %s, and the SDK's to %s", ours.URL, want)
				}
				signature := ours.Header.Get("Authorization")
				if !strings.Contains(signature, "Credential="+scope+",") {
					t.Errorf("the signature is %s, and the SDK's is for %s", signature, scope)
				}
				if ours.Header.Get("X-Amz-Security-Token") != "token" {
					t.Errorf("the headers %v lack a token", ours.Header)
				}
			}
		})
	}
}

// TestGetRequests counts what a get that fails asks for, and what comes of it.
func TestGetRequests(t *testing.T) {
	t.Parallel()
	p := newProxied(t)
	if err := p.Put(t.Context(), "x", remote.NewContent(small), remote.Options{}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		fault    buckettest.Fault
		times    int
		requests int
		want     error // nil for success
	}{
		"none":          {nil, 0, 1, nil},
		"missing":       {refusal(404, "NoSuchKey"), buckettest.Always, 1, backends.ErrNotFound},
		"no bucket":     {refusal(404, "NoSuchBucket"), buckettest.Always, 1, backends.ErrUnavailable},
		"changed":       {refusal(412, "PreconditionFailed"), buckettest.Always, 1, backends.ErrChanged},
		"passing":       {refusal(503, "SlowDown"), 5, 6, nil},
		"lasting":       {refusal(503, "SlowDown"), buckettest.Always, 6, backends.ErrBusy},
		"wrong clock":   {refusal(403, "RequestTimeTooSkewed"), 1, 2, nil},
		"refused":       {refusal(403, "AccessDenied"), buckettest.Always, 2, backends.ErrUnavailable},
		"odd but right": {buckettest.Answer(206, "a", "Content-Range", "bytes 0-0/2"), buckettest.Always, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p.Fail(nil, tt.times, tt.fault)
			defer p.Heal()
			body, _, err := p.Get(t.Context(), "x", "", 0, 1)
			if err == nil {
				body.Close()
			}
			if n := len(p.Requests()); n != tt.requests || !errors.Is(err, tt.want) {
				t.Errorf("%d requests and error %v, want %d and %v", n, err, tt.requests, tt.want)
			}
		})
	}
}
