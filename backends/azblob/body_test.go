package azblob

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/bleepstore/bleepstore/backends/remote"
)

// Each attempt reads all, wherever another has come to, and none when the request has ended.
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
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for _, attempt := range []io.Reader{first, b.attempt()} {
		if n, err := attempt.Read(make([]byte, 10)); n > 0 || !errors.Is(err, errEnded) {
			t.Errorf("%d bytes of a request that has ended, %v", n, err)
		}
	}
}
