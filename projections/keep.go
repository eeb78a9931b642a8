package projections

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/files"
)

// keptName is the file of Keep.
const keptName = "totals.json"

// kept is how much there was as of a commit.
type kept struct {
	Position eventlog.Position `json:"position"`
	Buckets  int64             `json:"buckets"`
	Objects  int64             `json:"objects"`
	Bytes    int64             `json:"bytes"`
}

// Keep writes down how many buckets and objects there are as of a position, for Kept.
func Keep(ctx context.Context, folder files.Files, position eventlog.Position, t Totals) error {
	data, err := json.Marshal(kept{position, t.Buckets, t.Objects, t.Bytes})
	if err == nil {
		err = folder.Put(ctx, keptName, bytes.NewReader(data))
	}
	if err != nil {
		return fmt.Errorf("keep the numbers of objects: %w", err)
	}
	return nil
}

// Kept returns what Keep has written down, if that was as of the position. Nothing else may be believed: what was written to the
// log behind it does not tell how many objects it has replaced.
func Kept(ctx context.Context, folder files.Files, position eventlog.Position) (t Totals, found bool, err error) {
	file, err := folder.Get(ctx, keptName)
	if errors.Is(err, fs.ErrNotExist) {
		return Totals{}, false, nil
	}
	var k kept
	if err == nil {
		defer file.Close()
		err = json.UnmarshalRead(file, &k, json.RejectUnknownMembers(true))
	}
	if err != nil {
		return Totals{}, false, fmt.Errorf("read the numbers of objects that were kept: %w", err)
	}
	return Totals{Buckets: k.Buckets, Objects: k.Objects, Bytes: k.Bytes}, k.Position == position, nil
}
