package e2e

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Backups are taken while clients write and the bytes of what they delete are given back, some of them are cut short, and
// the last one is restored: to a data folder in which log, metadata and blobs agree.
func TestBackupWhileServing(t *testing.T) {
	t.Parallel()
	for _, archive := range []string{"true", "false"} {
		t.Run("archive "+archive, func(t *testing.T) {
			t.Parallel()
			env := []string{"BLEEPSTORE_STORAGE_REAP_AFTER=1s", "BLEEPSTORE_SNAPSHOT_INTERVAL=0s", "BLEEPSTORE_ARCHIVE_ENABLED=" + archive}
			s := startServer(t, options{env: env})
			backup := filepath.Join(t.TempDir(), "backup")
			writers := newCrashWriters(newBucket(t, s.client()))
			crashUnderLoad(t, s, writers, 100, func() {
				for range rounds(3, 30) {
					ctx, cancel := context.WithTimeout(t.Context(), rand.N(100*time.Millisecond))
					out, err := acknowledgedState{dir: s.dir}.runFor(ctx, "backup", backup)
					if err != nil && ctx.Err() == nil {
						t.Errorf("backup: %v\n%s", err, out)
					}
					cancel()
					wantContains(t, mustBleepstore(t, s.dir, "backup", backup), "has a backup of all as of")
				}
				s.kill()
			})
			restored := t.TempDir()
			wantContains(t, mustBleepstore(t, restored, "restore", backup), "Start the server")
			verifyFolder(t, restored)
			startServer(t, options{dir: restored, env: env})
		})
	}
}

// What a stopped server held is what a backup of it brings back: also versions, uploads and objects of many parts, and also
// from a log that was trimmed. A second backup adds only what is new, and gives up what was deleted.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	state := newAcknowledgedState(t)
	backup := t.TempDir()
	wantContains(t, mustBleepstore(t, state.dir, "backup", backup), "38 blobs")
	s := startServer(t, options{dir: state.dir, env: []string{"BLEEPSTORE_STORAGE_REAP_AFTER=1s", "BLEEPSTORE_SNAPSHOT_INTERVAL=0s"}})
	c := s.client()
	versioned := newBucket(t, c)
	_, err := c.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &versioned, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		t.Fatal(err)
	}
	put(t, c, versioned, "key", []byte("first"))
	put(t, c, versioned, "key", randomBytes(100_000))
	upload, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &versioned, Key: aws.String("parts")})
	if err != nil {
		t.Fatal(err)
	}
	part, err := c.UploadPart(t.Context(), &s3.UploadPartInput{
		Bucket: &versioned, Key: aws.String("parts"), UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("part"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deleteKeys(t, c, state.bucket, []string{"key-3"}, true); err != nil {
		t.Fatal(err)
	}
	delete(state.bodies, "key-3")
	s.stop(t)
	mustBleepstore(t, state.dir, "log", "snapshot")
	mustBleepstore(t, state.dir, "log", "trim", "--age", "1ms")
	wantContains(t, mustBleepstore(t, state.dir, "backup", backup), "3 blobs with 100009 bytes were new")

	restored := t.TempDir()
	mustBleepstore(t, restored, "restore", backup)
	verifyFolder(t, restored)
	s = startServer(t, options{dir: restored})
	c = s.client()
	if err := state.check(t, s); err != nil {
		t.Error(err)
	}
	versions, err := c.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &versioned})
	if err != nil || len(versions.Versions) != 2 {
		t.Errorf("versions: %+v, %v", versions, err)
	}
	_, err = c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: &versioned, Key: aws.String("parts"), UploadId: upload.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{
			{PartNumber: aws.Int32(1), ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32},
		}},
	})
	if err != nil {
		t.Error(err)
	}
	wantBytes(t, get(t, c, versioned, "parts"), []byte("part"))
}

// Nothing is overwritten, and no server begins on half of a backup.
func TestBackupsAndRestoresThatAreRefused(t *testing.T) {
	t.Parallel()
	state := newAcknowledgedState(t)
	backup := t.TempDir()
	refused := func(reason, dir string, args ...string) {
		t.Helper()
		if out, err := bleepstore(t, dir, args...); err == nil || !strings.Contains(out, reason) {
			t.Errorf("%v: %v, want %q\n%s", args, err, reason, out)
		}
	}
	refused("there is no backup", t.TempDir(), "restore", backup)
	refused("holds nothing yet", t.TempDir(), "backup", backup)
	refused("is not complete", t.TempDir(), "restore", backup)
	refused("neither empty nor a backup", state.dir, "backup", t.TempDir()+"/..")
	refused("DIR is missing", state.dir, "backup")
	mustBleepstore(t, state.dir, "backup", backup)
	refused("move it away", state.dir, "restore", backup)
	refused("another log", newAcknowledgedState(t).dir, "backup", backup)

	// A restore that fails before its end is gone on with.
	archived, err := filepath.Glob(filepath.Join(backup, "archive", "*", "*.open"))
	if err != nil || len(archived) != 1 {
		t.Fatalf("archived: %v, %v", archived, err)
	}
	if err := os.Rename(archived[0], archived[0]+".away"); err != nil {
		t.Fatal(err)
	}
	restored := t.TempDir()
	refused("run the command again", restored, "restore", backup)
	refused("was not restored to its end", restored, "serve", "--listen", "127.0.0.1:0")
	if err := os.Rename(archived[0]+".away", archived[0]); err != nil {
		t.Fatal(err)
	}
	mustBleepstore(t, restored, "restore", backup)
	if err := state.check(t, startServer(t, options{dir: restored})); err != nil {
		t.Error(err)
	}
}

// An object that is damaged is named, and does not keep the others from being backed up and restored.
func TestBackupOfADamagedObject(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	sound := randomBytes(300_000)
	put(t, c, bucket, "sound", sound)
	put(t, c, bucket, "damaged", randomBytes(200_000))
	flipBit(t, filepath.Join(s.dir, "blobs", "large"), 200_000)
	backup, restored := t.TempDir(), t.TempDir()
	for _, command := range [][]string{{s.dir, "backup", backup}, {restored, "restore", backup}} {
		out, err := bleepstore(t, command[0], command[1:]...)
		if err == nil {
			t.Errorf("%s: damage is no error", command[1])
		}
		wantContains(t, out, `of object "damaged" in bucket "`+bucket+`" names, is damaged`, "2 objects with 500000 bytes")
	}
	wantBytes(t, get(t, startServer(t, options{dir: restored}).client(), bucket, "sound"), sound)
}

// flipBit damages the file of a size in a folder.
func flipBit(t testing.TB, dir string, size int64) {
	t.Helper()
	errFound := errors.New("found")
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if info, err := entry.Info(); err != nil || info.Size() != size {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		content[size/2] ^= 1
		return errors.Join(errFound, os.WriteFile(path, content, 0o600))
	})
	if !errors.Is(err, errFound) {
		t.Fatalf("flip a bit of a file of %d bytes in %s: %v", size, dir, err)
	}
}
