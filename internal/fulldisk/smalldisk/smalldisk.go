// Package smalldisk gives tests disks that are soon full.
package smalldisk

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// Mount mounts a file system of a size in bytes until the end of the test, and returns its folder. It is one in memory, which tells
// of its end as a disk does. Where that is not permitted, it fails a test in CI, and skips it elsewhere.
func Mount(t testing.TB, size int64) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d", size), "tmpfs", dir).CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("NOT TESTED: a full disk, because mounting a small one failed, which CI must do as root: %v: %s", err, out)
		}
		t.Skipf("NOT TESTED: a full disk, because mounting a small one takes root: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}
