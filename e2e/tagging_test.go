package e2e

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// wantTags checks tags, each a key and a value, in their order.
func wantTags(t testing.TB, got []types.Tag, want ...string) {
	t.Helper()
	var all []string
	for _, tag := range got {
		all = append(all, *tag.Key, *tag.Value)
	}
	if !slices.Equal(all, want) {
		t.Errorf("got tags %q, want %q", all, want)
	}
}

func TestBucketTags(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := aws.String("bucket-" + randomName())
	tag := func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }
	_, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket:                    bucket,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{Tags: []types.Tag{tag("team", "storage")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	tags := func() []types.Tag {
		t.Helper()
		out, err := c.GetBucketTagging(t.Context(), &s3.GetBucketTaggingInput{Bucket: bucket})
		if err != nil {
			t.Fatal(err)
		}
		return out.TagSet
	}
	wantTags(t, tags(), "team", "storage")
	_, err = c.PutBucketTagging(t.Context(), &s3.PutBucketTaggingInput{
		Bucket: bucket, Tagging: &types.Tagging{TagSet: []types.Tag{tag("b", "1"), tag("a", "")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantTags(t, tags(), "b", "1", "a", "")
	if _, err := c.DeleteBucketTagging(t.Context(), &s3.DeleteBucketTaggingInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	_, err = c.GetBucketTagging(t.Context(), &s3.GetBucketTaggingInput{Bucket: bucket})
	wantError(t, err, 404, "NoSuchTagSet")
}

func TestObjectTags(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket, key := newBucket(t, c), aws.String("key")
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: key, Tagging: aws.String("b=1&a=x%20y")})
	if err != nil {
		t.Fatal(err)
	}
	tags := func() []types.Tag {
		t.Helper()
		out, err := c.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: &bucket, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		return out.TagSet
	}
	wantTags(t, tags(), "b", "1", "a", "x y")
	_, err = c.PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{
		Bucket: &bucket, Key: key,
		Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("only"), Value: aws.String("this")}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantTags(t, tags(), "only", "this")
	if _, err := c.DeleteObjectTagging(t.Context(), &s3.DeleteObjectTaggingInput{Bucket: &bucket, Key: key}); err != nil {
		t.Fatal(err)
	}
	wantTags(t, tags())
}
