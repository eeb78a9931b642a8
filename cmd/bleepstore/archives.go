package main

import (
	"context"
	"errors"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/projections/snapshot"
)

// archives is the place of the archives of all logs.
type archives struct {
	all         files.Files // nil if there are none
	segmentSize int64
}

// archivesOf returns the place of archives, which may be beside the blobs.
func archivesOf(c *config.Config, blobs backends.Backend) (archives, error) {
	a := archives{segmentSize: int64(c.Archive.SegmentSize)}
	switch {
	case !c.HasArchive():
		return a, nil
	case c.Archive.Backend == config.ArchiveStorage:
		a.all = files.In(blobs.Files(), "archive")
		return a, nil
	}
	dir, err := files.OpenDir(c.ArchiveDir())
	if err == nil {
		a.all = dir
	}
	return a, err
}

// openArchives is archivesOf for commands that need no blobs, and therefore open them only if the archives are beside them:
// then it returns them too, to be closed, and nil otherwise.
func openArchives(ctx context.Context, c *config.Config) (a archives, blobs backends.Backend, err error) {
	if c.HasArchive() && c.Archive.Backend == config.ArchiveStorage {
		if blobs, err = openRaw(ctx, c); err != nil {
			return a, nil, err
		}
		if err := isWhole(ctx, blobs); err != nil {
			return a, nil, errors.Join(err, blobs.Close())
		}
	}
	a, err = archivesOf(c, blobs)
	return a, blobs, err
}

func (a archives) exist() bool { return a.all != nil }

// open opens the archive of a log; nil if there is none.
func (a archives) open(ctx context.Context, log string) (*archive.Archive, error) {
	if !a.exist() {
		return nil, nil
	}
	return archive.Open(ctx, a.all, log, a.segmentSize)
}

// snapshots returns the snapshots of a log, which are in its archive; nil if there is none.
func (a archives) snapshots(log string) *snapshot.Folder {
	if !a.exist() {
		return nil
	}
	return snapshot.NewFolder(files.In(archive.Folder(a.all, log), "snapshots"))
}
