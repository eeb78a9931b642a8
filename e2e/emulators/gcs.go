package emulators

import (
	"os/exec"
	"testing"
)

// GCS starts fake-gcs-server, which stands for Google Cloud Storage, and returns the URL that a client of
// cloud.google.com/go/storage is made with:
//
//	storage.NewClient(ctx, option.WithEndpoint(endpoint), option.WithoutAuthentication())
//
// It takes any credentials, has no bucket at first, and makes one for any project.
func GCS(t testing.TB) (endpoint string) {
	t.Helper()
	address := freeAddress(t)
	start(t, exec.Command(program(t, "gcs"), "-address", address), func() bool { return connects(address) })
	return "http://" + address + "/storage/v1/"
}
