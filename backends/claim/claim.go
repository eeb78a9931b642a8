// Package claim says, in a file beside blobs, to which log they belong. Without it, a server that was given the wrong storage, or
// the right one with a new log, would take all blobs there for such that nothing names, and delete them.
package claim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/internal/files"
)

// File is the name of the file.
const File = "owner"

// Claim is what the file says.
type Claim struct {
	Log string `json:"log"` // id of the log whose events name the blobs
	// MovedTo is the storage where the blobs of the log are now: what is left here is not kept up to date any more.
	MovedTo string `json:"moved_to,omitzero"`
	// MovingFrom is the storage from which blobs are being moved here: not all are here.
	MovingFrom string `json:"moving_from,omitzero"`
}

// IsWhole tells whether all blobs of the log are beside the claim.
func (c Claim) IsWhole() bool { return c.MovedTo == "" && c.MovingFrom == "" }

// Read returns nil if there is none.
func Read(ctx context.Context, in files.Files) (*Claim, error) {
	r, err := in.Get(ctx, File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, 64<<10))
	if err != nil {
		return nil, err
	}
	c := new(Claim)
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("%s does not say whose the blobs beside it are: %w", in.Where(File), err)
	}
	return c, nil
}

// Write replaces what the file says.
func (c Claim) Write(ctx context.Context, to files.Files) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := to.Put(ctx, File, strings.NewReader(string(text)+"\n")); err != nil {
		return fmt.Errorf("write into the storage to whom it belongs: %w", err)
	}
	return nil
}
