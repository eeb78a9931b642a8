package group_test

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bleepstore/bleepstore/internal/group"
)

const flushTime = time.Second // far above group.MaxWait

// flushes records what a Committer flushed, in a bubble in which each flush takes flushTime.
type flushes struct {
	mu     sync.Mutex
	groups [][]int
	begun  []time.Duration // since the recorder was made
}

func record() (*flushes, *group.Committer[int]) {
	f, start := new(flushes), time.Now()
	return f, group.New(func(items []int) {
		f.mu.Lock()
		f.groups = append(f.groups, slices.Clone(items))
		f.begun = append(f.begun, time.Since(start))
		f.mu.Unlock()
		time.Sleep(flushTime)
	})
}

func (f *flushes) want(t *testing.T, groups ...[]int) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.EqualFunc(f.groups, groups, slices.Equal) {
		t.Errorf("flushed %v, want %v", f.groups, groups)
	}
}

func (f *flushes) wantBegun(t *testing.T, flush int, want time.Duration) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.begun[flush] != want {
		t.Errorf("flush %d began at %v, want %v", flush, f.begun[flush], want)
	}
}

// do hands items over one after the other, so that their order is known, and returns when all are waiting.
func do(c *group.Committer[int], done *sync.WaitGroup, items ...int) {
	for _, item := range items {
		done.Go(func() { c.Do(item) })
		synctest.Wait()
	}
}

func TestAloneIsFlushedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := record()
		defer c.Close()
		begin := time.Now()
		for i := range 3 {
			if !c.Do(i) {
				t.Fatal("Do reported false")
			}
		}
		if took := time.Since(begin); took != 3*flushTime {
			t.Errorf("three flushes in a row took %v, want %v", took, 3*flushTime)
		}
		f.want(t, []int{0}, []int{1}, []int{2})
	})
}

func TestThoseWhoComeDuringAFlushShareTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := record()
		var done sync.WaitGroup
		do(c, &done, 0, 1, 2, 3)
		done.Wait()
		f.want(t, []int{0}, []int{1, 2, 3})
		// The next flush expects the first one back, and waits for it.
		f.wantBegun(t, 1, flushTime+group.Patience)
		c.Close()
	})
}

func TestFlushBeginsWhenAllExpectedAreThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := record()
		var done sync.WaitGroup
		do(c, &done, 0, 1)
		time.Sleep(flushTime) // 0 is answered, and comes back
		synctest.Wait()
		do(c, &done, 2)
		done.Wait()
		f.want(t, []int{0}, []int{1, 2})
		f.wantBegun(t, 1, flushTime)
		c.Close()
	})
}

func TestAFlushGoesWithoutStragglers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := record()
		var done sync.WaitGroup
		all := make([]int, 100)
		do(c, &done, all...)
		done.Wait() // from now on, a hundred are expected

		const pause = group.Patience / 2
		begun := flushTime + group.Patience + flushTime // when the second flush has ended
		var came []int
		for elapsed := time.Duration(0); elapsed < group.MaxWait; elapsed += pause {
			do(c, &done, len(came))
			came = append(came, len(came))
			time.Sleep(pause)
		}
		done.Wait()
		f.wantBegun(t, 2, begun+group.MaxWait)
		f.want(t, []int{0}, all[1:], came)
		c.Close()
	})
}

func TestThoseWhoStayAwayAreNotExpectedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := record()
		var done sync.WaitGroup
		do(c, &done, 0, 1, 2)
		done.Wait()
		f.want(t, []int{0}, []int{1, 2})

		begin := time.Now()
		c.Do(3) // alone now: waits for company once
		if took := time.Since(begin); took != group.Patience+flushTime {
			t.Errorf("the first one alone took %v, want %v", took, group.Patience+flushTime)
		}
		begin = time.Now()
		c.Do(4)
		if took := time.Since(begin); took != flushTime {
			t.Errorf("the second one alone took %v, want %v", took, flushTime)
		}
		c.Close()
	})
}

func TestCloseFlushesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := record()
		var done sync.WaitGroup
		do(c, &done, 0, 1, 2)
		c.Close()
		f.want(t, []int{0}, []int{1, 2})
		f.wantBegun(t, 1, flushTime) // not later: nobody else can come
		if c.Do(3) {
			t.Error("Do reported true after Close")
		}
		done.Wait()
		f.want(t, []int{0}, []int{1, 2})
	})
}

func TestAPanicOfAFlushEndsTheProcess(t *testing.T) {
	const child = "GROUP_TEST_PANICS"
	if os.Getenv(child) != "" {
		defer func() { _ = recover() }() // as net/http does with that of a handler
		group.New(func([]int) { panic("broken flush") }).Do(0)
		os.Exit(0)
	}
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	process.Env = append(os.Environ(), child+"=1")
	out, err := process.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); !ended || !strings.Contains(string(out), "broken flush") {
		t.Errorf("the process went on: %v\n%s", err, out)
	}
}

func TestEveryItemIsFlushedOnce(t *testing.T) {
	const writers, rounds = 16, 200
	var mu sync.Mutex
	seen := make(map[int]int)
	last := make(map[int]int) // by writer
	c := group.New(func(items []int) {
		mu.Lock()
		defer mu.Unlock()
		for _, item := range items {
			seen[item]++
			writer, round := item/rounds, item%rounds
			if before, ok := last[writer]; ok && before >= round {
				t.Errorf("writer %d: round %d was flushed behind %d", writer, round, before)
			}
			last[writer] = round
		}
	})
	var done sync.WaitGroup
	for writer := range writers {
		done.Go(func() {
			for round := range rounds {
				c.Do(writer*rounds + round)
			}
		})
	}
	done.Wait()
	c.Close()
	for item := range writers * rounds {
		if seen[item] != 1 {
			t.Errorf("item %d was flushed %d times", item, seen[item])
		}
	}
}
