package eventlog

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
)

// headFile remembers, outside of JetStream, the last position that was acknowledged. JetStream cuts a file behind damage
// that it finds while it starts, and carries on with what came before; the chain of hashes does not tell how long it used
// to be. This file does.
//
// Invariant: it is written after the commit is durable, so it is never ahead of a sound log. It is not synced each time,
// so after a power cut it may be behind.
type headFile struct{ f *os.File }

// headFileSize is the same for every position, so that a write replaces all of the one before, in one sector of a disk.
const headFileSize = 256

// openHeadFile opens the file in dir and returns the position in it; zero if dir is new.
func openHeadFile(dir string) (headFile, Position, error) {
	f, err := os.OpenFile(filepath.Join(dir, "head.json"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return headFile{}, Position{}, fmt.Errorf("open the head of the event log: %w", err)
	}
	text, err := io.ReadAll(io.NewSectionReader(f, 0, headFileSize))
	if err != nil {
		f.Close()
		return headFile{}, Position{}, fmt.Errorf("read the head of the event log: %w", err)
	}
	var pos Position
	if len(text) == 0 {
		return headFile{f}, pos, nil
	}
	if err := json.Unmarshal(text, &pos, json.RejectUnknownMembers(true)); err != nil {
		f.Close()
		return headFile{}, Position{}, &CorruptError{Want: "the last position in " + f.Name(), Found: err.Error()}
	}
	return headFile{f}, pos, nil
}

func (h headFile) write(pos Position) error {
	text, err := json.Marshal(&pos)
	if err != nil {
		return err
	}
	text = append(text, bytes.Repeat([]byte(" "), headFileSize-1-len(text))...)
	if _, err := h.f.WriteAt(append(text, '\n'), 0); err != nil {
		return fmt.Errorf("remember the head of the event log: %w", err)
	}
	return nil
}

func (h headFile) sync() error { return h.f.Sync() }

func (h headFile) close() { h.f.Close() }
