package api

import (
	"context"

	"github.com/bleepstore/bleepstore/eventlog"
)

// RecordRebase says in the log that the blobs are in another storage.
func (s *Service) RecordRebase(ctx context.Context, rebased *eventlog.StorageRebased) error {
	return s.commit(ctx, Caller{}, now(), rebased)
}
