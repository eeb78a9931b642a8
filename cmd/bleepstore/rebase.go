package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/bleepstore/bleepstore/api/rebase"
	"github.com/bleepstore/bleepstore/api/transfer"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/claim"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// argStorage is the argument of the task "rebase" that says where to: the section storage of the command's configuration, in
// YAML. That of a server that runs may not have it yet.
const argStorage = "storage"

func runRebase(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newConfigFlags("rebase")
	places := slices.DeleteFunc(slices.Clone(config.Backends), func(name string) bool { return name == config.BackendMemory })
	to := flags.String("storage", "", "move the blobs to `BACKEND`, one of "+strings.Join(places, ", ")+
		", which the section storage of the configuration describes")
	c, err := flags.load(args, stderr)
	if err != nil {
		return err
	}
	if !slices.Contains(places, *to) {
		fmt.Fprintf(stderr, "bleepstore rebase: --storage %q: want one of %s\n", *to, strings.Join(places, ", "))
		return errUsage
	}
	target, err := c.WithStorage(*to)
	if err != nil {
		return err
	}
	storage, err := yaml.Marshal(target.Storage)
	if err != nil {
		return err
	}
	return runTask(ctx, c, "rebase", map[string]string{argStorage: string(storage)}, stdout, stderr)
}

// openToRebase opens the parts of a server that is stopped, also if a rebase was killed when the blobs were just moved: then it is
// to be ended.
func openToRebase(ctx context.Context, c *config.Config, out output) (*parts, error) {
	folder, err := openFolder(c)
	if err != nil {
		return nil, err
	}
	p, err := openUnclaimed(ctx, c, folder, out)
	if err != nil {
		return nil, err
	}
	found, err := claim.Read(ctx, p.blobs.Files())
	if err == nil && (found == nil || found.MovedTo == "" || found.Log != p.log.ID()) {
		err = p.claimBlobs(ctx, c.InCloud())
	}
	if err == nil {
		err = p.catchUp(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// rebaseStorage moves the blobs to another storage.
func rebaseStorage(ctx context.Context, w *work) (err error) {
	if w.config.Ephemeral() {
		return fmt.Errorf("blobs in %s do not survive, and neither does the log: there is nothing to move", w.config.Storage.Backend)
	}
	c := *w.config
	c.Storage = config.Storage{}
	if err := yaml.Unmarshal([]byte(w.args[argStorage]), &c.Storage); err != nil {
		return fmt.Errorf("read the settings of the storage: %w", err)
	}
	service := w.service
	if w.stopped {
		decide, end := w.deciding(ctx)
		defer func() { err = errors.Join(err, end()) }()
		service = decide
	}
	opening := context.WithoutCancel(ctx) // what is opened may keep it, and is used for longer
	target := rebase.Target{Name: c.StoragePlace(), Open: func() (backends.Backend, error) { return openRaw(opening, &c) }}
	server := rebase.Server{Service: service, Blobs: w.blobs, Log: w.log.ID()}
	moved, err := rebase.Run(ctx, server, target, rebaseReport{report{w.out}})
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "All blobs are in %s: %d with %d bytes were new there.\n"+
		"Before the next start, set storage.backend to %s. What is left in %s is not used any more, and can be removed then.\n",
		moved.To, moved.Blobs, moved.Bytes, c.Storage.Backend, moved.From)
	return nil
}

// rebaseReport shows how a rebase goes on.
type rebaseReport struct{ report }

func (r rebaseReport) Lost(id backends.ID, err error) {
	fmt.Fprintf(r.out, "Not copied, and needed by nobody but who restores an earlier state of the metadata: blob %s: %v\n", id, err)
}

func (r rebaseReport) Passed(pass int, copied transfer.Copied) {
	what := "Copied"
	if pass > 1 {
		what = "Copied of what is new"
	}
	fmt.Fprintf(r.out, "%s: %d blobs with %d bytes\n", what, copied.Blobs, copied.Bytes)
}
