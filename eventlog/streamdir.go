package eventlog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/bleepstore/bleepstore/internal/durable"
)

// JetStream removes the folder of a stream, with all of its messages, when it cannot open the stream at its start for
// whatever reason: one read that failed, a full disk, too many open files. So the messages are in a folder beside, and what
// is where JetStream looks for them is a link, of which the removal takes nothing.

// streamDir is the folder of the stream of the log in dir.
func streamDir(dir string) string { return filepath.Join(dir, "stream") }

// linkStream makes the folder of the stream and the link to it, as far as they are missing. A folder in the place of the
// link, which earlier versions had, becomes the folder of the stream.
func linkStream(dir string) error {
	if err := makeLink(dir); err != nil {
		return fmt.Errorf("make the folder of the event log's stream: %w", err)
	}
	return nil
}

func makeLink(dir string) error {
	link := filepath.Join(dir, server.JetStreamStoreDir, "$G", "streams", streamName)
	info, err := os.Lstat(link)
	switch {
	case err == nil && info.IsDir():
		if err := os.Rename(link, streamDir(dir)); err != nil { // there may be another one, which stays
			return err
		}
		if err := errors.Join(durable.Sync(dir), durable.Sync(filepath.Dir(link))); err != nil {
			return err
		}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := os.MkdirAll(streamDir(dir), 0o700); err != nil {
		return err
	}
	target, err := filepath.Rel(filepath.Dir(link), streamDir(dir))
	if err != nil {
		return err
	}
	for range 3 { // because a server that was stopped just now may still remove the two folders that it left empty
		if err = os.MkdirAll(filepath.Dir(link), 0o700); err == nil {
			err = os.Symlink(target, link)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// clearUnfinished removes a stream without messages whose making was cut off. JetStream writes two files that describe a
// stream: it would not open one that lacks the second, and not write the second where the first is there.
func clearUnfinished(dir string) error {
	if _, err := os.Stat(filepath.Join(streamDir(dir), server.JetStreamMetaFileSum)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	list, err := blocks(dir)
	if err != nil {
		return err
	}
	for _, b := range list {
		if info, err := os.Stat(b.path); err != nil || info.Size() > 0 {
			return err
		}
	}
	entries, err := os.ReadDir(streamDir(dir))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(streamDir(dir), entry.Name())); err != nil {
			return err
		}
	}
	return nil
}
