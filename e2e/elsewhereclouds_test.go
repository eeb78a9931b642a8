package e2e

import (
	"context"
	"testing"

	azure "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Objects of other clouds are taken over too, with their headers and metadata; one that is stored again there, though with the
// same bytes, is another one.
func TestTakeOverFromOtherClouds(t *testing.T) {
	t.Parallel()
	t.Run("gcs", func(t *testing.T) {
		client, endpoint := gcsBucket(t)
		settings := []string{"BLEEPSTORE_STORAGE_GCS_ENDPOINT=" + endpoint}
		testTakeOverFrom(t, "gs://"+storageBucket, settings, func(ctx context.Context, key string, body []byte) error {
			w := client.Bucket(storageBucket).Object(key).NewWriter(ctx)
			w.ContentType, w.CacheControl, w.Metadata = "text/plain", "no-store", map[string]string{"who": "me"}
			if _, err := w.Write(body); err != nil {
				return err
			}
			return w.Close()
		})
	})
	t.Run("azblob", func(t *testing.T) {
		client, connection := azureContainer(t)
		settings := []string{"BLEEPSTORE_STORAGE_AZBLOB_CONNECTION_STRING=" + connection}
		testTakeOverFrom(t, "azblob://"+storageBucket, settings, func(ctx context.Context, key string, body []byte) error {
			_, err := client.UploadBuffer(ctx, storageBucket, key, body, &azure.UploadBufferOptions{
				HTTPHeaders: &blob.HTTPHeaders{BlobContentType: aws.String("text/plain"), BlobCacheControl: aws.String("no-store")},
				Metadata:    map[string]*string{"who": aws.String("me")},
			})
			return err
		})
	})
}

func testTakeOverFrom(t *testing.T, url string, settings []string, store func(ctx context.Context, key string, body []byte) error) {
	bodies := map[string][]byte{"a/b": []byte("content"), "日本語 %2F+": []byte("odd"), "empty": nil, "large": randomBytes(3 << 20)}
	for key, body := range bodies {
		if err := store(t.Context(), key, body); err != nil {
			t.Fatal(err)
		}
	}
	state := acknowledgedState{dir: t.TempDir(), env: append(settings, "BLEEPSTORE_STORAGE_BACKEND=local")}
	s := state.start(t)
	wantContains(t, state.mustRun(t, "import", "--from", url, "--to", "target"), "4 objects with")
	wantContains(t, state.mustRun(t, "import", "--from", url+"/", "--to", "target"), "0 objects with", "4 objects were there already")
	c := s.client()
	for key, body := range bodies {
		got, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("target"), Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		wantBytes(t, readAll(t, got.Body), body)
		want(t, "the type of "+key, *got.ContentType, "text/plain")
		want(t, "the cache control of "+key, aws.ToString(got.CacheControl), "no-store")
		want(t, "the metadata of "+key, got.Metadata["who"], "me")
	}
	if err := store(t.Context(), "a/b", bodies["a/b"]); err != nil {
		t.Fatal(err)
	}
	if a := s.do(t, request{method: "GET", path: "/target/a/b"}); a.status < 500 {
		t.Errorf("an object that is another upstream is answered with %d: %q", a.status, a.body)
	}
	out, err := state.run(t, "import", "--from", url, "--to", "target")
	if err == nil {
		t.Error("an object that was stored again upstream is no conflict")
	}
	wantContains(t, out, "It has changed at "+url+"/a/b since")
}
