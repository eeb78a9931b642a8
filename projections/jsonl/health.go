package jsonl

import (
	"errors"
	"fmt"
	"sync"
)

// health keeps what goes wrong, for Check to report.
type health struct {
	mu         sync.Mutex
	full       bool  // Apply is waiting for space
	background error // the last failure of the work in the background, until it succeeds
}

func (h *health) err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.full:
		return errors.New("the disk of the metadata is full")
	case h.background != nil:
		return fmt.Errorf("the metadata store fails in the background: %w", h.background)
	}
	return nil
}

func (h *health) setFull(full bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.full = full
}

func (h *health) setBackground(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.background = err
}
