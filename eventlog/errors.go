package eventlog

import (
	"errors"
	"fmt"
)

var (
	// ErrClosed says that the log was closed.
	ErrClosed = errors.New("the event log is closed")
	// ErrFenced says that another writer has appended to the log. The log refuses every append from then on: what this
	// process decided may rest on a state that is no longer the last one.
	ErrFenced = errors.New("another writer has appended to the event log: stop all servers on this data folder and start one")
	// ErrNoSpace says that the disk is too full for an append, and that nothing of it was stored.
	ErrNoSpace = errors.New("no space left for the event log")
	// ErrBusy says that too much waits to be written already, because the disk is slow, and that nothing of an append was
	// stored.
	ErrBusy = errors.New("too many events wait for the disk of the event log")
	// ErrTooLarge says that the events of one append exceed MaxAppend, and that nothing of them was stored.
	ErrTooLarge = errors.New("the events of one append are too large")
)

// CorruptError says that the log is not what was written to it: a commit is missing, changed, or not from this log.
// It is final; nothing behind Seq can be trusted until the log is repaired.
type CorruptError struct {
	Log   string // id of the log, if it is known
	Seq   uint64 // the commit at which the damage shows
	Want  string // what a sound log has there
	Found string // what is there
}

func (e *CorruptError) Error() string {
	name := "the event log"
	if e.Log != "" {
		name = "event log " + e.Log
	}
	return fmt.Sprintf("%s is damaged at commit %d: expected %s, found %s; "+
		"stop the server, keep the data folder as it is, and run \"bleepstore log repair\"", name, e.Seq, e.Want, e.Found)
}

// TrimmedError says that the log does not reach back to a position any more; the archive that it had when it was trimmed
// does.
type TrimmedError struct {
	Position Position
	First    uint64 // the first commit that the log has
}

func (e *TrimmedError) Error() string {
	return fmt.Sprintf("the event log was trimmed: it begins with commit %d, and does not have all behind %v; "+
		"the archive that it had then does", e.First, e.Position)
}

// PositionError says that a position is not in the log, so reading cannot begin behind it.
type PositionError struct {
	Position Position // the position that was asked for
	Head     Position // the last commit of the log
	Log      string   // id of the log
	Reason   string   // why the position is not in it
}

func (e *PositionError) Error() string {
	return fmt.Sprintf("position %v is not in event log %s, which ends at %v: %s; "+
		"what was derived from that position must be rebuilt from the log, or the log that it belongs to restored",
		e.Position, e.Log, e.Head, e.Reason)
}
