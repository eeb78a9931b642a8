package projections_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
)

// newTimedLog makes a log of commits that have an event a minute.
func newTimedLog(commits int) (log *fakeLog, at func(seq int) time.Time) {
	at = func(seq int) time.Time { return time.Date(2026, 1, 2, 3, seq, 0, 0, time.UTC) }
	log = newFakeLog()
	for seq := 1; seq <= commits; seq++ {
		e := putKey(fmt.Sprint("key-", seq))
		e.Time = at(seq)
		log.append(e)
	}
	return log, at
}

func TestReplay(t *testing.T) {
	log, at := newTimedLog(20)
	for name, test := range map[string]struct {
		until projections.Until
		want  int
	}{
		"everything":           {projections.Until{}, 20},
		"up to a commit":       {projections.Until{Seq: 7}, 7},
		"beyond the end":       {projections.Until{Seq: 99}, 20},
		"up to a time":         {projections.Until{Time: at(5)}, 5},
		"up to a time between": {projections.Until{Time: at(5).Add(time.Second)}, 5},
		"before everything":    {projections.Until{Time: at(0)}, 0},
		"what comes first":     {projections.Until{Seq: 9, Time: at(5)}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			store := memory.New()
			for range 2 { // the second has nothing to do
				var last eventlog.Position
				position, err := projections.Replay(t.Context(), log, store, test.until, func(p eventlog.Position) { last = p })
				if err != nil || position != positionAt(test.want) {
					t.Fatalf("replayed up to %v, %v; want %v", position, err, positionAt(test.want))
				}
				if !last.IsZero() && last != position {
					t.Errorf("told progress up to %v, the end is %v", last, position)
				}
			}
			objects, err := store.Objects(t.Context(), "b", projections.Scan{Limit: 100})
			if err != nil || len(objects) != test.want {
				t.Errorf("%d objects, %v; want %d", len(objects), err, test.want)
			}
		})
	}
}

// A replay that ended goes on where it was.
func TestReplayGoesOn(t *testing.T) {
	log, _ := newTimedLog(20)
	store := memory.New()
	for _, seq := range []uint64{3, 11, 20} {
		position, err := projections.Replay(t.Context(), log, store, projections.Until{Seq: seq}, func(eventlog.Position) {})
		if err != nil || position.Seq != seq {
			t.Fatalf("replayed up to %v, %v; want %d", position, err, seq)
		}
	}
}
