//go:build linux

package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// failedSync is how strace prints an fsync that it let fail, and anySync one that may have gone well.
var (
	failedSync = regexp.MustCompile(`(?:fsync|fdatasync)\(\d+<([^>]*)>\) += -1 EIO .*\(INJECTED\)`)
	anySync    = regexp.MustCompile(`(?:fsync|fdatasync)\(\d+<([^>]*)>`)
)

// A file whose fsync has failed may have lost what was written to it, and the kernel says so only once: whoever tries again
// gets a yes. So the server acknowledges no write from then on, and has all that it has acknowledged.
func TestAFailedSyncIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]struct {
		file  string // the only one whose fsyncs fail, if it is not empty
		first int    // of the fsyncs of a thread that fail
	}{
		"log":      {"log/stream/msgs/1.blk", 4},
		"any file": {"", 25}, // a start needs some
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := newAcknowledgedState(t)
			trace := filepath.Join(t.TempDir(), "trace")
			under := []string{
				requireCommand(t, "strace"), "-D", "-f", "-y", "-qq", "-o", trace,
				"-e", "trace=fsync,fdatasync", "-e", "signal=none", "-e", fmt.Sprintf("inject=fsync,fdatasync:error=EIO:when=%d+", at.first),
			}
			if at.file != "" {
				under = append(under, "-P", filepath.Join(state.dir, at.file))
			}
			s := startServer(t, options{dir: state.dir, under: under})
			c := s.client()
			write := func(i int) error {
				key, body := fmt.Sprint("key-", i), randomBytes(1000)
				_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &state.bucket, Key: &key, Body: bytes.NewReader(body)})
				if err == nil {
					state.bodies[key] = body
				}
				return err
			}
			written := 100
			for write(written) == nil {
				if written++; written == 1000 {
					t.Fatal("no write was refused")
				}
			}
			for i := range 10 {
				if err := write(written + 1 + i); err == nil {
					t.Error("a write was acknowledged after one was refused because of a failed fsync")
				}
			}
			if at.file != "" {
				want(t, "status of /health", s.page(t, "/health").status, 503)
			}
			s.kill()
			wantNoSyncAgain(t, trace)

			s = startServer(t, options{dir: state.dir})
			var open []string // whether they were stored
			for i := range 11 {
				open = append(open, fmt.Sprint("key-", written+i))
			}
			if _, err := deleteKeys(t, s.client(), state.bucket, open, true); err != nil {
				t.Fatal(err)
			}
			if err := state.check(t, s); err != nil {
				t.Error(err)
			}
		})
	}
}

// wantNoSyncAgain checks in a trace that no log, of JetStream or of Pebble, was synced again after it failed.
func wantNoSyncAgain(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	failed := make(map[string]bool)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if m := anySync.FindStringSubmatch(lines.Text()); m != nil && failed[m[1]] {
			t.Errorf("%s was synced again after that had failed", m[1])
		}
		m := failedSync.FindStringSubmatch(lines.Text())
		if m != nil && (strings.HasSuffix(m[1], ".blk") || strings.HasSuffix(m[1], ".log")) {
			failed[m[1]] = true
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(failed) == 0 {
		t.Error("no fsync of a log failed")
	}
}
