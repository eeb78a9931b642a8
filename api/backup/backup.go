// Package backup copies all that a server holds to a folder, as of one position and while the server goes on, and fills a
// new server from such a copy.
//
// The folder of a backup looks like this:
//
//	backup.json    what the backup is of: see Backup. It is replaced when everything else is there
//	snapshots/     the metadata: see package projections/snapshot
//	archive/       the commits of the log up to that position: see package eventlog/archive
//	blobs/         the bytes of objects: see package backends/local
//
// The next backup to the same folder adds what is new, then replaces backup.json, and then removes what is not needed any
// more. So there is a whole backup at any time after the first.
package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/backends/local"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/projections/snapshot"
)

// format is the version of the form of a backup.
const format = 1

const stateFile = "backup.json"

// Backup is what a folder holds a backup of.
type Backup struct {
	Format   int               `json:"format"`
	Position eventlog.Position `json:"position,omitzero"` // zero while the first backup to the folder is not complete
	Taken    time.Time         `json:"taken,omitzero"`
	Objects  Objects           `json:"objects,omitzero"`
	Damaged  int64             `json:"damaged,omitzero"` // blobs that could not be copied
}

// Objects count what objects, versions and parts a backup has.
type Objects struct {
	Number int64 `json:"number"`
	Bytes  int64 `json:"bytes"`
}

// Report is told how a backup or its restoration goes on, by one goroutine at a time.
type Report interface {
	// Damaged is told of each blob whose bytes are missing or not what was stored. It is left out.
	Damaged(api.Damage)
	// Commits is told how many of the log's commits are copied.
	Commits(done, total uint64)
	// Bytes is told how many of the bytes of all objects are copied, or were there already.
	Bytes(done, total int64)
}

// folder is that of a backup.
type folder struct {
	dir       string
	state     Backup
	files     files.Files // all but the blobs
	archives  files.Files
	snapshots *snapshot.Folder
	blobs     *local.Backend
}

// Read returns what a folder has a backup of. None, or one that is not complete, is an error.
func Read(dir string) (Backup, error) {
	b, err := readState(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return b, fmt.Errorf("there is no backup in %s: %w", dir, err)
	}
	if err == nil && b.Position.IsZero() {
		err = fmt.Errorf("the backup in %s is not complete: the first one did not come to its end", dir)
	}
	return b, err
}

func readState(dir string) (b Backup, err error) {
	path := filepath.Join(dir, stateFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return b, err
	}
	if err := json.Unmarshal(text, &b); err != nil {
		return b, fmt.Errorf("read %s: %w", path, err)
	}
	if b.Format != format {
		return b, fmt.Errorf("the backup in %s has format %d, this program knows %d", dir, b.Format, format)
	}
	return b, nil
}

// openFolder opens a folder that holds a backup.
func openFolder(dir string) (f *folder, err error) {
	f = &folder{dir: dir}
	if f.state, err = readState(dir); err != nil {
		return nil, err
	}
	if f.blobs, err = local.Open(filepath.Join(dir, "blobs")); err != nil { // first: it keeps other processes out
		return nil, err
	}
	if f.files, err = files.OpenDir(dir); err != nil {
		return nil, errors.Join(err, f.close())
	}
	f.archives = files.In(f.files, "archive")
	f.snapshots = snapshot.NewFolder(files.In(f.files, "snapshots"))
	return f, nil
}

// makeFolder opens a folder to be backed up to, which is made where it does not exist.
func makeFolder(ctx context.Context, dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the backup: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(entries, isContent) {
		all, err := files.OpenDir(dir)
		if err != nil {
			return nil, err
		}
		if err := save(ctx, all, Backup{Format: format}); err != nil {
			return nil, err
		}
	}
	f, err := openFolder(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s is neither empty nor a backup: nothing is written there", dir)
	}
	return f, err
}

// isContent tells whether a file or folder makes the one that it is in not empty: not what a new file system has, nor what
// was there a moment before backup.json.
func isContent(entry fs.DirEntry) bool {
	return entry.Name() != "lost+found" && !strings.HasPrefix(entry.Name(), ".")
}

// save makes the state of a backup durable, in place of the one before.
func save(ctx context.Context, all files.Files, b Backup) error {
	text, err := json.Marshal(&b, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	return all.Put(ctx, stateFile, bytes.NewReader(append(text, '\n')))
}

func (f *folder) close() error { return f.blobs.Close() }
