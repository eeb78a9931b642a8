package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestPresigned(t *testing.T) {
	t.Parallel()
	onHTTPAndTLS(t, func(t *testing.T, s *server) {
		c := s.client()
		presign := s3.NewPresignClient(c)
		bucket, key := newBucket(t, c), "a folder/ü+key"

		upload, err := presign.PresignPutObject(t.Context(), &s3.PutObjectInput{
			Bucket: &bucket, Key: &key, ContentType: aws.String("text/plain"),
		})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), upload.Method, upload.URL, strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range upload.SignedHeader {
			r.Header[name] = values
		}
		want(t, "status of the put", s.roundTrip(t, r).status, 200)
		wantBytes(t, get(t, c, bucket, key), []byte("body"))

		download, err := presign.PresignGetObject(t.Context(), &s3.GetObjectInput{
			Bucket: &bucket, Key: &key, ResponseContentType: aws.String("text/html"),
		}, s3.WithPresignExpires(7*24*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		got := s.fetch(t, "GET", download.URL, nil)
		want(t, "status of the get", got.status, 200)
		want(t, "body", string(got.body), "body")
		want(t, "Content-Type", got.header.Get("Content-Type"), "text/html")

		forged := strings.Replace(download.URL, "text%2Fhtml", "text%2Fother", 1)
		got = s.fetch(t, "GET", forged, nil)
		want(t, "status of a forged get", got.status, 403)
		want(t, "code of a forged get", got.code(), "SignatureDoesNotMatch")
		got = s.fetch(t, "DELETE", download.URL, nil)
		want(t, "status of a delete with the URL of a get", got.status, 403)

		removal, err := presign.PresignDeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "status of the delete", s.fetch(t, "DELETE", removal.URL, nil).status, 204)
		want(t, "status of a get afterwards", s.fetch(t, "GET", download.URL, nil).status, 404)
	})
}

func TestPresignedTimes(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	put(t, c, bucket, "key", []byte("body"))
	now := time.Now()
	for name, test := range map[string]struct {
		at       time.Time
		lifetime time.Duration
		status   int
		code     string
	}{
		"valid":                  {now, time.Minute, 200, ""},
		"signed long ago":        {now.Add(-6 * 24 * time.Hour), 7 * 24 * time.Hour, 200, ""},
		"signed a little ahead":  {now.Add(10 * time.Minute), time.Minute, 200, ""},
		"expired":                {now.Add(-time.Hour), time.Minute, 403, "AccessDenied"},
		"signed too far ahead":   {now.Add(time.Hour), time.Minute, 403, "AccessDenied"},
		"longer than seven days": {now, 7*24*time.Hour + time.Second, 400, "AuthorizationQueryParametersError"},
		"negative":               {now, -time.Second, 400, "AuthorizationQueryParametersError"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.fetch(t, "GET", s.presigned(t, "GET", "/"+bucket+"/key", test.at, test.lifetime), nil)
			want(t, "status", got.status, test.status)
			want(t, "code", got.code(), test.code)
		})
	}
}
