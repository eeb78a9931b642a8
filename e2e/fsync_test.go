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
	"golang.org/x/sync/errgroup"
)

// systemCall is what strace saw. A call of one thread may begin before and end after calls of other threads.
type systemCall struct {
	name   string
	args   string // as strace prints them, with the paths of file descriptors
	result string // empty at the moment of its beginning
}

// startTraced starts a server whose system calls that matter for durability are traced. calls ends it and returns them
// in the order in which they happened.
func startTraced(t *testing.T) (s *server, calls func() []systemCall) {
	strace := requireCommand(t, "strace")
	trace := filepath.Join(t.TempDir(), "trace")
	// With -D, the server is the process that was started, and strace its child.
	s = startServer(t, options{under: []string{
		strace, "-D", "-f", "-y", "-qq", "--seccomp-bpf", "-s", "64", "-o", trace,
		"-e", "trace=fsync,fdatasync,read,write,writev", "-e", "signal=none",
	}})
	return s, func() []systemCall {
		s.stop(t)
		return readTrace(t, trace)
	}
}

var (
	wholeCall = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += (.*)$`)
	beginning = regexp.MustCompile(`^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$`)
	ending    = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (.*)$`)
)

func readTrace(t *testing.T, path string) []systemCall {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var calls []systemCall
	unfinished := make(map[string]string) // arguments by thread
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		if m := beginning.FindStringSubmatch(line); m != nil {
			unfinished[m[1]] = m[3]
			calls = append(calls, systemCall{m[2], m[3], ""})
		} else if m := ending.FindStringSubmatch(line); m != nil {
			calls = append(calls, systemCall{m[2], unfinished[m[1]] + m[3], m[4]})
		} else if m := wholeCall.FindStringSubmatch(line); m != nil {
			calls = append(calls, systemCall{m[2], m[3], ""}, systemCall{m[2], m[3], m[4]})
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return calls
}

// synced returns the path of the file or folder whose fsync has ended well with the call, or nothing.
func (c systemCall) synced() string {
	if c.result != "0" || c.name != "fsync" && c.name != "fdatasync" {
		return ""
	}
	_, path, _ := strings.Cut(c.args, "<") // 7</the/path>
	return strings.TrimSuffix(path, ">")
}

// arrival returns the path of the PUT request whose beginning the call read, or nothing.
func (c systemCall) arrival() string {
	// While net/http waits for the next request of a connection, it reads the first byte of it alone.
	if _, rest, found := strings.Cut(c.args, `UT /`); found && c.result != "" && c.name == "read" {
		path, _, _ := strings.Cut(rest, "?")
		return path
	}
	return ""
}

// writes tells whether the call is the departure of bytes that begin with text.
func (c systemCall) writes(text string) bool {
	return c.result == "" && (c.name == "write" || c.name == "writev") && strings.Contains(c.args, `"`+text)
}

// Between the arrival of a write and the departure of its answer, its blob and its commit are made durable.
func TestNothingIsAcknowledgedBeforeItIsDurable(t *testing.T) {
	t.Parallel()
	s, calls := startTraced(t)
	c := s.client()
	bucket := newBucket(t, c)
	sizes := map[string]int{}
	for i := range 10 {
		sizes[fmt.Sprintf("small-%d", i)] = 4 << 10
		sizes[fmt.Sprintf("large-%d", i)] = 300 << 10
	}
	for key, size := range sizes {
		put(t, c, bucket, key, randomBytes(size))
	}
	var key string      // of the request under way
	var blobs, logs int // syncs since it came
	answered := 0
	for _, call := range calls() {
		arrived, isPut := strings.CutPrefix(call.arrival(), bucket+"/")
		switch {
		case isPut:
			key, blobs, logs = arrived, 0, 0
		case key == "":
		case strings.HasPrefix(call.synced(), filepath.Join(s.dir, "blobs")):
			blobs++
		case strings.HasSuffix(call.synced(), ".blk"): // JetStream's files of messages
			logs++
			if blobs == 0 {
				t.Errorf("%s: its commit was synced before its blob", key)
			}
		case call.writes("HTTP/1.1 200"):
			answered++
			if blobs == 0 || logs == 0 {
				t.Errorf("%s was acknowledged after %d syncs of blobs and %d of the log, want at least one of each", key, blobs, logs)
			}
			if strings.HasPrefix(key, "large") && blobs < 2 {
				t.Errorf("%s was acknowledged after %d syncs of blobs, want one of its file and one of its folder", key, blobs)
			}
			key = ""
		}
	}
	want(t, "number of acknowledged writes that were traced", answered, len(sizes))
}

// Writers that come together share what makes them durable.
func TestWritersShareFsyncs(t *testing.T) {
	t.Parallel()
	s, calls := startTraced(t)
	c := s.client()
	bucket := newBucket(t, c)
	const writers, each = 64, 10
	var group errgroup.Group
	for w := range writers {
		group.Go(func() error {
			for i := range each {
				key := fmt.Sprintf("key-%d-%d", w, i)
				in := &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(make([]byte, 4<<10))}
				if _, err := c.PutObject(t.Context(), in); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	puts, syncs := 0, 0
	for _, call := range calls() {
		switch {
		case strings.HasPrefix(call.arrival(), bucket+"/"):
			puts++
		case puts > 0 && call.synced() != "":
			syncs++
		}
	}
	want(t, "number of writes that were traced", puts, writers*each)
	perPut := float64(syncs) / float64(puts)
	t.Logf("%d syncs for %d writes: %.3f each", syncs, puts, perPut)
	if perPut >= 0.5 {
		t.Errorf("%.3f syncs for each write, want less than 0.5", perPut)
	}
}
