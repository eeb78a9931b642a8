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

func runImport(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, dir, err := newConfigFlags("import").loadWith("DIR", args, stderr)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	return runTask(ctx, c, importTask, map[string]string{argDir: dir}, stdout, stderr)
}

// importFrom imports from a folder. That something is left out is an error, but not that of the import, which has the rest.
func importFrom(ctx context.Context, w *work) (err error) {
	service := w.service
	if w.stopped {
		if w.config.Ephemeral() {
			return fmt.Errorf("blobs in %s do not survive: import to the server while it runs", w.config.Storage.Backend)
		}
		decide, end := w.deciding(ctx)
		defer func() { err = errors.Join(err, end()) }()
		service = decide
	}
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
	if imported.LeftOut > 0 {
		return fmt.Errorf("%d things were left out, for the reasons above, and all else was imported: "+
			"see to them, and run the command again to import these alone", imported.LeftOut)
	}
	return nil
}

// deciding returns a service that makes decisions on the parts of a server that is stopped, and what ends it.
func (w *work) deciding(ctx context.Context) (service *api.Service, end func() error) {
	projector := projections.NewProjector(source{w.log, w.archiver}, w.store)
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
