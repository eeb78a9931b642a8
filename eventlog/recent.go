package eventlog

// Limits of recent: enough for a follower that is a few commits behind.
const (
	maxRecentCommits = 64
	maxRecentBytes   = 1 << 20
)

// recent keeps the last commits that this process appended, as they are on disk. The follower whose progress writers wait
// for reads them from here, without another way through the server.
type recent struct {
	commits [][]byte // without a gap; the last one is the head of the log
	head    uint64   // sequence of the last one
	bytes   int
}

func (r *recent) add(seq uint64, commit []byte) {
	r.commits = append(r.commits, commit)
	r.head = seq
	r.bytes += len(commit)
	for len(r.commits) > 1 && (len(r.commits) > maxRecentCommits || r.bytes > maxRecentBytes) {
		r.bytes -= len(r.commits[0])
		r.commits[0] = nil
		r.commits = r.commits[1:]
	}
}

// from returns the commits from seq on; none if some of them are not here.
func (r *recent) from(seq uint64) [][]byte {
	if seq > r.head || r.head-seq >= uint64(len(r.commits)) {
		return nil
	}
	return append([][]byte(nil), r.commits[len(r.commits)-1-int(r.head-seq):]...)
}
