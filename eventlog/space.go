package eventlog

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// What must be free on the disk of the log, in bytes. A disk that is full while JetStream writes stops the log until the
// next start, so appends end before that.
//
// The log, the blobs and the metadata may share a disk. Then each step of a request needs less than the one before it, so
// that what was accepted can be finished, and deleting, which is the way out of a full disk, is possible for longer than
// anything that takes room:
//
//	64 MiB  to store a blob (backends/local), and beside the room for new files of metadata (projections/jsonl)
//	32 MiB  to append any event
//	16 MiB  to append events that free space, to delete small blobs, and to say that all were moved (backends/local)
//	 4 MiB  to go on applying events when the disk was full (internal/fulldisk)
const (
	appendReserve = 32 << 20
	freeReserve   = 16 << 20
)

// freesSpace tells whether an event takes nothing but its own line in the log, and gives room back: the blobs and the
// metadata of what it ends. Where such an event were refused, a full disk would stay full.
func freesSpace(data Data) bool {
	switch data.(type) {
	case *ObjectDeleted, *VersionDeleted, *UploadAborted, *BucketDeleted, *BlobsReaped, *StorageRebased:
		return true
	}
	return false
}

// onlyFree tells whether all events free space.
func onlyFree(events []Event) bool {
	for i := range events {
		if !freesSpace(events[i].Data) {
			return false
		}
	}
	return true
}

// reserve is how many bytes must be free for an append.
func (p *pending) reserve() int64 {
	if p.frees {
		return freeReserve
	}
	return appendReserve
}

// admit returns those of the appends that the disk has room for, and gives ErrNoSpace to the others. With an error it
// returns all of them, because it is one of each.
func (l *Log) admit(appends []*pending) ([]*pending, error) {
	free, err := l.free(l.dir)
	if err != nil {
		return appends, err
	}
	admitted := make([]*pending, 0, len(appends))
	for _, p := range appends {
		if reserve := p.reserve(); free < reserve {
			p.err = fmt.Errorf("%w: %s has %d bytes free, %d must stay", ErrNoSpace, l.dir, free, reserve)
			continue
		}
		admitted = append(admitted, p)
	}
	return admitted, nil
}

// freeBytes returns how many bytes unprivileged users may still write to the file system of dir.
func freeBytes(dir string) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil
}
