package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

const (
	soakRate     = 400      // operations a second: little enough for a machine that does something else too
	soakGrowth   = 1.2      // at most, from the second quarter to the second half
	soakSlack    = 16 << 20 // bytes of memory, and of the log, on top of that
	soakRoutines = 50       // goroutines, on top of that: what is under way
)

// A server under a mixed load does all its housekeeping at short intervals meanwhile, and is backed up again and again. What it
// acknowledged is in the backup. For an hour in the long mode, and then it needs in the end no more memory and goroutines than
// it did when it had become warm, and its log no more disk.
func TestSoak(t *testing.T) {
	t.Parallel()
	duration := 12 * time.Second
	if long {
		duration = time.Hour
	}
	s := startServer(t, options{env: []string{
		"BLEEPSTORE_STORAGE_REAP_AFTER=1s", "BLEEPSTORE_SNAPSHOT_INTERVAL=5s", "BLEEPSTORE_STORAGE_SCRUB_INTERVAL=30s",
		"BLEEPSTORE_LOG_RETENTION_BYTES=8MiB", "BLEEPSTORE_ARCHIVE_SEGMENT_SIZE=4MiB",
	}})
	bucket := newBucket(t, s.client())
	writers := newCrashWriters(bucket)
	ctx, stop := context.WithCancel(t.Context())
	load := soakLoad(ctx, s, writers)

	backup := t.TempDir()
	var samples []soakSample
	for start := time.Now(); time.Since(start) < duration; {
		select {
		case <-time.After(3 * time.Second): // the load takes its time
		case <-s.exited:
			t.Fatal("the server has ended")
		}
		mustBleepstore(t, s.dir, "backup", backup)
		samples = append(samples, sampleOf(t, s))
	}
	stop()
	if err := load.Wait(); err != nil {
		t.Error(err)
	}
	if long { // before, nothing is warm
		wantFlat(t, samples)
	}
	verifyAfterCrash(t, s.client(), bucket, writers)
	s.stop(t)
	restored := t.TempDir()
	mustBleepstore(t, s.dir, "backup", backup)
	mustBleepstore(t, restored, "restore", backup)
	verifyFolder(t, restored)
}

// wantFlat checks that the second half of a soak needed no more than the quarter before it.
func wantFlat(t testing.TB, samples []soakSample) {
	t.Helper()
	early, late := mostOf(samples[len(samples)/4:len(samples)/2]), mostOf(samples[len(samples)/2:])
	t.Logf("at most, early %+v, late %+v", early, late)
	if float64(late.memory) > soakGrowth*float64(early.memory)+soakSlack {
		t.Errorf("memory has grown from %d MiB to %d MiB", early.memory>>20, late.memory>>20)
	}
	if float64(late.goroutines) > soakGrowth*float64(early.goroutines)+soakRoutines {
		t.Errorf("the number of goroutines has grown from %d to %d", early.goroutines, late.goroutines)
	}
	if float64(late.log) > soakGrowth*float64(early.log)+soakSlack {
		t.Errorf("the log has grown from %d MiB to %d MiB", early.log>>20, late.log>>20)
	}
}

// soakLoad lets all writers write, and others read and list, until ctx ends.
func soakLoad(ctx context.Context, s *server, writers []*crashWriter) *errgroup.Group {
	pace := rate.NewLimiter(soakRate, soakRate)
	c := s.client()
	g := new(errgroup.Group)
	each := func(step func(ctx context.Context) error) {
		g.Go(func() error {
			for pace.Wait(ctx) == nil {
				if err := step(context.WithoutCancel(ctx)); err != nil { // what is begun is finished
					return err
				}
			}
			return nil
		})
	}
	for _, w := range writers {
		each(func(ctx context.Context) error { return w.step(ctx, c) })
		each(func(ctx context.Context) error {
			key := w.keys[rand.IntN(len(w.keys))]
			_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &w.bucket, Key: &key})
			if _, missing := errors.AsType[*types.NotFound](err); err != nil && !missing {
				return err
			}
			_, err = c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &w.bucket, Prefix: &key})
			return err
		})
	}
	return g
}

// soakSample is what a server needs at a moment.
type soakSample struct{ memory, goroutines, log int64 }

var goroutineTotal = regexp.MustCompile(`goroutine profile: total (\d+)`)

func sampleOf(t testing.TB, s *server) soakSample {
	t.Helper()
	found := goroutineTotal.FindStringSubmatch(mustBleepstore(t, s.dir, "stacks"))
	if found == nil {
		t.Fatal("the stacks do not begin with the number of goroutines")
	}
	goroutines, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return soakSample{memory(t, s, "VmRSS"), goroutines, sizeOf(t, filepath.Join(s.dir, "log"))}
}

// sizeOf is how many bytes the files in a folder have.
func sizeOf(t testing.TB, dir string) (size int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, os.ErrNotExist) {
			return nil // trimmed meanwhile
		}
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(fmt.Errorf("measure %s: %w", dir, err))
	}
	return size
}

// mostOf is the most that any of the samples needs.
func mostOf(samples []soakSample) (most soakSample) {
	for _, s := range samples {
		most = soakSample{max(most.memory, s.memory), max(most.goroutines, s.goroutines), max(most.log, s.log)}
	}
	return most
}
