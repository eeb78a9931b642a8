package e2e

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestBucketLife(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)

	head, err := c.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "region", aws.ToString(head.BucketRegion), region)

	location, err := c.GetBucketLocation(t.Context(), &s3.GetBucketLocationInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "location of a bucket in us-east-1", location.LocationConstraint, "")

	put(t, c, bucket, "key", nil)
	_, err = c.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &bucket})
	wantError(t, err, 409, "BucketNotEmpty")

	if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("key")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	_, err = c.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &bucket})
	wantError(t, err, 404, "")
	_, err = c.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &bucket})
	wantError(t, err, 404, "NoSuchBucket")
	_, err = c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket})
	wantError(t, err, 404, "NoSuchBucket")
	_, err = c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("key")})
	wantError(t, err, 404, "NoSuchBucket")
}

func TestListBuckets(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	var names []string
	for range 5 {
		names = append(names, newBucket(t, c))
	}
	slices.Sort(names)
	out, err := c.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, bucket := range out.Buckets {
		got = append(got, *bucket.Name)
		if bucket.CreationDate.IsZero() {
			t.Errorf("bucket %s has no creation date", *bucket.Name)
		}
	}
	if !slices.Equal(got, names) {
		t.Errorf("got buckets %q, want %q", got, names)
	}
	if aws.ToString(out.Owner.ID) == "" {
		t.Error("the answer names no owner")
	}
}

func TestBucketNames(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	create := func(name string) answer { return s.do(t, request{method: "PUT", path: "/" + url.PathEscape(name)}) }
	for _, name := range []string{"abc", "a.b-c", "0123", "192.168.5", strings.Repeat("a", 63)} {
		if got := create(name); got.status != 200 {
			t.Errorf("create bucket %q: status %d\n%s", name, got.status, got.body)
		}
	}
	for _, name := range []string{
		"ab", strings.Repeat("a", 64), "Upper", "under_score", "-begins", "ends-", ".begins", "ends.", "two..dots",
		"192.168.5.4", "192.168.5.256", "dash-.dot", "dot.-dash", "xn--begins", "sthree-begins", "amzn-s3-demo-begins", "ends-s3alias", "ends--ol-s3", "ends.mrap",
		"ends--x-s3", "healthz", "readyz", "health", "docs", "openapi.json", "bücket",
	} {
		if got := create(name); got.status != 400 || got.code() != "InvalidBucketName" {
			t.Errorf("create bucket %q: status %d with code %q, want 400 with InvalidBucketName", name, got.status, got.code())
		}
	}
}

func TestCreateBucketElsewhere(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{env: []string{"BLEEPSTORE_REGION=eu-central-1"}})
	c := s.client(func(o *s3.Options) { o.Region = "eu-central-1" })
	create := func(name string, location types.BucketLocationConstraint) error {
		_, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket:                    &name,
			CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: location},
		})
		return err
	}
	if err := create("here", "eu-central-1"); err != nil {
		t.Fatal(err)
	}
	wantError(t, create("there", "eu-west-1"), 400, "IllegalLocationConstraintException")
	wantError(t, create("there", "nowhere"), 400, "InvalidLocationConstraint")
	wantError(t, create("here", "eu-central-1"), 409, "BucketAlreadyOwnedByYou")

	location, err := c.GetBucketLocation(t.Context(), &s3.GetBucketLocationInput{Bucket: aws.String("here")})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "location", location.LocationConstraint, "eu-central-1")
}

func TestAccountsDoNotShareBuckets(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{config: `
auth:
  credentials:
    - {access_key: alice, secret_key: alices-secret}
    - {access_key: bob, secret_key: bobs-secret}
`})
	as := func(name, secret string) *s3.Client {
		return s.client(func(o *s3.Options) { o.Credentials = credentials.NewStaticCredentialsProvider(name, secret, "") })
	}
	alice, bob := as("alice", "alices-secret"), as("bob", "bobs-secret")
	bucket := newBucket(t, alice)
	put(t, alice, bucket, "key", []byte("hers"))

	_, err := bob.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket})
	wantError(t, err, 409, "BucketAlreadyExists")
	_, err = bob.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("key")})
	wantError(t, err, 403, "AccessDenied")
	_, err = bob.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &bucket})
	wantError(t, err, 403, "AccessDenied")
	_, err = s.client().ListBuckets(t.Context(), &s3.ListBucketsInput{})
	wantError(t, err, 403, "InvalidAccessKeyId") // the default credentials went with the configured ones

	for name, c := range map[string]*s3.Client{"alice": alice, "bob": bob} {
		out, err := c.ListBuckets(t.Context(), &s3.ListBucketsInput{})
		if err != nil {
			t.Fatal(err)
		}
		want(t, name+" sees the bucket", len(out.Buckets) == 1, name == "alice")
	}
	wantBytes(t, get(t, alice, bucket, "key"), []byte("hers"))
}
