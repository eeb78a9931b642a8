package backup

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/snapshot"
)

// Target is what a backup is restored to. It is empty, or has what an earlier Restore of the same backup, which was cut
// short, has left there.
type Target struct {
	Blobs backends.Backend
	// Archives is the place of archives; nil if there is to be none.
	Archives files.Files
	// Store is an empty store; nil if the metadata comes from the log, at each start.
	Store projections.MetadataStore
	// Log is the folder of the log, which does not exist.
	Log string
}

// Restore fills a target with the backup in a folder. Blobs that are damaged are left out, and no error: the rest is worth
// having.
func Restore(ctx context.Context, dir string, t Target, report Report) (copied Copied, err error) {
	if _, err := Read(dir); err != nil {
		return copied, err
	}
	f, err := openFolder(dir)
	if err != nil {
		return copied, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	taken, err := f.snapshot(ctx)
	if err != nil {
		return copied, err
	}
	c := copier{from: api.New(api.Config{Blobs: f.blobs}), to: t.Blobs, report: report, records: taken.Records(ctx)}
	if err := c.copy(ctx); err != nil {
		return copied, fmt.Errorf("restore blobs: %w", err)
	}
	copied = Copied{f.state, c.new, c.elsewhere}
	copied.Damaged = c.damaged
	if err := f.restoreLog(ctx, t, report); err != nil {
		return copied, fmt.Errorf("restore the event log: %w", err)
	}
	if t.Store == nil {
		return copied, nil
	}
	if err := taken.Load(ctx, t.Store); err != nil {
		return copied, fmt.Errorf("restore the metadata: %w", err)
	}
	return copied, nil
}

// snapshot returns the snapshot of the backup.
func (f *folder) snapshot(ctx context.Context) (*snapshot.Snapshot, error) {
	list, err := f.snapshots.List(ctx)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Position == f.state.Position {
			return &list[i], nil
		}
	}
	return nil, fmt.Errorf("the backup in %s has no snapshot as of %v, or a damaged one", f.dir, f.state.Position)
}

// restoreLog builds the log, and its archive.
func (f *folder) restoreLog(ctx context.Context, t Target, report Report) error {
	to := f.state.Position
	from, err := archive.Open(ctx, f.archives, to.Log, archive.DefaultSegmentSize)
	if err != nil {
		return err
	}
	if t.Archives != nil {
		if err := rearchive(ctx, from, t.Archives, to); err != nil {
			return err
		}
	}
	last, err := eventlog.Rebuild(ctx, t.Log, upTo(from.Read(ctx, from.Start()), to, report))
	if err == nil && last != to {
		err = fmt.Errorf("the archive of the backup ends with %v, before %v", last, to)
	}
	return err
}

// upTo yields the commits up to a position.
func upTo(commits iter.Seq2[eventlog.Commit, error], to eventlog.Position, report Report) iter.Seq2[eventlog.Commit, error] {
	return func(yield func(eventlog.Commit, error) bool) {
		for commit, err := range commits {
			if err == nil && commit.Position.Seq > to.Seq {
				return // of a later backup that was cut short
			}
			if !yield(commit, err) {
				return
			}
			if err == nil {
				report.Commits(commit.Position.Seq, to.Seq)
			}
		}
	}
}

// rearchivedBytes is how many bytes of commits are archived at once.
const rearchivedBytes = 4 << 20

// rearchive fills the archive of a target.
func rearchive(ctx context.Context, from *archive.Archive, archives files.Files, to eventlog.Position) error {
	archived, err := archive.Open(ctx, archives, to.Log, archive.DefaultSegmentSize)
	if err != nil {
		return err
	}
	if archived.Position().Seq > to.Seq {
		return fmt.Errorf("the archive there has commits up to %v, which the backup has not: remove it", archived.Position())
	}
	after := archived.Position()
	if after.IsZero() {
		after = from.Start()
	}
	var batch []eventlog.Commit
	size := 0
	for commit, err := range from.Read(ctx, after) {
		if err != nil {
			return err
		}
		if commit.Position.Seq > to.Seq {
			break
		}
		batch, size = append(batch, commit), size+len(commit.Data)
		if size >= rearchivedBytes {
			if err := archived.Append(ctx, batch); err != nil {
				return err
			}
			batch, size = batch[:0], 0
		}
	}
	return archived.Append(ctx, batch)
}
