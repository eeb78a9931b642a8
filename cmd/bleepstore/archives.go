package main

import (
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/projections/snapshot"
)

// openArchives opens the place of the archives of all logs; nil if there are none.
func openArchives(c *config.Config) (files.Files, error) {
	if c.ArchiveDir() == "" {
		return nil, nil
	}
	dir, err := files.OpenDir(c.ArchiveDir())
	if err != nil {
		return nil, err
	}
	return dir, nil
}

// openSnapshots opens the snapshots of a log, which are in its archive; nil if there is none.
func openSnapshots(archives files.Files, log string) *snapshot.Folder {
	if archives == nil {
		return nil
	}
	return snapshot.NewFolder(files.In(archive.Folder(archives, log), "snapshots"))
}
