package rows

import "context"

// claim makes the table the store's own, before its first change: from then on, whoever had it before finds another state than
// he left. Then it ends what a crash has left of a flush: it makes the changes of the journal that counts, and removes all
// journals.
//
// A store that changes nothing takes the table from nobody. So one that was opened by mistake, for another log, does no harm.
func (s *Store) claim(ctx context.Context) error {
	if !s.claimed {
		next := s.state
		next.Format, next.Begun, next.Opened, next.Owner = format, s.begun.first, s.opened, s.owner
		if err := s.swap(ctx, next); err != nil {
			return err
		}
		s.claimed = true
	}
	if err := s.settle(ctx, s.unsettled, s.journal); err != nil {
		return err
	}
	s.unsettled, s.journal = nil, nil
	return nil
}
