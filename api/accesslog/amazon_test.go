package accesslog_test

import (
	"cmp"
	"crypto/tls"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/accesslog"
	"github.com/bleepstore/bleepstore/api/s3"
	"github.com/bleepstore/bleepstore/eventlog"
)

// documented is the regular expression by which Amazon has these logs read, with the fields that came later, but anchored at
// both ends. See https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-s3-access-logs-to-identify-requests.html
var documented = regexp.MustCompile(
	`\A([^ ]*) ([^ ]*) \[(.*?)\] ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ("[^"]*"|-) (-|[0-9]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ` +
		`([^ ]*) ("[^"]*"|-) ("[^"]*"|-) ([^ ]*)(?: ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*))?\z`)

// stored is a request that stored an object.
func stored(target string) s3.Request {
	r := httptest.NewRequest("PUT", target, nil)
	r.Header.Set("User-Agent", "aws-cli/2.0 Python/3")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=alice/20260102/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=abc")
	r.RemoteAddr = "192.0.2.3:1234"
	r.TLS = &tls.ConnectionState{Version: tls.VersionTLS12, CipherSuite: tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	return s3.Request{
		HTTP: r, ID: "3E57427F33A59F07", HostID: "s9lz+/31234=", Operation: "PutObject", Bucket: "bucket", Key: "a b%/ü",
		BucketOwner: "owner", Version: "v1", Caller: api.Caller{Account: eventlog.Owner{ID: "alice-id"}, AccessKey: "alice"},
		Status: 200, Received: 5, ObjectSize: 5, Began: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.FixedZone("", 3600)),
		FirstByte: 10 * time.Millisecond, Duration: 12 * time.Millisecond,
	}
}

func TestAmazon(t *testing.T) {
	r := stored("https://bucket.example/a%20b%25/%C3%BC")
	failed := stored("http://h/bucket/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=alice&X-Amz-Signature=secret&X-Amz-Security-Token=t")
	failed.HTTP.Header.Del("Authorization")
	failed.HTTP.Header.Set("Referer", `http://h/?Signature=secret&a="b"`)
	failed.Error, failed.Status, failed.Key, failed.Sent = api.NewError(api.NoSuchKey), 404, "a", 300
	failed.ObjectSize, failed.Version, failed.BucketOwner, failed.HTTP.TLS = -1, "", "", nil
	nobody := s3.Request{HTTP: httptest.NewRequest("GET", "http://h/", nil), Began: time.Unix(0, 0), ObjectSize: -1}
	tests := []struct {
		request s3.Request
		want    []string
	}{
		{r, []string{
			"owner", "bucket", "02/Jan/2026:02:04:05 +0000", "192.0.2.3", "alice-id", "3E57427F33A59F07", "REST.PUT.OBJECT",
			"a%2520b%2525/%25C3%25BC", `"PUT https://bucket.example/a%20b%25/%C3%BC HTTP/1.1"`, "200", "-", "-", "5", "12", "10", `"-"`,
			`"aws-cli/2.0 Python/3"`, "v1", "s9lz+/31234=", "SigV4", "ECDHE-RSA-AES128-GCM-SHA256", "AuthHeader", "bucket.example",
			"TLSv1.2", "-", "-",
		}},
		{failed, []string{
			"-", "bucket", "02/Jan/2026:02:04:05 +0000", "192.0.2.3", "alice-id", "3E57427F33A59F07", "REST.PUT.OBJECT", "a",
			`"PUT http://h/bucket/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=alice&X-Amz-Signature=REDACTED` +
				`&X-Amz-Security-Token=REDACTED HTTP/1.1"`,
			"404", "NoSuchKey", "300", "-", "12", "10", `"http://h/?Signature=REDACTED&a=%22b%22"`, `"aws-cli/2.0 Python/3"`, "-",
			"s9lz+/31234=", "SigV4", "-", "QueryString", "h", "-", "-", "-",
		}},
		{nobody, []string{
			"-", "-", "01/Jan/1970:00:00:00 +0000", "192.0.2.1", "-", "-", "REST.GET.SERVICE", "-", `"GET http://h/ HTTP/1.1"`, "-", "-",
			"-", "-", "0", "-", `"-"`, `"-"`, "-", "-", "-", "-", "-", "h", "-", "-", "-",
		}},
	}
	for _, test := range tests {
		line := string(accesslog.Amazon(nil, &test.request))
		fields := documented.FindStringSubmatch(line)
		if fields == nil {
			t.Errorf("a line that cannot be read: %s", line)
			continue
		}
		for i, want := range test.want {
			if fields[i+1] != want {
				t.Errorf("field %d is %s, want %s", i+1, fields[i+1], want)
			}
		}
	}
}

func TestOperations(t *testing.T) {
	for operation, want := range map[string]string{
		"ListBuckets": "REST.GET.SERVICE", "ListObjectsV2": "REST.GET.BUCKET", "GetObject": "REST.GET.OBJECT",
		"GetBucketVersioning": "REST.GET.VERSIONING", "GetBucketOwnershipControls": "REST.GET.OWNERSHIP_CONTROLS",
		"GetBucketLifecycleConfiguration": "REST.GET.LIFECYCLE", "GetBucketPolicy": "REST.GET.BUCKETPOLICY",
		"GetObjectTagging": "REST.GET.OBJECT_TAGGING", "GetBucketAcl": "REST.GET.ACL", "CopyObject": "REST.COPY.OBJECT",
		"UploadPartCopy": "REST.COPY.PART", "ListParts": "REST.GET.UPLOAD", "HeadBucket": "REST.GET.BUCKET",
		"GetBucketLogging": "REST.GET.LOGGING_STATUS",
	} {
		r := s3.Request{HTTP: httptest.NewRequest("GET", "/", nil), Operation: operation}
		if line := string(accesslog.Amazon(nil, &r)); !strings.Contains(line, " "+want+" ") {
			t.Errorf("%s is %s, want %s", operation, line, want)
		}
	}
}

// Whatever a client sends is one line with all its fields, from which the key can be read, and no URL that can be used.
func FuzzLine(f *testing.F) {
	f.Add("a\nb\"c d\\", "agent\" 200 -\n", "?x=\x00", "v\" \n", "X-Amz-Signature")
	f.Add("\xff\xfe", "\xff\u2028", "#", "", "x-amz-signatur%65")
	f.Add("%2525", "-", "%", "%zz", "Signature")
	const secret = "5ec2e7"
	f.Fuzz(func(t *testing.T, key, agent, uri, version, name string) {
		r := stored("/bucket/key")
		r.Bucket, r.Key, r.Version, r.BucketOwner = key, key, version, version
		r.HTTP.RequestURI = uri + "?a=b&" + name + "=" + secret
		r.HTTP.Header.Set("User-Agent", agent)
		r.HTTP.Header.Set("Referer", agent+uri)
		r.HTTP.Host = uri
		line := string(accesslog.Amazon(nil, &r))
		fields := documented.FindStringSubmatch(line)
		if fields == nil || strings.ContainsFunc(line, func(c rune) bool { return c < ' ' || c > '~' }) {
			t.Fatalf("a line that cannot be read: %q", line)
		}
		got, err := url.PathUnescape(fields[8])
		if err == nil {
			got, err = url.PathUnescape(got)
		}
		if err != nil || got != cmp.Or(key, "-") {
			t.Fatalf("key is %q, %v, want %q", got, err, key)
		}
		text := string(accesslog.JSON(nil, &r))
		var read map[string]any
		if err := json.Unmarshal([]byte(text), &read); err != nil || strings.Contains(text, "\n") {
			t.Fatalf("a line that cannot be read: %v: %q", err, text)
		}
		if got, _ := read["key"].(string); got != strings.ToValidUTF8(key, "\uFFFD") && strings.ToValidUTF8(key, "") == key {
			t.Fatalf("key is %q, want %q", got, key)
		}
		usable, err := url.ParseQuery(name + "=" + secret)
		for parameter := range usable {
			signs := parameter == "X-Amz-Signature" || parameter == "X-Amz-Security-Token" || parameter == "Signature"
			if err == nil && signs && !strings.Contains(uri+agent+key+version, secret) && strings.Contains(line+text, secret) {
				t.Fatalf("%s is told: %s", parameter, line)
			}
		}
	})
}
