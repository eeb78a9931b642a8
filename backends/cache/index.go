package cache

import (
	"math"
	"strings"
	"sync"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// index knows the length in bytes of each piece that is there, and the order in which they were used.
type index struct {
	mu      sync.Mutex
	lengths *simplelru.LRU[piece, int]
	tails   map[backends.ID]tail // of blobs of which other pieces than the first are there
}

// tail is what is there of a blob behind its first piece.
type tail struct {
	pieces int
	last   int64 // no piece has a higher number
}

func newIndex() *index {
	// The bytes are what is bounded. The constructor refuses nothing but a size of 0.
	lengths, _ := simplelru.NewLRU[piece, int](math.MaxInt, nil)
	return &index{lengths: lengths, tails: map[backends.ID]tail{}}
}

// use makes a piece the one that was used last, if it is there.
func (x *index) use(p piece) (length int, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.lengths.Get(p)
}

// has tells whether the first n bytes of a piece are there.
func (x *index) has(p piece, n int) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	length, ok := x.lengths.Peek(p)
	return ok && length >= n
}

// gapEnd is where the next piece behind p begins that is there as far as a range needs it that goes on to end; or else end.
func (x *index) gapEnd(p piece, end int64) int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	last := min(x.tails[p.id].last, (end-1)/pieceSize)
	for next := (piece{p.id, p.number + 1}); next.number <= last; next.number++ {
		if length, ok := x.lengths.Peek(next); ok && length >= next.needed(end) {
			return next.start()
		}
	}
	return end
}

// add adds a piece, or gives it another length, and returns the one that it had.
func (x *index) add(p piece, length int) (old int, replaced bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	old, replaced = x.lengths.Peek(p)
	if !replaced {
		p.id = backends.ID(strings.Clone(string(p.id))) // which may be part of something larger
		if p.number > 0 {
			t := x.tails[p.id]
			x.tails[p.id] = tail{t.pieces + 1, max(t.last, p.number)}
		}
	}
	x.lengths.Add(p, length)
	return old, replaced
}

// remove removes a piece and returns the length that it had.
func (x *index) remove(p piece) (length int, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if length, ok = x.lengths.Peek(p); !ok {
		return 0, false
	}
	x.lengths.Remove(p)
	if p.number > 0 {
		t := x.tails[p.id]
		if t.pieces--; t.pieces > 0 {
			x.tails[p.id] = t
		} else {
			delete(x.tails, p.id)
		}
	}
	return length, true
}

// oldest is the piece that was not used for the longest time.
func (x *index) oldest() (p piece, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	p, _, ok = x.lengths.GetOldest()
	return p, ok
}

// of lists the pieces of a blob.
func (x *index) of(id backends.ID) (pieces []piece) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for n := range x.tails[id].last + 1 {
		if p := (piece{id, n}); x.lengths.Contains(p) {
			pieces = append(pieces, p)
		}
	}
	return pieces
}

// count is the number of pieces.
func (x *index) count() int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return int64(x.lengths.Len())
}
