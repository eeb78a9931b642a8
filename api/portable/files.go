package portable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/projections"
)

// copies is how many objects are copied at once: small ones share their fsyncs.
const copies = 32

// tree is the folder of an export. All paths in it are relative, and none leads out of it.
type tree struct {
	dir  string
	root *os.Root
}

func openTree(dir string) (*tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &tree{dir, root}, nil
}

func (t *tree) close() error { return t.root.Close() }

func (t *tree) mkdir(name string) error { return t.root.MkdirAll(name, 0o700) }

// create makes a file that is not there yet, and the folders that it is in.
func (t *tree) create(name string) (*os.File, error) {
	const flags = os.O_CREATE | os.O_EXCL | os.O_WRONLY
	file, err := t.root.OpenFile(name, flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err := t.mkdir(path.Dir(name)); err != nil {
			return nil, err
		}
		file, err = t.root.OpenFile(name, flags, 0o600)
	}
	return file, err
}

// takesNoName tells whether an error of create is about the name: a file is where a folder is to be or the other way round, or
// the file system does not tell it from another name, or does not have such names.
func takesNoName(err error) bool {
	for _, reason := range []error{fs.ErrExist, syscall.ENOTDIR, syscall.EISDIR, syscall.ENAMETOOLONG, syscall.EINVAL, syscall.EILSEQ} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

// object begins to copy the bytes of an object to a file, and returns its path if that is not the place of the key. Files are
// made in the order of keys, so that it is always the same one of two that is in its place.
func (e *exporter) object(ctx context.Context, object *projections.Object) (escaped string, err error) {
	if e.options.MetadataOnly {
		return "", nil
	}
	name, plain := plainPath(object.Bucket, object.Key)
	var file *os.File
	if plain {
		file, err = e.tree.create(name)
		plain = err == nil || !takesNoName(err)
	}
	if !plain {
		e.exported.Escaped++
		escaped = escapedPath(object.Bucket, object.Key)
		name = escaped
		file, err = e.tree.create(name)
	}
	if err != nil {
		return "", err
	}
	e.copy(ctx, projections.PutObject{Object: object}, object.Size, name, file)
	return escaped, nil
}

// part begins to copy the bytes of a part to a file.
func (e *exporter) part(ctx context.Context, part *projections.Part) error {
	if e.options.MetadataOnly {
		return nil
	}
	name := partPath(part.Upload, part.Number)
	file, err := e.tree.create(name)
	if err != nil {
		return err
	}
	e.copy(ctx, projections.PutPart{Part: part}, part.Size, name, file)
	return nil
}

// copy copies the bytes of a record to a new file, beside others. What cannot be read is left out; that it cannot be written
// is an error.
func (e *exporter) copy(ctx context.Context, record projections.Change, size int64, name string, file *os.File) {
	e.copying.Go(func() error {
		defer file.Close()
		blob, err := e.copyBlobs(ctx, record, file)
		switch {
		case err == nil:
			err = file.Sync()
		case blob != nil && ctx.Err() == nil:
			e.leaveOut(api.Damage{NamedBlob: *blob, Err: err})
			err = e.tree.root.Remove(name)
		}
		e.add(size)
		if err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		return nil
	})
}

// copyBlobs writes the blobs of a record behind each other, and returns the one that cannot be read, if that is the error.
func (e *exporter) copyBlobs(ctx context.Context, record projections.Change, to io.Writer) (*api.NamedBlob, error) {
	named, err := e.service.NamedBlobs(ctx, record)
	if err != nil {
		return &named[0], err
	}
	for i := range named {
		if isManifest(record, named[i].Blob) {
			continue
		}
		from, err := e.service.OpenBlob(ctx, named[i].Blob)
		if err != nil {
			return &named[i], err
		}
		source := &files.Source{R: from}
		_, err = io.Copy(struct{ io.Writer }{to}, source)
		from.Close()
		if source.Err != nil {
			return &named[i], source.Err
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// isManifest tells whether a blob of a record has no bytes of the object, but names those that do.
func isManifest(record projections.Change, blob eventlog.Blob) bool {
	put, ok := record.(projections.PutObject)
	return ok && put.Object.Manifest != nil && put.Object.Manifest.ID == blob.ID
}

// openFile is a file that is read.
type openFile struct {
	*os.File
	size int64
}

// open opens a regular file, that is, no symbolic link and nothing else. It goes through none either.
func (t *tree) open(name string) (*openFile, error) {
	for i := range len(name) {
		if name[i] != '/' {
			continue
		}
		if info, err := t.root.Lstat(name[:i]); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return nil, fmt.Errorf("%s is a symbolic link, and %s is not read", name[:i], name)
		}
	}
	info, err := t.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file, and is not read", name)
	}
	file, err := t.root.Open(name)
	if err != nil {
		return nil, err
	}
	return &openFile{file, info.Size()}, nil
}

// opener opens the first file that is there, which must have a size. Its errors, and those of reading, are about what is
// imported: they are an *api.Error.
func (t *tree) opener(size int64, paths ...string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		for _, name := range paths {
			file, err := t.open(name)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				continue
			case err != nil:
				return nil, unreadable(err)
			case file.size != size:
				file.Close()
				return nil, api.Errorf(api.IncompleteBody, "%s has %d bytes instead of %d", name, file.size, size)
			}
			return &importedFile{file.File}, nil
		}
		return nil, api.Errorf(api.NoSuchKey, "there is no file %s", paths[0])
	}
}

func unreadable(err error) error { return &api.Error{Code: api.InvalidRequest, Cause: err} }

// importedFile is a file whose bytes are imported.
type importedFile struct{ file *os.File }

func (f *importedFile) Read(p []byte) (int, error) {
	n, err := f.file.Read(p)
	if err != nil && err != io.EOF {
		err = unreadable(err)
	}
	return n, err
}

func (f *importedFile) Close() error { return f.file.Close() }
