package durable

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// SyncFolder makes the names in a folder of a file system durable.
func SyncFolder(fs vfs.FS, folder string) error {
	f, err := fs.OpenDir(folder)
	if err != nil {
		return fmt.Errorf("open folder to sync it: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sync folder %s: %w", folder, err)
	}
	return nil
}
