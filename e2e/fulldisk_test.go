//go:build linux

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/bleepstore/bleepstore/internal/fulldisk/smalldisk"
	"golang.org/x/sync/errgroup"
)

// A full disk makes writes fail, and nothing else: the server stays up, what it acknowledged stays readable, and when
// there is room again, it takes writes again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"empty objects": 0, "small objects": 4 << 10, "large objects": 1 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := smalldisk.Mount(t, 256<<20)
			l := &fullDiskLoad{
				server: startServer(t, options{dir: filepath.Join(disk, "data")}), size: size, acknowledged: make(map[string][]byte),
			}
			l.client = l.server.client()
			l.bucket = newBucket(t, l.client)
			testFullDisk(t, l, disk)
		})
	}
}

func testFullDisk(t *testing.T, l *fullDiskLoad, disk string) {
	fillers := []string{filepath.Join(disk, "filler-1"), filepath.Join(disk, "filler-2")}

	// The server's own writes take the room that it allows itself.
	fillDisk(t, fillers[0], disk, 96<<20)
	for range 2 { // a failure after the first finds the server in another state
		l.writeUntilFull(t)
	}
	l.verify(t)

	// Deleting is the way out, so it works where writes do not.
	fillDisk(t, fillers[1], disk, 28<<20)
	l.deleteOne(t)
	wantError(t, l.write(t, "refused"), 507, "InsufficientStorage")
	l.deleteOne(t)
	l.verify(t)

	// Another program takes all the rest in the middle of writes.
	if err := os.Remove(fillers[0]); err != nil {
		t.Fatal(err)
	}
	full := make(chan struct{})
	go func() {
		defer close(full)
		fillDisk(t, fillers[1], disk, 0)
	}()
	l.writeUntilFull(t)
	<-full
	l.writeUntilFull(t)
	l.verify(t)

	if err := os.Remove(fillers[1]); err != nil {
		t.Fatal(err)
	}
	eventually(t, "writes succeed again", func() error { return l.write(t, "after") })
	l.verify(t)
	l.server.stop(t)
	l.client = startServer(t, options{dir: l.server.dir}).client()
	l.verify(t)
}

// The blobs can be moved off a disk that is full, or are not moved at all.
func TestRebaseOffAFullDisk(t *testing.T) {
	t.Parallel()
	target := newRebaseTarget(t)
	disk := smalldisk.Mount(t, 256<<20)
	l := &fullDiskLoad{
		server: startServer(t, options{dir: filepath.Join(disk, "data")}), size: 100_000, acknowledged: make(map[string][]byte),
	}
	l.client = l.server.client()
	l.bucket = newBucket(t, l.client)
	for i := range 20 {
		if err := l.write(t, fmt.Sprint("key-", i)); err != nil {
			t.Fatal(err)
		}
	}
	fillers := []string{filepath.Join(disk, "filler-1"), filepath.Join(disk, "filler-2")}
	fillDisk(t, fillers[0], disk, 24<<20)
	fillDisk(t, fillers[1], disk, 0)
	out, err := rebase(t, l.server.dir, "s3", target.settings...)
	if err == nil {
		t.Error("moved without the room to say so")
	}
	wantContains(t, out, "nothing has changed for the server", "no space left")
	l.verify(t)
	if err := os.Remove(fillers[1]); err != nil {
		t.Fatal(err)
	}
	mustRebase(t, l.server.dir, "s3", target.settings...)
	l.verify(t)
	if err := os.Remove(fillers[0]); err != nil {
		t.Fatal(err)
	}
	l.server.stop(t)
	wantNoStart(t, l.server.dir, "were moved to")
	l.server = startServer(t, options{dir: l.server.dir, env: append(target.settings, inS3)})
	l.client = l.server.client()
	l.verify(t)
	l.server.stop(t)
}

// fullDiskLoad writes objects of one size, and knows which of them were acknowledged.
type fullDiskLoad struct {
	server *server
	client *s3.Client
	bucket string
	size   int

	keys         atomic.Int64
	mu           sync.Mutex
	acknowledged map[string][]byte
}

func (l *fullDiskLoad) write(t *testing.T, key string) error {
	body := randomBytes(l.size)
	in := &s3.PutObjectInput{Bucket: &l.bucket, Key: &key, Body: bytes.NewReader(body)}
	if _, err := l.client.PutObject(t.Context(), in); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acknowledged[key] = body
	return nil
}

// writeUntilFull lets eight clients write until each of them is told that there is no room.
func (l *fullDiskLoad) writeUntilFull(t *testing.T) {
	t.Helper()
	var group errgroup.Group
	for range 8 {
		group.Go(func() error {
			for {
				err := l.write(t, fmt.Sprint("key-", l.keys.Add(1)))
				answer, ok := errors.AsType[*awshttp.ResponseError](err)
				switch {
				case err == nil:
				case ok && (answer.HTTPStatusCode() == 507 || answer.HTTPStatusCode() == 503):
					return nil
				default:
					return err
				}
			}
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatalf("write to a full disk: %v, want status 507 or 503", err)
	}
}

// deleteOne deletes an object that was acknowledged.
func (l *fullDiskLoad) deleteOne(t *testing.T) {
	t.Helper()
	for key := range l.acknowledged {
		if _, err := l.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &l.bucket, Key: &key}); err != nil {
			t.Errorf("delete on a full disk: %v", err)
			return
		}
		delete(l.acknowledged, key)
		return
	}
	t.Error("there is no object to delete")
}

// verify checks that all that was acknowledged, and nothing else, is there.
func (l *fullDiskLoad) verify(t *testing.T) {
	t.Helper()
	for key, body := range l.acknowledged {
		wantBytes(t, get(t, l.client, l.bucket, key), body)
	}
	want(t, "number of keys", len(listKeys(t, l.client, l.bucket)), len(l.acknowledged))
	t.Logf("%d objects were acknowledged", len(l.acknowledged))
}

// fillDisk makes a file that leaves so many bytes of a disk.
func fillDisk(t *testing.T, path, disk string, leave int64) {
	f, err := os.Create(path)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	for size := int64(0); ; {
		var stat syscall.Statfs_t
		if err := syscall.Statfs(disk, &stat); err != nil {
			t.Error(err)
			return
		}
		free := int64(stat.Bavail)*stat.Bsize - leave
		if free <= 0 {
			return
		}
		err := syscall.Fallocate(int(f.Fd()), 0, size, free)
		switch {
		case err == nil:
			size += free
		case !errors.Is(err, syscall.ENOSPC): // or else the server took some of it meanwhile
			t.Error(err)
			return
		}
	}
}
