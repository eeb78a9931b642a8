//go:build linux

package e2e

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A disk that is broken at one place costs what needs that place, and nothing else.
func TestBrokenPlaces(t *testing.T) {
	t.Parallel()
	sound := newSettledState(t)
	never := func(string) bool { return false }
	always := func(string) bool { return true }
	isLarge := func(key string) bool { return strings.Contains(key, "large") }
	isSmall := func(key string) bool { return !isLarge(key) }
	isOne := func(key string) bool { return key == "large-0" }
	for name, c := range map[string]struct {
		fault
		unread, refused func(key string) bool // what fails
	}{
		"archive":                 {fault{place: "/archive/", reads: true, writes: true}, never, never},
		"writes of the log":       {fault{place: "/log/", writes: true}, never, always},
		"writes of small blobs":   {fault{place: "/blobs/small/", writes: true}, never, isSmall},
		"writes of large blobs":   {fault{place: "/blobs/tmp/", writes: true}, never, isLarge},
		"renames of large blobs":  {fault{place: "/blobs/large/", writes: true}, never, isLarge},
		"reads of large blobs":    {fault{place: "/blobs/large/", reads: true}, isLarge, never},
		"reads of one large blob": {fault{place: largeBlobOf(t, sound, "large-0"), reads: true}, isOne, never},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPower(t)
			state := sound.copyTo(t, p.dir)
			state.bodies = maps.Clone(state.bodies)
			s := startServer(t, options{dir: p.dir})
			p.breakDisk(c.fault)
			client := s.client()
			for key, body := range state.bodies {
				got, err := readObject(t, client, state.bucket, key)
				switch {
				case c.unread(key) && (err == nil || !isFailure(err)):
					t.Errorf("get %s: %d bytes, error %v; want a failure of the server", key, len(got), err)
				case !c.unread(key) && (err != nil || !bytes.Equal(got, body)):
					t.Errorf("get %s: %d bytes, error %v; want what was stored", key, len(got), err)
				}
			}
			var refused []string
			for key, size := range map[string]int{"more-large": 200_000, "more-small": 1000} {
				body := randomBytes(size)
				_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &state.bucket, Key: &key, Body: bytes.NewReader(body)})
				switch {
				case c.refused(key) && (err == nil || !isFailure(err)):
					t.Errorf("put %s: %v, want a failure of the server", key, err)
				case c.refused(key):
					refused = append(refused, key)
				case err != nil:
					t.Errorf("put %s: %v", key, err)
				default:
					state.bodies[key] = body
				}
			}
			eventually(t, "the server says what failed", func() error {
				if !strings.Contains(s.log.tail(), "input/output error") {
					return errors.New("not yet")
				}
				return nil
			})
			s.kill()

			p.disk.Fail(nil)
			s = startServer(t, options{dir: p.dir})
			if len(refused) > 0 { // whether they were stored is open
				if _, err := deleteKeys(t, s.client(), state.bucket, refused, true); err != nil {
					t.Fatal(err)
				}
			}
			if err := state.check(t, s); err != nil {
				t.Error(err)
			}
			s.stop(t)
			mustBleepstore(t, p.dir, "log", "verify")
		})
	}
}

// largeBlobOf is the name of the file that has the body of an object.
func largeBlobOf(t *testing.T, state acknowledgedState, key string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(state.dir, "blobs", "large", "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(body, state.bodies[key]) {
			return filepath.Base(file)
		}
	}
	t.Fatalf("none of %q has the body of %s", files, key)
	return ""
}
