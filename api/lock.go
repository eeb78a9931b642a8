package api

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
)

// locks are named read-write locks, made when first claimed and dropped when last released.
//
// Every command holds its locks from before it reads the store until its events are applied there. That is why a
// decision may rely on what it read: nobody else changes it in between.
type locks struct {
	mu    sync.Mutex
	named map[string]*lock
}

type lock struct {
	sync.RWMutex
	claims int // held or waited for; under locks.mu
}

// claim is a wish for one lock.
type claim struct {
	name      string
	exclusive bool
}

// The names of buckets, keys and parts sort in this order, which is the order in which they are locked.

func bucketLock(bucket string, exclusive bool) claim {
	return claim{"b/" + bucket, exclusive}
}

func keyLock(bucket, key string, exclusive bool) claim {
	return claim{"k/" + bucket + "/" + key, exclusive}
}

func partLock(upload string, number int) claim {
	return claim{"p/" + upload + "/" + strconv.Itoa(number), true}
}

// acquire waits for all claims and returns what releases them. Everybody acquires all of their locks at once and in
// the order of the names, so no two can wait for each other. Of several claims to one name, an exclusive one wins.
func (l *locks) acquire(claims ...claim) (release func()) {
	slices.SortFunc(claims, func(a, b claim) int {
		return cmp.Or(cmp.Compare(a.name, b.name), compareExclusive(a, b))
	})
	claims = slices.CompactFunc(claims, func(a, b claim) bool { return a.name == b.name })
	held := make([]*lock, len(claims))
	for i, c := range claims {
		held[i] = l.join(c.name)
		if c.exclusive {
			held[i].Lock()
		} else {
			held[i].RLock()
		}
	}
	return func() {
		for i, c := range claims {
			if c.exclusive {
				held[i].Unlock()
			} else {
				held[i].RUnlock()
			}
			l.leave(c.name)
		}
	}
}

// compareExclusive puts an exclusive claim before a shared one.
func compareExclusive(a, b claim) int {
	switch {
	case a.exclusive == b.exclusive:
		return 0
	case a.exclusive:
		return -1
	default:
		return 1
	}
}

func (l *locks) join(name string) *lock {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.named == nil {
		l.named = make(map[string]*lock)
	}
	n := l.named[name]
	if n == nil {
		n = new(lock)
		l.named[name] = n
	}
	n.claims++
	return n
}

func (l *locks) leave(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.named[name]
	if n.claims--; n.claims == 0 {
		delete(l.named, name)
	}
}
