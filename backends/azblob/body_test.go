package azblob

import (
	"bytes"
	"io"
	"testing"

	"github.com/bleepstore/bleepstore/backends/remote"
)

// Each attempt reads all, wherever another has come to.
func TestBody(t *testing.T) {
	data := content(1, 100_000)
	b := newBody(remote.NewContent(data))
	first, second := b.attempt(), b.attempt()
	if _, err := io.ReadFull(first, make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(second); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
