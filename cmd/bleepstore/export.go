package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"github.com/bleepstore/bleepstore/api/portable"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/internal/control"
)

// The arguments of the task "export", beside argDir.
const (
	argSecrets      = "secrets"
	argMetadataOnly = "metadata-only"
)

func runExport(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newConfigFlags("export")
	secrets := flags.Bool("with-secrets", false, "include the secret keys of the configuration, in plain text")
	metadataOnly := flags.Bool("metadata-only", false, "write metadata.json, and no objects")
	c, dir, err := flags.loadWith("DIR", args, stderr)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	return runTask(ctx, c, "export", map[string]string{
		argDir: dir, argSecrets: strconv.FormatBool(*secrets), argMetadataOnly: strconv.FormatBool(*metadataOnly),
	}, stdout, stderr)
}

// exportTo exports to a folder. That some objects are damaged is an error, but not that of the export, which has the rest.
func exportTo(ctx context.Context, w *work) error {
	o := portable.Options{
		Source:       "bleepstore/" + version(),
		Credentials:  credentialsOf(w.config, w.args[argSecrets] == "true"),
		MetadataOnly: w.args[argMetadataOnly] == "true",
	}
	exported, err := portable.Export(ctx, portable.Server{Service: w.service, Store: w.store}, w.args[argDir], o, &portableReport{out: w.out})
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "%s has an export as of %v: %s\n", w.args[argDir], exported.Position, countedText(exported.Counted))
	if exported.Versions+exported.Markers > 0 {
		fmt.Fprintf(w.out, "Not exported, since the form has no place for them: %d versions that are not current, %d delete markers\n",
			exported.Versions, exported.Markers)
	}
	if exported.Escaped > 0 {
		fmt.Fprintf(w.out, "%d objects have keys that cannot be names of files beside the others, and are in .keys: metadata.json says where\n",
			exported.Escaped)
	}
	if exported.LeftOut > 0 {
		return fmt.Errorf("%d objects or parts cannot be read, and all else was exported: restore them from another copy, or delete them",
			exported.LeftOut)
	}
	return nil
}

// credentialsOf are the credentials of a configuration.
func credentialsOf(c *config.Config, secrets bool) []portable.Credential {
	list := make([]portable.Credential, len(c.Auth.Credentials))
	for i, credential := range c.Auth.Credentials {
		account := credential.Account()
		list[i] = portable.Credential{AccessKey: credential.AccessKey, ID: account.ID, Name: account.Name}
		if secrets {
			list[i].SecretKey = credential.SecretKey
		}
	}
	return list
}

func countedText(c portable.Counted) string {
	return fmt.Sprintf("%d buckets, %d objects, and %d uploads in progress with %d parts; %d bytes",
		c.Buckets, c.Objects, c.Uploads, c.Parts, c.Bytes)
}

// maxTold is how many things are told one by one.
const maxTold = 1000

// portableReport shows how an export or an import goes on.
type portableReport struct {
	out  control.Reporter
	told int
}

// LeftOut implements portable.Report.
func (r *portableReport) LeftOut(err error) { r.tell("Left out: " + err.Error()) }

// Note implements portable.Report.
func (r *portableReport) Note(text string) { r.tell(text) }

func (r *portableReport) tell(text string) {
	if r.told++; r.told == maxTold {
		text = "and more, which are not told one by one"
	}
	if r.told <= maxTold {
		fmt.Fprintln(r.out, text)
	}
}

// Bytes implements portable.Report.
func (r *portableReport) Bytes(done, total int64) {
	r.out.Progress(control.Progress{Done: uint64(done), Total: uint64(total), Unit: "bytes"})
}
