package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/portable"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// The arguments of the task that imports a bucket.
const (
	argFrom = "from" // its URL
	argTo   = "to"   // the bucket here
)

func runImport(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newConfigFlags("import")
	from := flags.String("from", "", "instead of DIR: take over the objects below `URL` (s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or "+
		"azblob://CONTAINER/PREFIX), with the settings of storage.s3, gcs or azblob; their bytes stay where they are, and must not change")
	to := flags.String("to", "", "with --from: into `BUCKET`, which is made if it is not there (default one of the same name)")
	fromBlobs := flags.Bool("from-blobs", false, "instead of DIR, when the log and the metadata are lost: make objects of the blobs in "+
		"the storage, in a cloud, of a stopped server")
	flags.enough = func() bool { return *from != "" || *fromBlobs }
	c, dir, err := flags.loadWith("DIR", args, stderr)
	switch {
	case err != nil:
		return err
	case *from != "" && *fromBlobs || *to != "" && *from == "":
		return errors.New("import: --from and --from-blobs do not go together, and --to goes with --from only")
	case *fromBlobs:
		return rebuildFromBlobs(ctx, c, stdout, stderr)
	case *from != "":
		return runTask(ctx, c, importElsewhereTask, map[string]string{argFrom: *from, argTo: *to}, stdout, stderr)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	return runTask(ctx, c, importTask, map[string]string{argDir: dir}, stdout, stderr)
}

// importFrom imports from a folder. That something is left out is an error, but not that of the import, which has the rest.
func importFrom(ctx context.Context, w *work) (err error) {
	service, end, err := w.importing(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	server := portable.Server{Service: service, Store: w.store}
	imported, err := portable.Import(ctx, server, w.args[argDir], credentialsOf(w.config, false), &portableReport{out: w.out})
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "Imported from %s: %s\n", w.args[argDir], countedText(imported.Counted))
	if imported.Present > 0 {
		fmt.Fprintf(w.out, "%d objects and parts were there already\n", imported.Present)
	}
	if imported.Markers > 0 {
		fmt.Fprintf(w.out, "%d delete markers are not imported: their keys have no object\n", imported.Markers)
	}
	if err := w.tellMissing(imported.Missing); err != nil {
		return err
	}
	return leftOutError(imported.LeftOut)
}

// leftOutError is the error of an import that has left things out, and else nil.
func leftOutError(n int64) error {
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d things were left out, for the reasons above, and all else was imported: "+
		"see to them, and run the command again to import these alone", n)
}

// importing returns the service to import to, and what ends it.
func (w *work) importing(ctx context.Context) (service *api.Service, end func() error, err error) {
	if !w.stopped {
		return w.service, func() error { return nil }, nil
	}
	if w.config.Ephemeral() {
		return nil, nil, fmt.Errorf("blobs in %s do not survive: import to the server while it runs", w.config.Storage.Backend)
	}
	service, end = w.deciding(ctx)
	return service, end, nil
}

// deciding returns a service that makes decisions on the parts of a server that is stopped, and what ends it.
func (w *work) deciding(ctx context.Context) (service *api.Service, end func() error) {
	projector := projections.NewProjector(w.source(), w.store)
	running, stop := context.WithCancel(context.WithoutCancel(ctx)) // decisions under way run to their end
	ended := make(chan error, 1)
	go func() { ended <- projector.Run(running) }()
	service = api.New(api.Config{
		Region: w.config.Server.Region, Ownership: eventlog.Ownership(w.config.Server.ObjectOwnership), Account: w.config.Auth.Owner,
		Log: w.log, Applied: projector, Store: w.store, Blobs: w.blobs, Elsewhere: w.elsewhere,
	})
	return service, func() error {
		stop()
		return <-ended
	}
}

// tellMissing says which credentials the configuration lacks, as it would have them: but for the secrets, which nothing
// that is printed has.
func (w *work) tellMissing(missing []portable.Credential) error {
	if len(missing) == 0 {
		return nil
	}
	var auth config.Auth
	for _, c := range missing {
		auth.Credentials = append(auth.Credentials, config.Credential{AccessKey: c.AccessKey, ID: c.ID, Name: c.Name})
	}
	lines, err := yaml.Marshal(auth.Credentials)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "Credentials are not imported. For the accounts of the export to be there, auth.credentials in the configuration "+
		"needs these, with a secret_key each:\n%s", lines)
	return nil
}
