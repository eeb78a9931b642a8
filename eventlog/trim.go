package eventlog

import (
	"context"
	"fmt"
)

// Trim removes the commits up to and including the one at pos, which is in the log and not the last one. They should be
// archived: the log alone cannot be read from its beginning any more.
func (l *Log) Trim(ctx context.Context, pos Position) error {
	if pos.Seq+1 < l.First() {
		return nil
	}
	if err := l.verify(ctx, pos); err != nil {
		return err
	}
	if pos.Seq >= l.Head().Seq {
		return fmt.Errorf("trim the event log up to %v: it must keep its last commit", pos)
	}
	l.mu.Lock()
	l.first = max(l.first, pos.Seq+1) // at once: who reads must not begin in what goes
	l.mu.Unlock()
	return l.stream.trim(ctx, pos.Seq+1)
}
