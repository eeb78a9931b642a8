package api

import (
	"math/rand/v2"
	"sync"
	"testing"
)

func TestLocksExcludeWritersAndLeaveNothingBehind(t *testing.T) {
	var l locks
	counts := make([]int, 3) // guarded by the lock of the key with the same number
	name := func(i int) string { return string(rune('a' + i)) }
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 0))
			for range 500 {
				i, j := random.IntN(3), random.IntN(3)
				release := l.acquire(bucketLock("bucket", false), keyLock("bucket", name(i), true), keyLock("bucket", name(j), true))
				counts[i]++
				counts[j]++
				release()
			}
		})
	}
	workers.Wait()
	if total := counts[0] + counts[1] + counts[2]; total != 8*500*2 {
		t.Errorf("counted %d changes under locks, want %d", total, 8*500*2)
	}
	if len(l.named) != 0 {
		t.Errorf("%d locks are left that nobody holds", len(l.named))
	}
}

func TestASharedClaimOfOneCallYieldsToItsExclusiveOne(t *testing.T) {
	var l locks
	release := l.acquire(keyLock("b", "k", false), keyLock("b", "k", true))
	if l.named[keyLock("b", "k", true).name].TryRLock() {
		t.Error("a lock that was claimed both ways can be shared")
	}
	release()
}
