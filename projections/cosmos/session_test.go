package cosmos

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bleepstore/bleepstore/e2e/emulators"
	"github.com/bleepstore/bleepstore/projections/rows"
)

func TestSessionTokens(t *testing.T) {
	var s session
	for _, step := range []struct{ header, want string }{
		{"", ""},
		{"0:-1#5", "0:-1#5"},
		{"0:-1#4#1=9", "0:-1#5"},                           // older
		{"0:-1#12#1=9", "0:-1#12#1=9"},                     // by number, not as text
		{"1:-1#3", "0:-1#12#1=9,1:-1#3"},                   // of another partition
		{"0:1#2,1:-1#7", "0:1#2,1:-1#7"},                   // a later version counts before numbers
		{"0:-1#99", "0:1#2,1:-1#7"},                        // of an older version
		{"2:17", "0:1#2,1:-1#7,2:17"},                      // as tokens once were
		{"2:9,nonsense,3:x,3:1#y,3:", "0:1#2,1:-1#7,2:17"}, // what is no token is no news
		{"10:-1#9223372036854775807", "0:1#2,1:-1#7,10:-1#9223372036854775807,2:17"},
	} {
		if s.merge(step.header); s.header != step.want {
			t.Fatalf("after %q: %q, want %q", step.header, s.header, step.want)
		}
	}
}

// TestSession checks that reads name the state that the writes before them made: a hook gives each write a token, which the
// emulator does not, and refuses reads with an older one as a replica that lags behind does.
func TestSession(t *testing.T) {
	t.Parallel()
	table, hook := openHooked(t, emulators.Cosmos(t))
	var number, unread atomic.Int64
	hook.set(func(r *http.Request) (*http.Response, error) {
		if isRead(r) {
			if r.Header.Get(sessionHeader) == fmt.Sprintf("0:-1#%d", number.Load()) {
				return nil, nil
			}
			unread.Add(1)
			return answer(404, `{}`, "x-ms-substatus: 1002")(r)
		}
		response, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			response.Header.Set(sessionHeader, fmt.Sprintf("0:-1#%d", number.Add(1)))
		}
		return response, err
	})
	// Before it has written anything, a table reads what others wrote.
	if _, err := table.Scan(t.Context(), "p", "", "", 1); err != nil {
		t.Fatalf("Scan: %v", err)
	}
	for commit := range uint64(3) {
		all := someRows("p", 30, commit)
		mustWrite(t, table, puts(all))
		mustHold(t, table, all)
		one := rows.Row{Key: rows.Key{Partition: "q", Sort: "s"}, Commit: commit, Record: fmt.Sprintf(`{"n":%d}`, commit)}
		mustWrite(t, table, []rows.Write{{Row: one}})
		if got, err := table.Get(t.Context(), []rows.Key{one.Key}); err != nil || *got[0] != one {
			t.Fatalf("Get: %v, %v", got, err)
		}
	}
	if n := unread.Load(); n != 0 {
		t.Errorf("%d reads named an old state", n)
	}
}

// TestJoin checks that the first read of a partition, and no other, asks the replica that has all writes what there is.
func TestJoin(t *testing.T) {
	t.Parallel()
	table, hook := openHooked(t, emulators.Cosmos(t))
	var joins atomic.Int64
	hook.set(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodDelete && strings.HasSuffix(r.URL.Path, "/"+absentID) {
			joins.Add(1)
		}
		return nil, nil
	})
	mustWrite(t, table, puts(someRows("written", 1, 1)))
	for range 3 {
		for _, partition := range []string{"written", "other"} {
			if _, err := table.Scan(t.Context(), partition, "", "", 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := joins.Load(); n != 1 {
		t.Errorf("%d requests to join two partitions, one of which was written, want 1", n)
	}
}
