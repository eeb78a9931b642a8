package remote

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/backends"
)

// failing is a bucket whose readers fail after a byte.
type failing struct {
	Bucket
	err  error
	gets int
}

func (b *failing) Get(context.Context, string, string, int64, int64) (io.ReadCloser, Info, error) {
	b.gets++
	return io.NopCloser(io.MultiReader(strings.NewReader("x"), errorReader{b.err})), Info{Size: 3}, nil
}

type errorReader struct{ error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.error }

// A read goes on after a cut, but not after bytes that were wrong, however often it is tried.
func TestReadsGoOn(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
		gets int
	}{
		{io.ErrUnexpectedEOF, "xxx", 3},
		{backends.ErrChanged, "x", 1},
	} {
		bucket := &failing{err: tt.err}
		r, err := Open(t.Context(), bucket, "name", "", 0, 3, time.Minute, func(Info) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		got, err := io.ReadAll(r)
		if string(got) != tt.want || tt.want == "xxx" != (err == nil) || err != nil && !errors.Is(err, tt.err) {
			t.Errorf("after %v: %q, %v", tt.err, got, err)
		}
		if _, again := r.Read(make([]byte, 1)); again == nil || bucket.gets != tt.gets {
			t.Errorf("after %v: %d requests, and then %v", tt.err, bucket.gets, again)
		}
	}
}
