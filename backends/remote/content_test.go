package remote

import (
	"bytes"
	"io"
	"testing"
)

// What still reads a piece that was released does not get the bytes of the next one in its memory.
func TestReadOfWhatWasReleased(t *testing.T) {
	b := newBuffers()
	first, _, err := b.read(t.Context(), bytes.NewReader(bytes.Repeat([]byte("1"), 100_000)), pieceSize)
	if err != nil {
		t.Fatal(err)
	}
	late := first.Reader()
	if _, err := io.ReadFull(late, make([]byte, 10_000)); err != nil {
		t.Fatal(err)
	}
	b.release(first)
	second, _, err := b.read(t.Context(), bytes.NewReader(bytes.Repeat([]byte("2"), 100_000)), pieceSize)
	if err != nil {
		t.Fatal(err)
	}
	defer b.release(second)
	if rest, _ := io.ReadAll(late); len(rest) > 0 {
		t.Errorf("%d bytes are read of a piece that was released", len(rest))
	}
}

func TestSplit(t *testing.T) {
	for size, want := range map[int]bool{pieceSize: false, pieceSize + minPiece - 1: false, pieceSize + minPiece: true, maxWhole: true} {
		data := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		c := NewContent(data)
		rest := c.split()
		if (rest != nil) != want {
			t.Fatalf("%d bytes are split: %v, want %v", size, rest != nil, want)
		}
		got, err := io.ReadAll(c.Reader())
		if rest != nil && err == nil {
			var more []byte
			more, err = io.ReadAll(rest.Reader())
			got = append(got, more...)
		}
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes come back as %d, %v", size, len(got), err)
		}
	}
}
