package rows

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/projections"
)

// plan is what an Apply does to the table and to what is in memory. Later changes of a row replace earlier ones.
type plan struct {
	commit   uint64 // of the rows
	writes   map[Key]Write
	dropped  map[string]bool      // partitions of parts, of which nothing stays but what is in writes
	inMemory []projections.Change // to buckets and to counts of shared blobs, in their order
}

func makePlan(commit uint64, changes []projections.Change) (*plan, error) {
	p := &plan{commit: commit, writes: make(map[Key]Write, len(changes)), dropped: make(map[string]bool)}
	for _, c := range changes {
		if err := p.add(c); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *plan) add(change projections.Change) error {
	switch c := change.(type) {
	case projections.PutBucket, projections.DeleteBucket, projections.SetShared:
		p.inMemory = append(p.inMemory, change)
	case projections.PutObject:
		return p.put(objectKey(c.Object.Bucket, c.Object.Key), c.Object)
	case projections.DeleteObject:
		p.remove(objectKey(c.Bucket, c.Key))
	case projections.PutVersion:
		return p.put(versionKey(c.Version.Bucket, c.Version.Key, c.Version.Version), c.Version)
	case projections.DeleteVersion:
		p.remove(versionKey(c.Bucket, c.Key, c.Version))
	case projections.PutUpload:
		return p.put(uploadKey(c.Upload.Bucket, c.Upload.Key, c.Upload.ID), c.Upload)
	case projections.DeleteUpload:
		p.remove(uploadKey(c.Bucket, c.Key, c.ID))
		parts := partsOf(c.ID)
		for key := range p.writes {
			if key.Partition == parts {
				delete(p.writes, key)
			}
		}
		p.dropped[parts] = true
	case projections.PutPart:
		return p.put(partKey(c.Part.Upload, c.Part.Number), c.Part)
	case projections.PutGarbage:
		return p.put(garbageKey(c.Garbage), c.Garbage)
	case projections.DeleteGarbage:
		p.remove(garbageKey(c.Garbage))
	default:
		return fmt.Errorf("unknown change %T", change)
	}
	return nil
}

func (p *plan) put(key Key, record any) error {
	write, err := putOf(key, p.commit, record)
	p.writes[key] = write
	return err
}

func (p *plan) remove(key Key) { p.writes[key] = removalOf(key, p.commit) }

// drop adds the removal of what a table has in the dropped partitions.
func (p *plan) drop(ctx context.Context, r reader) error {
	const page = 1000
	for partition := range p.dropped {
		for from, more := "", true; more; {
			found, err := scanRows(ctx, r, partition, from, "", page)
			if err != nil {
				return err
			}
			for _, row := range found {
				if _, again := p.writes[row.Key]; !again {
					p.remove(row.Key)
				}
				from = row.Sort + "\x00"
			}
			more = len(found) == page
		}
	}
	return nil
}

// list returns the writes, and their keys.
func (p *plan) list() (writes []Write, keys []Key) {
	for key, write := range p.writes {
		writes, keys = append(writes, write), append(keys, key)
	}
	return writes, keys
}

func putOf(key Key, commit uint64, record any) (Write, error) {
	text, err := json.Marshal(record, json.Deterministic(true))
	if err != nil {
		return Write{}, fmt.Errorf("row %q of %s: %w", key.Sort, key.Partition, err)
	}
	return Write{Row: Row{Key: key, Commit: commit, Record: string(text)}}, nil
}

func removalOf(key Key, commit uint64) Write {
	return Write{Row: Row{Key: key, Commit: commit}, Remove: true}
}
