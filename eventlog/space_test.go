package eventlog_test

import (
	"errors"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
)

func TestDeletesAreTakenForLonger(t *testing.T) {
	deleted := []eventlog.Data{&eventlog.ObjectDeleted{}, &eventlog.UploadAborted{}, &eventlog.BucketDeleted{}}
	created := []eventlog.Data{
		&eventlog.BucketCreated{}, &eventlog.ObjectCreated{}, &eventlog.UploadCreated{}, &eventlog.PartStored{},
	}
	log := newLog(t)
	for _, test := range []struct {
		name             string
		free             int64
		deletes, creates bool // are taken
	}{
		{"room for all", 32 << 20, true, true},
		{"room for no more", 32<<20 - 1, true, false},
		{"the last room for deletes", 16 << 20, true, false},
		{"no room", 16<<20 - 1, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			log.SetFree(test.free)
			check := func(taken bool, data ...eventlog.Data) {
				t.Helper()
				var events []eventlog.Event
				for _, d := range data {
					events = append(events, sampleEvent(d))
				}
				before := log.Head()
				_, err := log.Append(t.Context(), events...)
				switch {
				case taken && err != nil:
					t.Errorf("append of %s: %v", data[0].EventType(), err)
				case !taken && !errors.Is(err, eventlog.ErrNoSpace):
					t.Errorf("append of %s: error %v, want ErrNoSpace", data[0].EventType(), err)
				case !taken && log.Head() != before:
					t.Errorf("a refused append of %s moved the head", data[0].EventType())
				}
			}
			check(test.deletes, deleted...)
			for _, d := range deleted {
				check(test.deletes, d)
			}
			for _, c := range created {
				check(test.creates, c)
				check(test.creates, deleted[0], c)
			}
		})
	}
	if err := log.Check(t.Context()); err != nil {
		t.Errorf("a full disk stopped the log: %v", err)
	}
}

// Those who have room do not suffer from those they share a flush with.
func TestDeletesBesidesRefusedAppends(t *testing.T) {
	log := newLog(t)
	log.SetFree(20 << 20)
	const each = 50
	created, deleted := make(chan error, each), make(chan error, each)
	for range each {
		go func() {
			_, err := log.Append(t.Context(), sampleEvent(&eventlog.BucketCreated{Bucket: "a"}))
			created <- err
		}()
		go func() {
			_, err := log.Append(t.Context(), bucketEvent("a"))
			deleted <- err
		}()
	}
	for range each {
		if err := <-created; !errors.Is(err, eventlog.ErrNoSpace) {
			t.Errorf("append that takes space: error %v, want ErrNoSpace", err)
		}
		if err := <-deleted; err != nil {
			t.Errorf("append that frees space: %v", err)
		}
	}
	events := 0
	for _, commit := range readTo(t, log, eventlog.Position{}, log.Head().Seq) {
		events += len(commit.Events)
	}
	if events != each {
		t.Errorf("the log has %d events, want %d", events, each)
	}
}
