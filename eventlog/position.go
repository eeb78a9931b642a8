package eventlog

import "fmt"

// Position names a commit in a log: everything up to and including it. The zero Position is before the first commit of
// any log.
type Position struct {
	Log  string `json:"log"`  // id of the log
	Seq  uint64 `json:"seq"`  // sequence of the commit in the log; the first is 1
	Hash string `json:"hash"` // hex SHA-256 of the commit, which holds the hash of the one before: a chain
}

// IsZero tells whether p is before the first commit.
func (p Position) IsZero() bool { return p == Position{} }

func (p Position) String() string {
	if p.IsZero() {
		return "the beginning"
	}
	return fmt.Sprintf("%s/%d/%.12s", p.Log, p.Seq, p.Hash)
}
