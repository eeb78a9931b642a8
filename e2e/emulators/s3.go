package emulators

import (
	"os/exec"
	"testing"
)

// S3Account is what a client needs to use a server of S3. Dir is the folder in which the server keeps each bucket as a
// folder, with each object as the file of its key.
type S3Account struct{ Endpoint, AccessKey, SecretKey, Region, Dir string }

// S3 starts versitygw, which stands for Amazon S3 and is independent of us. It has no bucket at first. Buckets are addressed
// in paths.
func S3(t testing.TB) S3Account {
	t.Helper()
	address := freeAddress(t)
	account := S3Account{
		Endpoint: "http://" + address, AccessKey: "access", SecretKey: "secret", Region: "us-east-1", Dir: t.TempDir(),
	}
	start(t, exec.Command(program(t, "s3"), "-address", address, "-dir", account.Dir, "-sidecar", t.TempDir(),
		"-access-key", account.AccessKey, "-secret-key", account.SecretKey, "-region", account.Region),
		func() bool { return connects(address) })
	return account
}
