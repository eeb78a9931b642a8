package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
)

// payload is the body of a request: random bytes, repeated where it is larger than a block of them, so that it needs
// little memory at any size.
type payload struct {
	size  int64
	block []byte
	hash  string // hex SHA-256 of all of it
}

const maxBlock = 1 << 20

func newPayload(size int64) *payload {
	p := &payload{size: size, block: make([]byte, min(size, maxBlock))}
	rand.Read(p.block)
	h := sha256.New()
	for block := range p.blocks {
		h.Write(block)
	}
	p.hash = hex.EncodeToString(h.Sum(nil))
	return p
}

// blocks yields the bytes of the payload.
func (p *payload) blocks(yield func([]byte) bool) {
	for left := p.size; left > 0; left -= maxBlock {
		if !yield(p.block[:min(left, maxBlock)]) {
			return
		}
	}
}

// writeTo writes head and the payload, in one system call where that is all.
func (p *payload) writeTo(w io.Writer, head []byte) error {
	if len(p.block) == 0 {
		_, err := w.Write(head)
		return err
	}
	for block := range p.blocks {
		bufs := net.Buffers{block}
		if head != nil {
			bufs, head = net.Buffers{head, block}, nil
		}
		if _, err := bufs.WriteTo(w); err != nil {
			return err
		}
	}
	return nil
}
