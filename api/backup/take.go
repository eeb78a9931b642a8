package backup

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/snapshot"
)

// Server is what is backed up.
type Server struct {
	Service *api.Service
	Store   projections.MetadataStore
	// Log has all commits of the log, also those that it was trimmed by; Start is the position before the first.
	Log   projections.Source
	Start eventlog.Position
}

// Copied says what a backup, or its restoration, had to copy.
type Copied struct {
	Backup
	New Objects // blobs that were not there yet
	// Elsewhere are the blobs that are objects of somebody else's. A backup does not have them: objects go on to name them.
	Elsewhere Objects
}

// Take backs a server up to a folder, which is new or has an earlier backup of it. Blobs that are damaged are left out, and
// no error: the rest is worth having.
func Take(ctx context.Context, s Server, dir string, report Report) (copied Copied, err error) {
	release := s.Service.KeepBlobs() // before the snapshot, which names them; and one backup waits here for another
	defer release()
	f, err := makeFolder(ctx, dir)
	if err != nil {
		return copied, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if err := f.belongsTo(ctx, s.Store); err != nil {
		return copied, err
	}

	taken, err := f.snapshots.Take(ctx, s.Store, math.MaxInt) // the one of the backup before is needed until the end
	if err != nil {
		return copied, err
	}
	next := Backup{Format: format, Position: taken.Position, Taken: taken.Taken}
	c := copier{from: s.Service, to: f.blobs, report: report, records: taken.Records(ctx)}
	if err := c.copy(ctx); err != nil {
		return copied, fmt.Errorf("copy blobs to the backup: %w", err)
	}
	next.Objects, next.Damaged = c.all, c.damaged
	if err := copyLog(ctx, s, f.archives, taken.Position, report); err != nil {
		return copied, fmt.Errorf("copy the event log to the backup: %w", err)
	}
	f.state = next
	if err := save(ctx, f.files, next); err != nil {
		return copied, err
	}
	return Copied{next, c.new, c.elsewhere}, f.prune(ctx, &taken)
}

// belongsTo refuses a server that is not the one whose backup the folder has.
func (f *folder) belongsTo(ctx context.Context, store projections.MetadataStore) error {
	now, err := store.Position(ctx)
	switch before := f.state.Position; {
	case err != nil:
		return err
	case now.IsZero():
		return errors.New("there is nothing to back up: the server holds nothing yet")
	case !before.IsZero() && before.Log != now.Log:
		return fmt.Errorf("%s has a backup of another log, %s, and the server has log %s: use another folder", f.dir, before.Log, now.Log)
	}
	return nil
}

// copyLog brings the archive of a backup up to a position.
func copyLog(ctx context.Context, s Server, archives files.Files, to eventlog.Position, report Report) error {
	archived, err := archive.Open(ctx, archives, to.Log, archive.DefaultSegmentSize)
	if err != nil {
		return err
	}
	after := archived.Position()
	if after.Seq >= to.Seq { // of a backup that was cut short
		found, err := archived.Contains(ctx, to)
		if err == nil && !found {
			err = fmt.Errorf("it goes up to %v, and the server has another history up to %v: use another folder", after, to)
		}
		return err
	}
	if after.IsZero() {
		after = s.Start
	}
	reader, err := s.Log.Read(ctx, after)
	if err != nil {
		return err
	}
	defer reader.Close()
	for after.Seq < to.Seq {
		commits, err := reader.Next(ctx)
		if err != nil {
			return err
		}
		for i, commit := range commits {
			if commit.Position.Seq > to.Seq {
				commits = commits[:i]
				break
			}
			after = commit.Position
		}
		if err := archived.Append(ctx, commits); err != nil {
			return err
		}
		report.Commits(after.Seq, to.Seq)
	}
	return nil
}

// prune removes what the backups before had and the one with this snapshot does not need.
func (f *folder) prune(ctx context.Context, needed *snapshot.Snapshot) error {
	if err := f.snapshots.Prune(ctx, 1); err != nil {
		return err
	}
	if f.state.Damaged > 0 {
		return nil // a damaged manifest does not tell what it lists
	}
	service := api.New(api.Config{Blobs: f.blobs})
	if _, err := service.DeleteUnnamed(ctx, backends.NewID(), needed.Records(ctx)); err != nil {
		return fmt.Errorf("remove what the backup does not need any more: %w", err)
	}
	return nil
}
