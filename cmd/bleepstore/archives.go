package main

import (
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/projections/snapshot"
)

// archivesOf returns the place of the archives of all logs, which may be beside the blobs; nil if there are none.
func archivesOf(c *config.Config, blobs backends.Backend) (files.Files, error) {
	switch {
	case !c.HasArchive():
		return nil, nil
	case c.Archive.Backend == config.ArchiveStorage:
		return files.In(blobs.Files(), "archive"), nil
	}
	dir, err := files.OpenDir(c.ArchiveDir())
	if err != nil {
		return nil, err
	}
	return dir, nil
}

// archives is the place of the archives of all logs, for commands that need no blobs.
type archives struct {
	all   files.Files      // nil if there are none
	blobs backends.Backend // nil unless the archives are beside them
}

func openArchives(c *config.Config) (a archives, err error) {
	if c.HasArchive() && c.Archive.Backend == config.ArchiveStorage {
		if a.blobs, err = openBlobs(c); err != nil {
			return archives{}, err
		}
	}
	a.all, err = archivesOf(c, a.blobs)
	return a, err
}

func (a archives) close() error {
	if a.blobs == nil {
		return nil
	}
	return a.blobs.Close()
}

// openSnapshots opens the snapshots of a log, which are in its archive; nil if there is none.
func openSnapshots(archives files.Files, log string) *snapshot.Folder {
	if archives == nil {
		return nil
	}
	return snapshot.NewFolder(files.In(archive.Folder(archives, log), "snapshots"))
}
