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
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/backends/local"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/durable"
)

// format is the version of the form of a backup.
const format = 1

const stateFile = "backup.json"

// Backup is what a folder holds a backup of.
type Backup struct {
	Format   int               `json:"format"`
	Position eventlog.Position `json:"position,omitzero"` // zero while the first backup to the folder is not complete
	Taken    time.Time         `json:"taken,omitzero"`
	Snapshot string            `json:"snapshot,omitzero"` // name of its file
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
	dir   string
	state Backup
	blobs *local.Backend
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f *folder) snapshots() string { return f.path("snapshots") }
func (f *folder) archives() string  { return f.path("archive") }

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
	if f.blobs, err = local.Open(f.path("blobs")); err != nil {
		return nil, err
	}
	return f, nil
}

// makeFolder opens a folder to be backed up to, which is made where it does not exist.
func makeFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the backup: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{dir: dir, state: Backup{Format: format}}
	if _, err := os.Stat(f.path(stateFile)); errors.Is(err, fs.ErrNotExist) {
		if len(entries) > 0 {
			return nil, fmt.Errorf("%s is neither empty nor a backup: nothing is written there", dir)
		}
		if err := f.save(); err != nil {
			return nil, err
		}
	}
	return openFolder(dir)
}

// save makes the state durable, in place of the one before.
func (f *folder) save() error {
	text, err := json.Marshal(&f.state, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	return durable.WriteFile(f.path(stateFile), append(text, '\n'))
}

func (f *folder) close() error { return f.blobs.Close() }
