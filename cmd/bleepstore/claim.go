package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/claim"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog"
)

// claimBlobs sees to it that the blobs belong to the log and, in a cloud, that the storage can be written. Storage that belongs to
// nobody is taken.
func (p *parts) claimBlobs(ctx context.Context, inCloud bool) error {
	found, err := claim.Read(ctx, p.blobs.Files())
	if err != nil {
		return err
	}
	where := p.blobs.Files().Where(claim.File)
	switch {
	case found == nil:
		err := claim.Claim{Log: p.log.ID()}.Write(ctx, p.blobs.Files())
		if errors.Is(err, backends.ErrNoSpace) {
			return nil // it is for the next start, and what there is can be read
		}
		return err
	case found.Log == p.log.ID() && found.IsWhole():
		if !inCloud {
			return nil
		}
		return found.Write(ctx, p.blobs.Files())
	case found.MovedTo != "" && found.Log == p.log.ID():
		return movedError(found, where)
	case found.MovingFrom != "" && found.Log == p.log.ID():
		return movingError(found, where)
	}
	if from, err := p.restoredFrom(ctx); err != nil {
		return err
	} else if from == found.Log && found.IsWhole() {
		return claim.Claim{Log: p.log.ID()}.Write(ctx, p.blobs.Files())
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

// isWhole refuses storage whose blobs and files are kept up to date elsewhere, or are not all there.
func isWhole(ctx context.Context, blobs backends.Backend) error {
	found, err := claim.Read(ctx, blobs.Files())
	where := blobs.Files().Where(claim.File)
	switch {
	case err != nil || found == nil || found.IsWhole():
		return err
	case found.MovedTo != "":
		return movedError(found, where)
	}
	return movingError(found, where)
}

func movedError(found *claim.Claim, where string) error {
	return fmt.Errorf("the blobs of this storage were moved to %s, and are kept up to date only there: set storage.backend to that; %s "+
		"says so", found.MovedTo, where)
}

func movingError(found *claim.Claim, where string) error {
	return fmt.Errorf("not all blobs of this log are in this storage: they are being moved from %s; set storage.backend to that, and run "+
		"\"bleepstore rebase\" to its end; %s says so", found.MovingFrom, where)
}

// handOver says that the blobs belong to a log that goes on from those that had them. The storage is opened if it is not, which nil
// tells.
func handOver(ctx context.Context, c *config.Config, blobs backends.Backend, to string, from ...string) (err error) {
	if blobs == nil {
		if blobs, err = openRaw(ctx, c); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, blobs.Close()) }()
	}
	found, err := claim.Read(ctx, blobs.Files())
	if err != nil || found == nil || !slices.Contains(from, found.Log) {
		return err
	}
	found.Log = to
	return found.Write(ctx, blobs.Files())
}

// restoredFrom returns the id of the log with whose state the log began; empty if it began with nothing.
func (p *parts) restoredFrom(ctx context.Context) (string, error) {
	start, err := p.history().Start(ctx)
	if err != nil || start.Seq == p.log.Head().Seq {
		return "", err
	}
	reader, err := p.source().Read(ctx, start)
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
