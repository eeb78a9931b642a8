package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bleepstore/bleepstore/api/adopt"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/control"
)

// importElsewhere takes over the objects of a bucket in a cloud. That something is left out is an error, but not that of the
// import, which has the rest.
func importElsewhere(ctx context.Context, w *work) (err error) {
	from := w.args[argFrom]
	scheme, rest, found := strings.Cut(from, "://")
	name, _, isPrefix := strings.Cut(rest, "/")
	settings, known := settingsOf[scheme]
	if !found || !known || name == "" {
		return fmt.Errorf("import --from %q: must be s3://BUCKET, gs://BUCKET or azblob://CONTAINER, or any of them with /PREFIX", from)
	}
	if !isPrefix {
		from += "/"
	}
	if own := w.config.BlobURL(); own != "" && (strings.HasPrefix(own, from) || strings.HasPrefix(from, own)) {
		return fmt.Errorf("import --from %s: the blobs of this server are in %s, and no object is made of those: give a prefix of others", from, own)
	}
	service, end, err := w.importing(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	to := cmp.Or(w.args[argTo], name)
	adopted, err := adopt.Elsewhere(ctx, w.adoptTo(service), w.elsewhere, from, to, adoptReport{&portableReport{out: w.out}})
	if errors.Is(err, backends.ErrUnavailable) {
		err = fmt.Errorf("%w; of the configuration, %s are for this too, whatever storage.backend is", err, settings)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "Took over from %s: %d objects with %d bytes, which stay there, into bucket %q\n", from, adopted.Objects, adopted.Bytes, to)
	if adopted.Present > 0 {
		fmt.Fprintf(w.out, "%d objects were there already\n", adopted.Present)
	}
	return leftOutError(adopted.LeftOut)
}

// settingsOf are the settings with which buckets are read, by the schemes of their URLs.
var settingsOf = map[string]string{
	"s3":     "storage.s3.endpoint, region, path_style, access_key and secret_key",
	"gs":     "storage.gcs.endpoint and credentials_file",
	"azblob": "storage.azblob.account, endpoint, key, sas and connection_string",
}

// adoptReport shows how the making of objects goes on.
type adoptReport struct{ *portableReport }

// Progress implements adopt.Report.
func (r adoptReport) Progress(done, total int64, unit string) {
	r.out.Progress(control.Progress{Done: uint64(done), Total: uint64(total), Unit: unit})
}
