package eventlog

import (
	"slices"
	"sync"
)

// Limits of recent: enough for a follower that is a few commits behind.
const (
	maxRecentCommits = 64
	maxRecentBytes   = 1 << 20
)

// recent keeps the last commits that this process appended. The follower whose progress writers wait for reads them from
// here, without another way through the server.
type recent struct {
	commits []*recentCommit // without a gap; the last one is the head of the log
	head    uint64          // sequence of the last one
	bytes   int
}

func (r *recent) add(seq uint64, data []byte) {
	r.commits = append(r.commits, &recentCommit{data: data})
	r.head = seq
	r.bytes += len(data)
	for len(r.commits) > 1 && (len(r.commits) > maxRecentCommits || r.bytes > maxRecentBytes) {
		r.bytes -= len(r.commits[0].data)
		r.commits[0] = nil
		r.commits = r.commits[1:]
	}
}

// from returns the commits from seq on; none if some of them are not here.
func (r *recent) from(seq uint64) []*recentCommit {
	if seq > r.head || r.head-seq >= uint64(len(r.commits)) {
		return nil
	}
	return slices.Clone(r.commits[len(r.commits)-1-int(r.head-seq):])
}

// recentCommit is a commit as it is on disk, which is decoded once for all who follow the log closely.
type recentCommit struct {
	data   []byte
	once   sync.Once
	commit Commit
	err    error
}

// decode is decodeCommit. All readers that come to the commit have the same prev, that of the commit before.
func (c *recentCommit) decode(log string, prev Position) (Commit, error) {
	c.once.Do(func() { c.commit, c.err = decodeCommit(c.data, log, prev) })
	return c.commit, c.err
}
