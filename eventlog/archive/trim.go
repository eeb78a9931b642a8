package archive

import (
	"context"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/failpoint"
)

// Retention is how much of a log is kept beside its archive. Zero is no limit, and both zero keeps all.
type Retention struct {
	Age   time.Duration // of events
	Bytes int64         // of commits
}

// Trim removes the front of the log by whole segments, as far as retention does not keep it: only what is archived, in a
// segment that is verified first, and not beyond the commit limit, which all that follows the log has passed. It returns
// the position up to which the log is trimmed by this; zero if nothing was.
func (a *Archive) Trim(ctx context.Context, log *eventlog.Log, keep Retention, limit eventlog.Position, now time.Time) (eventlog.Position, error) {
	var inLog []Segment
	bytes := int64(0)
	for _, segment := range a.Segments() {
		if segment.Last.Seq >= log.First() {
			inLog = append(inLog, segment)
			bytes += segment.Bytes
		}
	}
	var last eventlog.Position
	for _, segment := range inLog {
		isOld := keep.Age > 0 && now.Sub(segment.To) > keep.Age
		isTooMuch := keep.Bytes > 0 && bytes > keep.Bytes
		if !isOld && !isTooMuch || segment.Last.Seq > limit.Seq || segment.Last.Seq >= log.Head().Seq {
			break
		}
		if err := a.Verify(ctx, segment); err != nil {
			return last, fmt.Errorf("trim the event log: %w", err)
		}
		failpoint.Hit("before trim")
		if err := log.Trim(ctx, segment.Last); err != nil {
			return last, err
		}
		failpoint.Hit("after trim")
		last = segment.Last
		bytes -= segment.Bytes
	}
	return last, nil
}
