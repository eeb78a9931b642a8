package sqlite

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// TestPowerCut opens what may be on the disk after power cuts in the middle of work, checkpoints included. There is the
// state as of a position, which is not before that of the last checkpoint that ended.
func TestPowerCut(t *testing.T) {
	const checkpoints, cuts = 3, 15
	fs := &crashableFS{before: func() {}}
	s := mustOpen(t, t.TempDir(), fs.register(t))
	defer mustClose(t, s)

	done, durable := 0, uint64(0)
	fs.before = func() {
		if done < cuts && rand.IntN(checkpoints*2*checkpointPages/cuts) == 0 {
			done++
			wantBucketsAfter(t, fs, durable)
		}
	}
	// A large record fills the WAL with few of them.
	filler := strings.Repeat("x", 100_000)
	for i, checkpointed := 1, 0; checkpointed < checkpoints; i++ {
		before := s.writer.tried
		bucket := *bucketNumber(i)
		bucket.Region = filler
		pos := eventlog.Position{Log: "log", Seq: uint64(i)}
		if err := s.Apply(t.Context(), pos, []projections.Change{projections.PutBucket{Bucket: &bucket}}); err != nil {
			t.Fatal(err)
		}
		if s.writer.tried > before {
			checkpointed++
			durable = pos.Seq
		}
	}
	if done < cuts/3 {
		t.Errorf("the power was cut %d times only", done)
	}
}

// wantBucketsAfter checks what a power cut now would leave.
func wantBucketsAfter(t *testing.T, fs *crashableFS, atLeast uint64) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range fs.crash() {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := mustOpen(t, dir, fileSystem)
	defer mustClose(t, s)
	wantBuckets(t, s, atLeast)
}

// applyIn names the folder in which this process, being the one that TestKill kills, applies changes.
const applyIn = "BLEEPSTORE_TEST_APPLY_IN"

// TestKill kills a process that applies changes. What it had applied is there, and of what it was applying all or nothing.
func TestKill(t *testing.T) {
	if dir := os.Getenv(applyIn); dir != "" {
		applyForGood(t, dir)
		return
	}
	dir := t.TempDir()
	for range 5 {
		applied := killWhileApplying(t, dir, 1+rand.IntN(20))
		s := mustOpen(t, dir, fileSystem)
		wantBuckets(t, s, applied)
		mustClose(t, s)
	}
}

// applyForGood goes on where the store is, and prints each position that is applied.
func applyForGood(t *testing.T, dir string) {
	s := mustOpen(t, dir, fileSystem)
	position, err := s.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := int(position.Seq) + 1; ; i += 50 {
		// All that is between two positions is one Apply, in which the kill finds it.
		var changes []projections.Change
		for j := range 50 {
			changes = append(changes, projections.PutBucket{Bucket: bucketNumber(i + j)})
		}
		pos := eventlog.Position{Log: "log", Seq: uint64(i + 49)}
		if err := s.Apply(t.Context(), pos, changes); err != nil {
			t.Fatal(err)
		}
		fmt.Println("applied", pos.Seq)
	}
}

// killWhileApplying kills a process when it has applied so many times, and returns the last position that it printed.
func killWhileApplying(t *testing.T, dir string, times int) (applied uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
	cmd.Env = append(os.Environ(), applyIn+"="+dir)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for range times {
		if !lines.Scan() {
			break
		}
		if _, err := fmt.Sscanf(lines.Text(), "applied %d", &applied); err != nil {
			t.Errorf("the process that applies says %q", lines.Text())
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.Exited() {
		t.Fatalf("the process that applies has ended before it was killed: %v", err)
	}
	return applied
}
