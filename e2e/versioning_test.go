package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func setVersioning(t testing.TB, c *s3.Client, bucket string, status types.BucketVersioningStatus) {
	t.Helper()
	_, err := c.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// listVersions returns the identifiers of all versions and delete markers of a bucket, a few a page.
func listVersions(t testing.TB, c *s3.Client, bucket string) (versions, markers []types.ObjectIdentifier) {
	t.Helper()
	pages := s3.NewListObjectVersionsPaginator(c, &s3.ListObjectVersionsInput{Bucket: &bucket, MaxKeys: aws.Int32(3)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Versions {
			versions = append(versions, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			markers = append(markers, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
	}
	return versions, markers
}

// Versions are there after a restart, and after the metadata was made anew of the log; emptying the bucket takes
// everything away.
func TestVersionsOutliveTheServer(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	put(t, c, bucket, "k", []byte("null"))
	setVersioning(t, c, bucket, types.BucketVersioningStatusEnabled)
	for i := range 5 {
		put(t, c, bucket, "k", fmt.Append(nil, i))
		put(t, c, bucket, "k/"+fmt.Sprint(i), fmt.Append(nil, i))
	}
	if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("k")}); err != nil {
		t.Fatal(err)
	}
	versions, markers := listVersions(t, c, bucket)
	want(t, "number of versions", len(versions), 11)
	want(t, "number of delete markers", len(markers), 1)
	want(t, "number of keys", len(listKeys(t, c, bucket)), 5)

	s.stop(t)
	again := startServer(t, options{dir: s.dir, env: []string{"BLEEPSTORE_METADATA_ENGINE=memory"}})
	c = again.client()
	for i, v := range versions[:6] {
		content := "null"
		if i < 5 {
			content = fmt.Sprint(4 - i)
		}
		out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: v.Key, VersionId: v.VersionId})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "version "+*v.VersionId, string(readAll(t, out.Body)), content)
	}
	_, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("k")})
	wantError(t, err, 404, "NoSuchKey")

	out, err := c.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{
		Bucket: &bucket, Delete: &types.Delete{Objects: slices.Concat(versions, markers)},
	})
	if err != nil || len(out.Errors) > 0 {
		t.Fatalf("delete all versions: %v, %+v", err, out)
	}
	if _, err := c.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
}
