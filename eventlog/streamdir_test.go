package eventlog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
)

// JetStream removes a stream that it cannot open; the log does not lose a commit by it.
func TestAStreamThatCannotBeOpenedStays(t *testing.T) {
	dir := closedLog(t)
	consumers := filepath.Join(dir, "stream", "obs") // which JetStream makes where it is missing
	if err := os.Remove(consumers); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(consumers, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		n, err := readDamaged(t, dir)
		if err == nil {
			t.Fatalf("read %d commits of a log that cannot be opened", n)
		}
		if want := "could not create consumer storage directory"; !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
	if err := os.Remove(consumers); err != nil {
		t.Fatal(err)
	}
	if n, err := readDamaged(t, dir); n != damagedCommits || err != nil {
		t.Errorf("read %d commits, error %v; want all %d", n, err, damagedCommits)
	}
}

// What of a log is not its messages can be made again, and where they were in earlier versions, they are found.
func TestFoldersOfAStream(t *testing.T) {
	for name, change := range map[string]func(dir string) error{
		"no link": func(dir string) error { return os.RemoveAll(filepath.Join(dir, "jetstream")) },
		"no link, but the folder": func(dir string) error {
			link := filepath.Join(dir, "jetstream", "$G", "streams", "BLEEPSTORE_LOG")
			if err := os.Remove(link); err != nil {
				return err
			}
			return os.Rename(filepath.Join(dir, "stream"), link)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := closedLog(t)
			if err := change(dir); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if n, err := readDamaged(t, dir); n != damagedCommits || err != nil {
					t.Errorf("read %d commits, error %v; want all %d", n, err, damagedCommits)
				}
			}
		})
	}
}

func openLogAt(t testing.TB, dir string) *eventlog.Log {
	t.Helper()
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// A crash while a log is made leaves nothing that keeps it from being made, and from being opened then.
func TestALogWhoseMakingWasCutOff(t *testing.T) {
	for name, left := range map[string][]string{
		"nothing":           nil,
		"the first file":    {"meta.inf"},
		"files of messages": {"meta.inf", "msgs/1.blk"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, whole := t.TempDir(), t.TempDir()
			if err := openLogAt(t, whole).Close(); err != nil {
				t.Fatal(err)
			}
			for _, file := range left {
				content, err := os.ReadFile(filepath.Join(whole, "stream", file))
				if err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, "stream", file)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				log := openLogAt(t, dir)
				if _, err := log.Append(t.Context(), bucketEvent("bucket")); err != nil {
					t.Error(err)
				}
				if err := log.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
