package rebase_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/apitest"
	"github.com/bleepstore/bleepstore/api/rebase"
	"github.com/bleepstore/bleepstore/api/transfer"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/claim"
	"github.com/bleepstore/bleepstore/backends/memory"
	"github.com/bleepstore/bleepstore/backends/moving"
	"github.com/bleepstore/bleepstore/internal/files"
)

// switched starts a server whose blobs were moved from "old" to "new", where the last claim could not be written.
func switched(t *testing.T) (s rebase.Server, older, newer backends.Backend) {
	t.Helper()
	older, newer = memory.New(1<<20), memory.New(1<<20)
	s.Blobs = moving.New(moving.Storage{Backend: newer, Name: "new"})
	service, _, log := apitest.New(t, api.Config{Region: "us-east-1", Blobs: s.Blobs})
	s.Service, s.Log = service, log.ID()
	setClaim(t, older, claim.Claim{Log: s.Log, MovedTo: "new"})
	setClaim(t, newer, claim.Claim{Log: s.Log, MovingFrom: "old"})
	return s, older, newer
}

func setClaim(t *testing.T, b backends.Backend, c claim.Claim) {
	t.Helper()
	if err := c.Write(t.Context(), b.Files()); err != nil {
		t.Fatal(err)
	}
}

func wantClaim(t *testing.T, what string, b backends.Backend, want claim.Claim) {
	t.Helper()
	if got, err := claim.Read(t.Context(), b.Files()); err != nil || got == nil || *got != want {
		t.Errorf("the claim of the %s storage is %+v, %v, want %+v", what, got, err, want)
	}
}

func target(name string, b backends.Backend) rebase.Target {
	return rebase.Target{Name: name, Open: func() (backends.Backend, error) { return b, nil }}
}

// silent is a report to nobody.
type silent struct{}

func (silent) Damaged(api.Damage)          {}
func (silent) Lost(backends.ID, error)     {}
func (silent) Bytes(int64, int64)          {}
func (silent) Passed(int, transfer.Copied) {}

// The command that could not write the last claim can be run again while the server runs.
func TestLastClaimIsWrittenAgain(t *testing.T) {
	s, _, newer := switched(t)
	moved, err := rebase.Run(t.Context(), s, target("new", newer), silent{})
	if err != nil || moved.From != "old" || moved.To != "new" {
		t.Errorf("moved %+v, %v", moved, err)
	}
	wantClaim(t, "new", newer, claim.Claim{Log: s.Log})
	if _, err := rebase.Run(t.Context(), s, target("new", newer), silent{}); err == nil {
		t.Error("once more, there is something to do")
	}
}

// Where blobs are moved back instead, there is a storage with which a server starts at every moment.
func TestMoveBackBeforeTheLastClaim(t *testing.T) {
	s, older, newer := switched(t)
	broken := errors.New("no claims here")
	if _, err := rebase.Run(t.Context(), s, target("old", claimless{older, broken}), silent{}); !errors.Is(err, broken) {
		t.Fatalf("got %v, want the error of the storage", err)
	}
	wantClaim(t, "new", newer, claim.Claim{Log: s.Log})

	if _, err := rebase.Run(t.Context(), s, target("old", older), silent{}); err != nil {
		t.Fatal(err)
	}
	wantClaim(t, "new", newer, claim.Claim{Log: s.Log, MovedTo: "old"})
	wantClaim(t, "old", older, claim.Claim{Log: s.Log})
}

// claimless is a backend whose files cannot be written. It is not closed.
type claimless struct {
	backends.Backend
	err error
}

func (c claimless) Close() error       { return nil }
func (c claimless) Files() files.Files { return unwritable{c.Backend.Files(), c.err} }

type unwritable struct {
	files.Files
	err error
}

func (u unwritable) Put(context.Context, string, io.Reader) error { return u.err }
