package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/files"
)

// claimFile is the name of the file beside the blobs that says whose they are.
const claimFile = "owner"

// claim says to which log blobs belong. Without it, a server that was given the wrong storage, or the right one with a new log,
// would take all blobs there for such that nothing names, and delete them.
type claim struct {
	Log string `json:"log"` // id of the log whose events name the blobs
	// MovedTo is the storage where the blobs of the log are now: what is left here is not kept up to date any more.
	MovedTo string `json:"moved_to,omitzero"`
	// MovingFrom is the storage from which blobs are being moved here: not all are here.
	MovingFrom string `json:"moving_from,omitzero"`
}

// readClaim returns nil if there is none.
func readClaim(ctx context.Context, in files.Files) (*claim, error) {
	r, err := in.Get(ctx, claimFile)
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
	c := new(claim)
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("%s does not say whose the blobs beside it are: %w", in.Where(claimFile), err)
	}
	return c, nil
}

func (c claim) write(ctx context.Context, to files.Files) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := to.Put(ctx, claimFile, strings.NewReader(string(text)+"\n")); err != nil {
		return fmt.Errorf("write into the storage to whom it belongs: %w", err)
	}
	return nil
}

// claimBlobs sees to it that the blobs belong to the log and, in a cloud, that the storage can be written. Storage that belongs to
// nobody is taken.
func (p *parts) claimBlobs(ctx context.Context, inCloud bool) error {
	found, err := readClaim(ctx, p.blobs.Files())
	if err != nil {
		return err
	}
	where := p.blobs.Files().Where(claimFile)
	switch {
	case found == nil:
		err := claim{Log: p.log.ID()}.write(ctx, p.blobs.Files())
		if errors.Is(err, backends.ErrNoSpace) {
			return nil // it is for the next start, and what there is can be read
		}
		return err
	case found.Log == p.log.ID() && found.MovedTo == "" && found.MovingFrom == "":
		if !inCloud {
			return nil
		}
		return found.write(ctx, p.blobs.Files())
	case found.MovedTo != "" && found.Log == p.log.ID():
		return fmt.Errorf("the blobs of this storage were moved to %s, and are kept up to date only there: set storage.backend "+
			"to that; %s says so", found.MovedTo, where)
	case found.MovingFrom != "" && found.Log == p.log.ID():
		return fmt.Errorf("not all blobs of this log are in this storage: they are being moved from %s; set storage.backend to "+
			"that, and run \"bleepstore rebase\" to its end; %s says so", found.MovingFrom, where)
	}
	if from, err := p.restoredFrom(ctx); err != nil {
		return err
	} else if from == found.Log && found.MovedTo == "" && found.MovingFrom == "" {
		return claim{Log: p.log.ID()}.write(ctx, p.blobs.Files())
	}
	if position, err := p.store.Position(ctx); err != nil || !position.IsZero() && position.Log != p.log.ID() {
		return err // the metadata does not belong to the log either, which the projector finds, and knows what to do about
	}
	remedy := "choose another storage"
	if inCloud {
		remedy += " or, if that log is lost, run \"bleepstore import --from-blobs\""
	}
	return fmt.Errorf("the storage has blobs of another log, %s, and this one, %s, knows nothing of them: %s; %s says so",
		found.Log, p.log.ID(), remedy, where)
}

// restoredFrom returns the id of the log with whose state the log began; empty if it began with nothing.
func (p *parts) restoredFrom(ctx context.Context) (string, error) {
	start, err := p.start(ctx)
	if err != nil || start.Seq == p.log.Head().Seq {
		return "", err
	}
	reader, err := source{p.log, p.archiver}.Read(ctx, start)
	if err != nil {
		return "", err
	}
	defer reader.Close()
	commits, err := reader.Next(ctx)
	if err != nil {
		return "", err
	}
	if restored, ok := commits[0].Events[0].Data.(*eventlog.LogRestored); ok {
		return restored.From.Log, nil
	}
	return "", nil
}
