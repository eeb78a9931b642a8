package e2e

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestBucketCORS(t *testing.T) {
	t.Parallel()
	server := startServer(t, options{})
	c := server.client()
	bucket := newBucket(t, c)
	_, err := c.GetBucketCors(t.Context(), &s3.GetBucketCorsInput{Bucket: &bucket})
	wantError(t, err, 404, "NoSuchCORSConfiguration")

	rule := types.CORSRule{
		ID: aws.String("site"), AllowedOrigins: []string{"https://*.example.com"}, AllowedMethods: []string{"GET", "PUT"},
		AllowedHeaders: []string{"*"}, ExposeHeaders: []string{"ETag"}, MaxAgeSeconds: aws.Int32(600),
	}
	_, err = c.PutBucketCors(t.Context(), &s3.PutBucketCorsInput{
		Bucket: &bucket, CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{rule}},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.GetBucketCors(t.Context(), &s3.GetBucketCorsInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "number of rules", len(out.CORSRules), 1)
	got := out.CORSRules[0]
	want(t, "ID", *got.ID, *rule.ID)
	want(t, "origin", got.AllowedOrigins[0], rule.AllowedOrigins[0])
	want(t, "method", got.AllowedMethods[1], rule.AllowedMethods[1])
	want(t, "header", got.AllowedHeaders[0], rule.AllowedHeaders[0])
	want(t, "exposed header", got.ExposeHeaders[0], rule.ExposeHeaders[0])
	want(t, "age", *got.MaxAgeSeconds, *rule.MaxAgeSeconds)

	// A browser asks before a page uses a presigned URL, and then the page does.
	signed, err := s3.NewPresignClient(c).PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("key")})
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{http.MethodOptions, http.MethodPut} {
		r, err := http.NewRequestWithContext(t.Context(), method, signed.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "https://www.example.com")
		if method == http.MethodOptions {
			r.Header.Set("Access-Control-Request-Method", http.MethodPut)
		}
		response, err := server.transport().RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, response.Body)
		want(t, "status of "+method, response.StatusCode, 200)
		want(t, "allowed origin of "+method, response.Header.Get("Access-Control-Allow-Origin"), "https://www.example.com")
	}
	wantBytes(t, get(t, c, bucket, "key"), nil)

	if _, err := c.DeleteBucketCors(t.Context(), &s3.DeleteBucketCorsInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	_, err = c.GetBucketCors(t.Context(), &s3.GetBucketCorsInput{Bucket: &bucket})
	wantError(t, err, 404, "NoSuchCORSConfiguration")
}
