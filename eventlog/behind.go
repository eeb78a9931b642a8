package eventlog

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// Behind tells how far somebody is behind the log.
type Behind struct {
	Commits uint64
	// Events is how many events the commits have. Of those before the last 16,384 that this process has appended, each counts
	// as one event: then it is the least that there can be.
	Events uint64
	Since  time.Time // when the oldest of the events was decided; zero if there is none
}

// Behind tells how far somebody is behind the log who has everything up to and including the commit at seq. It reads no more
// than one commit; of those that were trimmed, the first that is still here stands for the oldest.
func (l *Log) Behind(ctx context.Context, seq uint64) (Behind, error) {
	l.mu.Lock()
	first, head := l.first, l.last.Seq
	events := l.counted.since(seq, head)
	l.mu.Unlock()
	if seq >= head {
		return Behind{}, nil
	}
	b := Behind{Commits: head - seq, Events: events}
	data, err := l.commitAt(ctx, max(seq+1, first))
	if err == nil {
		b.Since, err = firstTime(data)
	}
	if err != nil {
		return Behind{}, fmt.Errorf("tell how far commit %d is behind the event log: %w", seq, err)
	}
	return b, nil
}

// firstTime is the time of the first event of a commit.
func firstTime(commit []byte) (time.Time, error) {
	_, lines, _ := bytes.Cut(commit, []byte("\n"))
	line, _, _ := bytes.Cut(lines, []byte("\n"))
	var event struct {
		Time time.Time `json:"time"`
	}
	err := json.Unmarshal(line, &event)
	return event.Time, err
}

// maxCounted is how many commits counted knows: 128 KiB.
const maxCounted = 16 << 10

// counted knows how many events the last commits have that this process appended.
//
// It is a ring: totals[seq%maxCounted] is how many events were appended up to and including the commit at seq, for each
// seq from first to last. The first is at the beginning the commit before the first that was appended.
type counted struct {
	totals      []uint64 // nil before the first append
	first, last uint64
}

// add counts a commit, which follows the one before.
func (c *counted) add(seq uint64, events int) {
	if c.totals == nil {
		c.totals = make([]uint64, maxCounted)
		c.first = seq - 1
	}
	c.totals[seq%maxCounted] = c.totals[(seq-1)%maxCounted] + uint64(events)
	c.last = seq
	c.first = max(c.first, seq-min(seq, maxCounted-1))
}

// since is how many events are in the commits behind seq up to the last one, head. Each commit that is not known counts as one.
func (c *counted) since(seq, head uint64) uint64 {
	switch {
	case seq >= head:
		return 0
	case c.totals == nil:
		return head - seq
	}
	known := max(seq, c.first)
	return known - seq + c.totals[c.last%maxCounted] - c.totals[known%maxCounted]
}
