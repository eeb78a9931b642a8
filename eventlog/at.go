package eventlog

import "context"

// At is the position of the commit with a sequence; zero for 0. Errors: *TrimmedError where the log does not have it any more,
// *PositionError where it does not have it yet, *CorruptError.
func (l *Log) At(ctx context.Context, seq uint64) (Position, error) {
	head, first := l.Head(), l.First()
	switch {
	case seq == head.Seq:
		return head, nil
	case seq == 0 && first == 1:
		return Position{}, nil
	case seq > head.Seq:
		return Position{}, &PositionError{
			Position: Position{Log: l.ID(), Seq: seq}, Head: head, Log: l.ID(), Reason: "it is ahead of the log",
		}
	case seq+1 == first:
		return l.Start(ctx)
	case seq < first:
		return Position{}, &TrimmedError{Position: Position{Log: l.ID(), Seq: seq}, First: first}
	}
	found, err := l.hashAt(ctx, seq)
	return Position{Log: l.ID(), Seq: seq, Hash: found}, err
}

// Commit returns the commit with a sequence. Errors: those of At, *UnknownEventError.
func (l *Log) Commit(ctx context.Context, seq uint64) (Commit, error) {
	prev, err := l.At(ctx, seq-1)
	if err != nil {
		return Commit{}, err
	}
	data, err := l.commitAt(ctx, seq)
	if err != nil {
		return Commit{}, err
	}
	return decodeCommit(data, l.ID(), prev)
}
