package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	gcs "cloud.google.com/go/storage"
	azure "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"google.golang.org/api/option"

	"github.com/bleepstore/bleepstore/e2e/emulators"
)

// storage is a backend for blobs in a cloud, and what tells a server to use it.
type storage struct {
	name     string
	settings []string // variables of the environment
}

// storageBucket is the bucket, or the container, of all storages. Each server has a prefix of its own: see placesFor.
const storageBucket = "blobs"

// startStorages returns all storages in clouds, which are emulated until the test ends.
func startStorages(t testing.TB) []storage {
	t.Helper()
	return []storage{startOurs(t).storage, startS3(t), startGCS(t), startAzBlob(t)}
}

// ours is a storage that another server of ours is.
type ours struct {
	storage
	*server
}

// startOurs starts another server of ours to keep the blobs of the one under test.
func startOurs(t testing.TB) ours {
	t.Helper()
	upstream := startServer(t, options{})
	settings := s3Settings(t, upstream.endpoint, accessKey, secretKey)
	return ours{storage{"ours", settings}, upstream}
}

func startS3(t testing.TB) storage {
	t.Helper()
	account := emulators.S3(t)
	return storage{"s3", s3Settings(t, account.Endpoint, account.AccessKey, account.SecretKey)}
}

// s3Settings makes the bucket in something that speaks S3, and returns what tells a server to use it.
func s3Settings(t testing.TB, endpoint, access, secret string) []string {
	t.Helper()
	client := s3.New(s3.Options{
		BaseEndpoint: &endpoint, Region: region, UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider(access, secret, ""),
	})
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(storageBucket)}); err != nil {
		t.Fatal(err)
	}
	return []string{
		"BLEEPSTORE_STORAGE_BACKEND=s3", "BLEEPSTORE_STORAGE_S3_BUCKET=" + storageBucket, "BLEEPSTORE_STORAGE_S3_ENDPOINT=" + endpoint,
		"BLEEPSTORE_STORAGE_S3_REGION=" + region, "BLEEPSTORE_STORAGE_S3_PATH_STYLE=true",
		"BLEEPSTORE_STORAGE_S3_ACCESS_KEY=" + access, "BLEEPSTORE_STORAGE_S3_SECRET_KEY=" + secret,
	}
}

func startGCS(t testing.TB) storage {
	t.Helper()
	_, endpoint := gcsBucket(t)
	return storage{"gcs", []string{
		"BLEEPSTORE_STORAGE_BACKEND=gcs", "BLEEPSTORE_STORAGE_GCS_BUCKET=" + storageBucket, "BLEEPSTORE_STORAGE_GCS_ENDPOINT=" + endpoint,
	}}
}

// gcsBucket makes the bucket in an emulator of Google Cloud Storage, and returns a client and the URL of it.
func gcsBucket(t testing.TB) (client *gcs.Client, endpoint string) {
	t.Helper()
	endpoint = emulators.GCS(t)
	client, err := gcs.NewClient(t.Context(), option.WithEndpoint(endpoint), option.WithoutAuthentication())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Bucket(storageBucket).Create(t.Context(), "emulator", nil); err != nil {
		t.Fatal(err)
	}
	return client, endpoint
}

func startAzBlob(t testing.TB) storage {
	t.Helper()
	_, connection := azureContainer(t)
	return storage{"azblob", []string{
		"BLEEPSTORE_STORAGE_BACKEND=azblob", "BLEEPSTORE_STORAGE_AZBLOB_CONTAINER=" + storageBucket,
		"BLEEPSTORE_STORAGE_AZBLOB_CONNECTION_STRING=" + connection,
	}}
}

// azureContainer makes the container in an emulator of Azure Blob Storage, and returns a client and the connection string of it.
func azureContainer(t testing.TB) (client *azure.Client, connection string) {
	t.Helper()
	connection = emulators.AzureBlob(t).ConnectionString
	client, err := azure.NewClientFromConnectionString(connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateContainer(t.Context(), storageBucket, nil); err != nil {
		t.Fatal(err)
	}
	return client, connection
}

// at returns what has the server of a data folder use the storage.
func (s storage) at(dir string) []string { return append(placesFor(dir), s.settings...) }

// S3 clients see the same, wherever the bytes are, behind a small cache too.
func TestBehaviourOnEachStorage(t *testing.T) {
	t.Parallel()
	for _, storage := range startStorages(t) {
		t.Run(storage.name, func(t *testing.T) {
			if storage.name == "ours" {
				storage.settings = append(storage.settings, "BLEEPSTORE_STORAGE_CACHE_SIZE=16MiB")
			}
			runBehaviour(t, behaviour, storage.settings...)
		})
	}
}

// runBehaviour runs tests, named in alternatives, with servers that have additions to their environment.
func runBehaviour(t *testing.T, named string, added ...string) {
	t.Helper()
	tests := exec.CommandContext(t.Context(), os.Args[0], "-test.run", named, "-test.v", "-test.parallel", "4")
	tests.Env = append(os.Environ(), serverEnv+"="+strings.Join(added, "\n"), "BLEEPSTORE_BINARY="+binary)
	out, err := tests.CombinedOutput()
	passed := strings.Count(string(out), "\n--- PASS: ")
	if want := strings.Count(named, "|") + 1; err != nil || passed+strings.Count(string(out), "\n--- SKIP: ") != want {
		t.Errorf("%d of %d tests passed: %v\n%s", passed, want, err, out)
	}
}
