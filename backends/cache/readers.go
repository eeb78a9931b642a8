package cache

import (
	"sync"

	"github.com/bleepstore/bleepstore/backends"
)

// readers knows who reads which blob, and which blobs are being deleted.
type readers struct {
	mu    sync.Mutex
	blobs map[backends.ID]*users
}

// users is what is going on with a blob.
type users struct {
	open    map[*reader]struct{}
	deletes int // that are under way
}

func newReaders() readers { return readers{blobs: map[backends.ID]*users{}} }

// of finds the users of a blob, or begins to know them.
func (s *readers) of(id backends.ID) *users {
	u := s.blobs[id]
	if u == nil {
		u = &users{open: map[*reader]struct{}{}}
		s.blobs[id] = u
	}
	return u
}

// tidy forgets a blob with which nothing is going on.
func (s *readers) tidy(id backends.ID, u *users) {
	if len(u.open) == 0 && u.deletes == 0 {
		delete(s.blobs, id)
	}
}

// add adds a reader, unless its blob is being deleted.
func (s *readers) add(r *reader) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.of(r.id)
	if u.deletes > 0 {
		return false
	}
	u.open[r] = struct{}{}
	return true
}

func (s *readers) remove(r *reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.of(r.id)
	delete(u.open, r)
	s.tidy(r.id, u)
}

// beginDelete returns the readers of blobs that are about to be deleted. There are no new ones until endDelete.
func (s *readers) beginDelete(ids []backends.ID) (open []*reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		u := s.of(id)
		u.deletes++
		for r := range u.open {
			open = append(open, r)
		}
	}
	return open
}

func (s *readers) endDelete(ids []backends.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		u := s.of(id)
		u.deletes--
		s.tidy(id, u)
	}
}
