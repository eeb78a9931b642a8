package rebase

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/claim"
	"github.com/bleepstore/bleepstore/internal/failpoint"
)

// claimTimeout is how long each claim at the end of a move may take. They are not given up because nobody waits for them.
const claimTimeout = time.Minute

// claimRetry is how long after a failure the last claim is written again.
const claimRetry = time.Second

// begin claims the storage that blobs are moved to. It tells whether the move was decided already, and has only to be ended.
func (r *run) begin(ctx context.Context) (decided bool, err error) {
	from, to := r.move.From(), r.move.To()
	old, err := claim.Read(ctx, from.Files())
	if err != nil {
		return false, err
	}
	if decided = old != nil && old.MovedTo == to.Name; !decided && old != nil && old.MovedTo != "" {
		return false, fmt.Errorf("the blobs of %s were moved to %s already: set storage.backend to that", from.Name, old.MovedTo)
	}
	if old != nil && old.MovingFrom != "" { // it is in use, and its last claim could not be written
		if err := (claim.Claim{Log: r.Log}).Write(ctx, from.Files()); err != nil {
			return false, err
		}
	}
	found, err := claim.Read(ctx, to.Files())
	if err != nil {
		return false, err
	}
	if found == nil {
		if decided {
			return false, fmt.Errorf("%s says that the blobs were moved to %s, where nothing says so: are these the right settings?",
				from.Files().Where(claim.File), to.Name)
		}
		err = isEmpty(ctx, to)
	} else {
		err = r.mayReplace(found, decided)
	}
	if err != nil || decided {
		return decided, err
	}
	return false, claim.Claim{Log: r.Log, MovingFrom: from.Name}.Write(ctx, to.Files())
}

// claimInUse writes the last claim of a move to a storage that is in use, if that could not be done at its end, and returns from
// where the blobs were moved; empty if there is nothing to write.
func claimInUse(ctx context.Context, s Server, name string) (from string, err error) {
	if s.Blobs.String() != name {
		return "", nil
	}
	found, err := claim.Read(ctx, s.Blobs.Files())
	if err != nil || found == nil || found.Log != s.Log || found.MovingFrom == "" {
		return "", err
	}
	return found.MovingFrom, write(ctx, claim.Claim{Log: s.Log}, s.Blobs)
}

// isEmpty refuses storage with things of which nothing says whose they are: those that were not of the log would be deleted.
func isEmpty(ctx context.Context, to backends.Backend) error {
	ids, err := to.List(ctx, "", 1)
	if err != nil {
		return err
	}
	list, err := to.Files().List(ctx, "")
	if err != nil {
		return err
	}
	if len(ids) > 0 || len(list) > 0 {
		return fmt.Errorf("there are blobs or files, and %s, which would say whose they are, is missing: empty it, or choose "+
			"another storage, or another prefix in it", to.Files().Where(claim.File))
	}
	return nil
}

// mayReplace refuses storage that is in use.
func (r *run) mayReplace(found *claim.Claim, decided bool) error {
	to := r.move.To()
	where := to.Files().Where(claim.File)
	switch {
	case found.Log != r.Log:
		return fmt.Errorf("%s has blobs of another log, %s: choose another storage, or another prefix in it; %s says so", to.Name, found.Log, where)
	case found.IsWhole() && decided:
		return fmt.Errorf("the blobs are in %s already: set storage.backend to that", to.Name)
	case found.IsWhole():
		return fmt.Errorf("%s says that all blobs of this log are in %s, where a server may use them: remove that file if none does, and "+
			"run the command again", where, to.Name)
	case decided && found.MovingFrom != r.move.From().Name:
		return fmt.Errorf("the blobs of this storage were moved to %s, and then on: %s says from where they are being moved to there, %s",
			to.Name, where, found.MovingFrom)
	}
	return nil
}

// end decides a move whose two storages have everything, and takes the other one into use.
func (r *run) end(ctx context.Context, decided bool) error {
	ctx = context.WithoutCancel(ctx)
	from, to := r.move.From(), r.move.To()
	failpoint.Hit("storage copied")
	var undecided error
	if !decided {
		undecided = write(ctx, claim.Claim{Log: r.Log, MovedTo: to.Name}, from)
	}
	if undecided != nil {
		// It may say either. Where that can be found out, nothing has happened; where not, to go on is right in any case.
		if err := write(ctx, claim.Claim{Log: r.Log}, from); err == nil || r.wasRefused(ctx, err) {
			return fmt.Errorf("say in %s that blobs were moved: %w; nothing has changed for the server: see to the cause, and run the "+
				"command again", from.Name, undecided)
		}
		undecided = fmt.Errorf("%s may not say that its blobs were moved to %s, which they were: never start the server with the "+
			"old configuration: %w", from.Files().Where(claim.File), to.Name, undecided)
	}
	failpoint.Hit("storage decided")
	err := r.claimAll(ctx)
	r.move.Switch()
	failpoint.Hit("storage switched")
	if err != nil {
		err = fmt.Errorf("the blobs are in %s from now on, which could not be written there: run the command again, while the server runs; "+
			"if it has stopped, before you change its configuration: %w", to.Name, err)
	}
	return errors.Join(undecided, err)
}

// wasRefused tells whether there was no room to say that blobs were moved, and nothing says so. No attempt is still on its way
// then, as one may be where an answer did not come.
func (r *run) wasRefused(ctx context.Context, err error) bool {
	if !errors.Is(err, backends.ErrNoSpace) {
		return false
	}
	found, err := claim.Read(ctx, r.move.From().Files())
	return err == nil && (found == nil || found.MovedTo == "")
}

// claimAll says that all blobs are where they were moved to. A move that is decided has no way back, so it does not give up easily.
func (r *run) claimAll(ctx context.Context) error {
	for end := time.Now().Add(claimTimeout); ; time.Sleep(claimRetry) {
		if err := write(ctx, claim.Claim{Log: r.Log}, r.move.To()); err == nil || time.Now().After(end) {
			return err
		}
	}
}

func write(ctx context.Context, c claim.Claim, to backends.Backend) error {
	ctx, cancel := context.WithTimeout(ctx, claimTimeout)
	defer cancel()
	return c.Write(ctx, to.Files())
}
