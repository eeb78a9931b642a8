package cache

import "bytes"

// held reads bytes of a piece that is in memory. It is a source of a reader.
type held struct {
	bytes.Reader
	pieces *store
	buffer *buffer
}

// newHeld reads the bytes [from, to) of the piece in a buffer, which it takes over.
func newHeld(pieces *store, buffer *buffer, from, to int) *held {
	h := &held{pieces: pieces, buffer: buffer}
	content := buffer.bytes()[from:to]
	// A reader may be slow, so it is better to copy a part than to hold the whole.
	if smaller := pieces.buffers.get(len(content)); smaller != nil && smaller.size < buffer.size {
		content = smaller.bytes()[:copy(smaller.bytes(), content)]
		pieces.buffers.put(buffer)
		h.buffer = smaller
	} else {
		pieces.buffers.put(smaller)
	}
	h.Reset(content)
	return h
}

// Close implements io.Closer.
func (h *held) Close() error {
	h.Reset(nil)
	h.pieces.buffers.put(h.buffer)
	h.buffer = nil
	return nil
}
