// Package rebase moves all blobs of a server, and the files beside them, from the storage in use to another one, while the server
// serves.
//
// Blobs are copied in passes over the records of the metadata: the first takes all, each further one what is new since, until
// little is. Then new blobs are put into both storages for as long as it takes to copy the rest, and the other storage is taken
// into use: see package moving. What is moved, to where, and how far that has come, is in claims beside the blobs:
//
//	             where they were        where they go
//	before       {log}                  none, or {log, moved_to} of a move into the other direction
//	copying      {log}                  {log, moving_from}
//	decided      {log, moved_to}        {log, moving_from}
//	after        {log, moved_to}        {log}
//
// Invariant: when it is decided, both storages have everything, and since then nothing is written that only the old one has. So a
// move that was cut short there is ended by the last claim alone. Before, the old storage alone has everything, and a server goes
// on with it whatever happens; the next move skips what was copied.
package rebase

import (
	"context"
	"errors"
	"fmt"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/transfer"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/moving"
	"github.com/bleepstore/bleepstore/eventlog"
)

const (
	// few is how many blobs a pass copies at most that is the last before new blobs are put into both storages.
	few = 1000
	// maxPasses bounds the passes before that: where clients write as fast as blobs are copied, a pass is never small.
	maxPasses = 10
	// maxTails is how often what is left is copied while new blobs are put into both storages, where they cannot be put.
	maxTails = 3
)

// Server is what is moved.
type Server struct {
	Service *api.Service
	Blobs   *moving.Backend
	Log     string // id of the log
}

// Target is where blobs are moved to.
type Target struct {
	Name string // see moving.Storage
	Open func() (backends.Backend, error)
}

// Report is told how a move goes on, by one goroutine at a time.
type Report interface {
	// Damaged is told of each blob whose bytes are missing or not what was stored.
	Damaged(api.Damage)
	// Lost is told of each blob that cannot be copied, and that no object needs any more: a snapshot may name it.
	Lost(id backends.ID, err error)
	// Bytes is told how many of the bytes of all objects are copied, or were there already, in the first pass.
	Bytes(done, total int64)
	// Passed is told what a pass has copied.
	Passed(pass int, copied transfer.Copied)
}

// Moved says what was moved.
type Moved struct {
	From, To string
	transfer.Copied
}

// Run moves the blobs of a server. On an error, the storage in use is the one that it was, unless the error says otherwise. While
// blobs are damaged that something names, they are not moved.
func Run(ctx context.Context, s Server, target Target, report Report) (moved Moved, err error) {
	ctx = backends.Once(ctx)
	if from, err := claimInUse(ctx, s, target.Name); err != nil || from != "" {
		moved = Moved{From: from, To: target.Name}
		if err == nil {
			err = s.record(ctx, moved)
		}
		return moved, err
	}
	m, err := s.Blobs.Begin(target.Name, target.Open)
	if err != nil {
		return moved, err
	}
	r := &run{
		Server: s, move: m, report: report,
	}
	r.blobs = &transfer.Copier{From: s.Service, To: m.To(), Unreadable: r.unreadable}
	moved = Moved{From: m.From().Name, To: m.To().Name}
	defer func() { err = errors.Join(err, m.End()) }()
	decided, err := r.begin(ctx)
	if err == nil && !decided {
		err = r.copy(ctx)
	}
	if err == nil {
		err = r.end(ctx, decided)
	}
	if err != nil {
		return moved, err
	}
	moved.Copied = r.blobs.Copied()
	return moved, s.record(ctx, moved)
}

// record says in the log what was moved.
func (s Server) record(ctx context.Context, moved Moved) error {
	event := &eventlog.StorageRebased{From: moved.From, To: moved.To, Blobs: moved.Blobs, Bytes: moved.Bytes}
	if err := s.Service.RecordRebase(ctx, event); err != nil {
		return fmt.Errorf("the blobs are in %s from now on, which the log does not say: %w", moved.To, err)
	}
	return nil
}

// copy copies everything, and leaves the move with files that are frozen, and sealed.
func (r *run) copy(ctx context.Context) error {
	for pass := 1; pass <= maxPasses; pass++ {
		before := r.blobs.Copied()
		if err := r.pass(ctx); err != nil {
			return err
		}
		copied := since(before, r.blobs.Copied())
		r.report.Passed(pass, copied)
		if pass == 1 {
			if err := r.move.CopyFiles(ctx); err != nil {
				return r.failed("files", err)
			}
		} else if copied.Blobs <= few {
			break
		}
	}
	for tail := 1; ; tail++ {
		r.move.Mirror()
		err := r.tail(ctx)
		if !errors.Is(err, moving.ErrBehind) || tail == maxTails {
			return err
		}
	}
}

// tail copies what is left, and seals the move.
func (r *run) tail(ctx context.Context) error {
	// A blob that was put before blobs were mirrored is among these, or in the records that are read after them.
	for id, label := range r.Service.Undecided() {
		if _, err := r.blobs.Unnamed(ctx, r.move.From(), id, label); err != nil {
			return r.failed("new blobs", err)
		}
	}
	if err := r.pass(ctx); err != nil {
		return err
	}
	if err := r.move.Freeze(ctx); err != nil {
		return r.failed("files", err)
	}
	return r.move.Seal()
}

func since(before, now transfer.Copied) transfer.Copied {
	return transfer.Copied{Blobs: now.Blobs - before.Blobs, Bytes: now.Bytes - before.Bytes}
}

func (r *run) failed(what string, err error) error {
	return fmt.Errorf("copy %s from %s to %s: %w; nothing has changed for the server: see to the cause, and run the command again, "+
		"which skips the blobs that are there", what, r.move.From().Name, r.move.To().Name, err)
}
