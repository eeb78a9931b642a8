package limit_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bleepstore/bleepstore/internal/limit"
)

func TestNoMoreThanTheLimitIsInUse(t *testing.T) {
	const most, each, takers = 10, 3, 32
	var usage limit.Usage
	var holding atomic.Int64
	var done sync.WaitGroup
	for range takers {
		done.Go(func() {
			for range 10_000 {
				if !usage.Take(each, most) {
					continue
				}
				if n := holding.Add(1); n > most/each {
					t.Errorf("%d hold %d each, %d are allowed", n, each, most)
				}
				holding.Add(-1)
				usage.Give(each)
			}
		})
	}
	done.Wait()
	if n := usage.InUse(); n != 0 {
		t.Errorf("%d are in use when all was given back", n)
	}
}

func TestAHigherLimitGetsWhatIsLeft(t *testing.T) {
	var usage limit.Usage
	for i, step := range []struct {
		n, limit int64
		taken    bool
	}{
		{4, 5, true},
		{2, 5, false}, // and takes nothing of it
		{1, 5, true},
		{1, 5, false},
		{2, 7, true},
		{1, 7, false},
	} {
		if taken := usage.Take(step.n, step.limit); taken != step.taken {
			t.Errorf("step %d: took %d under a limit of %d: %t, want %t", i, step.n, step.limit, taken, step.taken)
		}
	}
}
