package eventlog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lockDir makes sure that no other Log, of this process or another, uses dir, and that the folder of its stream is there.
// The lock ends with the file or the process.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock event log: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("the event log in %s is in use: stop the other server on this data folder first", dir)
		}
		return nil, fmt.Errorf("lock event log in %s: %w", dir, err)
	}
	if err := linkStream(dir); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
