package eventlog_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
)

// When the disk hangs, appends wait until they have a certain size together; the others are refused at once. Events that
// only free space have room when the others have none. When the disk goes on, so does all that was not refused.
func TestAppendsToADiskThatHangs(t *testing.T) {
	const waiting, waitingFrees, refused = 31, 8, 20 // each is a little larger than a megabyte
	log := newLog(t)
	release := log.Stall()
	defer release()
	name := strings.Repeat("a", 1<<20)
	appendMany := func(n int, data eventlog.Data) <-chan error {
		ended := make(chan error, n)
		for range n {
			go func() {
				_, err := log.Append(t.Context(), sampleEvent(data))
				ended <- err
			}()
		}
		for range refused {
			if err := <-ended; !errors.Is(err, eventlog.ErrBusy) {
				t.Errorf("append of %s while the disk hangs: error %v, want ErrBusy", data.EventType(), err)
			}
		}
		return ended
	}
	created := appendMany(waiting+refused, &eventlog.BucketCreated{Bucket: name})
	deleted := appendMany(waitingFrees+refused, &eventlog.BucketDeleted{Bucket: name})
	_, err := log.Append(t.Context(), sampleEvent(&eventlog.BucketCreated{Bucket: name}))
	if !errors.Is(err, eventlog.ErrBusy) {
		t.Errorf("one append more: error %v, want ErrBusy", err)
	}
	if head := log.Head(); head.Seq != 0 {
		t.Errorf("the log is at %v while its disk hangs", head)
	}

	release()
	for range waiting {
		if err := <-created; err != nil {
			t.Errorf("append that waited for the disk: %v", err)
		}
	}
	for range waitingFrees {
		if err := <-deleted; err != nil {
			t.Errorf("append that frees space and waited for the disk: %v", err)
		}
	}
	last := appendBuckets(t, log, "after")
	events := 0
	for _, commit := range readTo(t, log, eventlog.Position{}, last.Seq) {
		events += len(commit.Events)
	}
	if want := waiting + waitingFrees + 1; events != want {
		t.Errorf("the log has %d events, want %d: those that were not refused", events, want)
	}
}
