package public

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/feed"
	"github.com/bleepstore/bleepstore/internal/files"
)

const (
	// progressName is the file of the progress, in the folder.
	progressName = "progress.json"
	// saveInterval is how often it is written, which bounds what is read again after a crash.
	saveInterval = 10 * time.Second
	// saveTimeout is how long the last writing may take.
	saveTimeout = 3 * time.Second
)

// progress is where publishing has come: all events up to the position are in the streams that they are for.
type progress struct {
	position     eventlog.Position
	bucketOwners map[string]string // canonical ids of the owners of all buckets, as of the position
}

// savedProgress is the form of progress in its file.
type savedProgress struct {
	Position     eventlog.Position `json:"position"`
	BucketOwners map[string]string `json:"bucket_owners"`
	Streams      map[string]mark   `json:"streams"` // by the names of their accounts
}

// mark is where a stream ended.
type mark struct {
	Seq   uint64 `json:"seq"`             // of its last message
	Event string `json:"event,omitempty"` // that the message is
}

// restore returns the progress that was saved, if it is of the log and each stream has what it says; else nil. A power cut
// may have taken messages that were acknowledged, because streams are not synced.
func (r *run) restore(ctx context.Context) *progress {
	saved, err := r.readProgress(ctx)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			r.config.Retry(fmt.Errorf("the log is read from its beginning for the public events: %w", err))
		}
		return nil
	}
	if found, err := r.config.At(ctx, saved.Position.Seq); err != nil || found != saved.Position {
		return nil
	}
	for _, a := range r.accounts {
		mark, ok := saved.Streams[a.name]
		if !ok || a.seq < mark.Seq {
			return nil
		}
		if event, err := feed.ParseID(mark.Event); err == nil && a.last.IsZero() && a.seq == mark.Seq {
			a.last.ID = event // which was in the stream until it was too old
		}
	}
	return &progress{position: saved.Position, bucketOwners: saved.BucketOwners}
}

func (r *run) readProgress(ctx context.Context) (*savedProgress, error) {
	dir, err := files.OpenDir(r.config.Dir)
	if err != nil {
		return nil, err
	}
	file, err := dir.Get(ctx, progressName)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	saved := new(savedProgress)
	if err := json.Unmarshal(data, saved); err != nil {
		return nil, fmt.Errorf("%s: %w", dir.Where(progressName), err)
	}
	return saved, nil
}

// saveSometimes saves the progress, unless that was done a moment ago.
func (r *run) saveSometimes(ctx context.Context) error {
	if len(r.owners()) == 0 || time.Since(r.saved) < saveInterval {
		return nil
	}
	r.saved = time.Now()
	return r.save(ctx)
}

// saveLast saves the progress although ctx has ended.
func (r *run) saveLast(ctx context.Context) error {
	if len(r.owners()) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	return r.save(ctx)
}

func (r *run) save(ctx context.Context) error {
	saved := savedProgress{Position: r.position, BucketOwners: r.bucketOwners, Streams: make(map[string]mark)}
	for _, a := range r.accounts {
		saved.Streams[a.name] = mark{Seq: a.seq, Event: a.last.String()}
	}
	data, err := json.Marshal(saved)
	if err != nil {
		return err
	}
	dir, err := files.OpenDir(r.config.Dir)
	if err != nil {
		return err
	}
	return dir.Put(ctx, progressName, bytes.NewReader(data))
}
