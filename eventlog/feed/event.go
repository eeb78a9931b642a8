// Package feed reads a log event by event, for those who want to know what happened: who did what to which object, in order
// and without a gap.
//
// An event has an ID that never changes, because it is where the event is in its log. Who reads again from an ID gets the same
// events, in the same order.
package feed

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/eventlog"
)

// Event is an event and where it is in its log.
type Event struct {
	*eventlog.Event
	eventlog.Subject

	Commit eventlog.Position // of the commit that it is in
	Index  int               // in that commit; the first is 0
}

// ID is the event's id, which is unique in its log.
func (e *Event) ID() ID { return ID{e.Commit.Seq, e.Index} }

// ID names an event of a log, and sorts by the order of events.
type ID struct {
	Seq   uint64 // of the commit
	Index int    // of the event in the commit
}

// String is the form that ParseID reads, such as 17-0.
func (id ID) String() string { return strconv.FormatUint(id.Seq, 10) + "-" + strconv.Itoa(id.Index) }

// Sequencer is a form of fixed width that sorts, as text, by the order of events: 16 hex digits of the commit's sequence, and 4 of
// the index, which eventlog.MaxCommitEvents bounds.
func (id ID) Sequencer() string { return fmt.Sprintf("%016X%04X", id.Seq, id.Index) }

// Next is the id that the next event has at least.
func (id ID) Next() ID { return ID{id.Seq, id.Index + 1} }

// Compare orders ids as cmp.Compare does.
func (id ID) Compare(other ID) int {
	return cmp.Or(cmp.Compare(id.Seq, other.Seq), cmp.Compare(id.Index, other.Index))
}

// IsZero tells whether id is before all events.
func (id ID) IsZero() bool { return id == ID{} }

// ParseID reads an id such as 17-0, or 17 for the first event of the commit.
func ParseID(text string) (ID, error) {
	seq, index, hasIndex := strings.Cut(text, "-")
	id, errIndex := ID{}, error(nil)
	var err error
	if id.Seq, err = strconv.ParseUint(seq, 10, 64); err == nil && hasIndex {
		var n uint64
		n, errIndex = strconv.ParseUint(index, 10, 16)
		id.Index = int(n)
	}
	if err := errors.Join(err, errIndex); err != nil {
		return ID{}, fmt.Errorf("%q is no id of an event: it must be like 17-0, or 17 for the first event of commit 17", text)
	}
	return id, nil
}

// markDigits is how many digits of a hash a mark has: enough to tell histories apart that nobody has made alike.
const markDigits = 12

// Mark is the event's id with the beginning of the hash of its commit, such as 17-0@0bc8789afdea. A log that was restored from a
// backup may have another event with the same id, and who goes on behind a mark is told so.
func (e *Event) Mark() string {
	return e.ID().String() + "@" + e.Commit.Hash[:min(markDigits, len(e.Commit.Hash))]
}

// Behind reads a mark, or an id, and returns the bound behind that event.
func Behind(mark string) (*Bound, error) {
	text, hash, marked := strings.Cut(mark, "@")
	id, err := ParseID(text)
	if err != nil || marked && hash == "" {
		return nil, fmt.Errorf("%q is no mark of an event: it must be like 17-0@0bc8789afdea, or like 17-0", mark)
	}
	return &Bound{ID: id.Next(), Hash: hash}, nil
}

// Events are the events of a commit.
func Events(c eventlog.Commit) []Event {
	events := make([]Event, len(c.Events))
	for i := range c.Events {
		e := &c.Events[i]
		events[i] = Event{Event: e, Subject: eventlog.SubjectOf(e.Data), Commit: c.Position, Index: i}
	}
	return events
}
