package firestore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/bleepstore/bleepstore/e2e/emulators"
	"github.com/bleepstore/bleepstore/projections/firestore"
	"github.com/bleepstore/bleepstore/projections/rows"
)

// Times for tests in which calls wait until they are over. The first are for faults that stay.
var (
	brief   = firestore.Timing{Attempt: 400 * time.Millisecond, Patience: 600 * time.Millisecond, Margin: 50 * time.Millisecond}
	patient = firestore.Timing{Attempt: 400 * time.Millisecond, Patience: 20 * time.Second, Margin: 50 * time.Millisecond}
)

// openFront opens a new table behind a front.
func openFront(t *testing.T, f *front, times firestore.Timing) *firestore.Table {
	t.Helper()
	return openWith(t, newCollection(f.endpoint), times)
}

func openWith(t *testing.T, c firestore.Config, times firestore.Timing) *firestore.Table {
	t.Helper()
	table, err := firestore.OpenWith(t.Context(), c, times)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	return table
}

func row(sort string, commit uint64) rows.Row {
	return rows.Row{Key: rows.Key{Partition: "p", Sort: sort}, Commit: commit, Record: fmt.Sprintf(`{"n":%d}`, commit)}
}

// operations are one call of each kind, in an order in which each finds what it needs.
var operations = []struct {
	name string
	call func(context.Context, *firestore.Table) error
}{
	{"Write", func(ctx context.Context, t *firestore.Table) error {
		return t.Write(ctx, []rows.Write{{Row: row("a", 1)}, {Row: row("b", 1)}})
	}},
	{"Get", func(ctx context.Context, t *firestore.Table) error {
		got, err := t.Get(ctx, []rows.Key{row("a", 1).Key, row("none", 1).Key, row("b", 1).Key})
		if err == nil && (got[0] == nil || *got[0] != row("a", 1) || got[1] != nil || got[2] == nil || *got[2] != row("b", 1)) {
			err = fmt.Errorf("got %+v", got)
		}
		return err
	}},
	{"Scan", func(ctx context.Context, t *firestore.Table) error {
		got, err := t.Scan(ctx, "p", "", "c", 10)
		if err == nil && (len(got) != 2 || got[0] != row("a", 1) || got[1] != row("b", 1)) {
			err = fmt.Errorf("got %+v", got)
		}
		return err
	}},
	{"Swap", func(ctx context.Context, t *firestore.Table) error { return t.Swap(ctx, row("swapped", 1), "") }},
	{"Check", func(ctx context.Context, t *firestore.Table) error { return t.Check(ctx) }},
}

func TestFaults(t *testing.T) {
	emulator := emulators.Firestore(t)
	warm := openTable(t, newCollection(emulator)) // first calls are slow
	t.Cleanup(func() { warm.Close() })
	for _, op := range operations {
		if err := op.call(t.Context(), warm); err != nil {
			t.Fatalf("%s: %v", op.name, err)
		}
	}
	for name, test := range map[string]func(*testing.T, *front){
		"that pass":                     testPassing,
		"that stay":                     testLasting,
		"answers that break off":        testBrokenAnswers,
		"answers that are lost":         testLostAnswers,
		"connections that are cut":      testCut,
		"no answer":                     testNoAnswer,
		"writes that arrive late":       testLate,
		"callers that go":               testCanceled,
		"rows that change under a swap": testSwapRace,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait for most of the time
			test(t, newFront(t, emulator))
		})
	}
}

func testPassing(t *testing.T, f *front) {
	table := openFront(t, f, patient)
	for _, code := range []codes.Code{codes.ResourceExhausted, codes.Aborted, codes.Unavailable, codes.Internal} {
		for _, op := range operations {
			f.on(func(_ context.Context, number int) error {
				if number <= 2 {
					return status.Error(code, "try again")
				}
				return nil
			}, nil)
			if err := op.call(t.Context(), table); err != nil {
				t.Errorf("%s, after %v twice: %v", op.name, code, err)
			}
		}
	}
}

// testLasting checks what errors say, and that what will not pass is not repeated.
func testLasting(t *testing.T, f *front) {
	table := openFront(t, f, brief)
	for _, tt := range []struct {
		err    error
		repeat bool
		says   string
	}{
		{status.Error(codes.ResourceExhausted, "Quota exceeded."), true, "quota"},
		{status.Error(codes.Unavailable, "The service is currently unavailable."), true, "network"},
		{status.Error(codes.PermissionDenied, "Missing or insufficient permissions."), false, "roles/datastore.user"},
		{status.Error(codes.Unauthenticated, "Request had invalid authentication credentials."), false, "credentials file"},
		{
			status.Error(codes.NotFound, "The database (default) does not exist for project project"), false,
			"gcloud firestore databases create --project=project --database='(default)'",
		},
		{
			status.Error(codes.FailedPrecondition, "The Cloud Firestore API is not available for Firestore in Datastore Mode database"),
			false, "only a database in Native mode",
		},
		{
			status.Error(codes.FailedPrecondition, "The query requires an index. You can create it here: https://example.com/index"),
			false, "https://example.com/index",
		},
	} {
		for _, op := range operations {
			f.on(func(context.Context, int) error { return tt.err }, nil)
			err := op.call(t.Context(), table)
			if status.Code(err) != status.Code(tt.err) {
				t.Errorf("%s: %v", op.name, err)
				continue
			}
			for _, want := range []string{tt.says, "Firestore database (default) of project project", "collection test-"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v\ndoes not say %q", op.name, err, want)
				}
			}
			if repeated := f.count() > 1; repeated != tt.repeat {
				t.Errorf("%s: %d calls after %v", op.name, f.count(), tt.err)
			}
			if tt.repeat {
				break // it takes a while, and is the same for all
			}
		}
	}
}

// testBrokenAnswers asks whether reads go on where an answer broke off.
func testBrokenAnswers(t *testing.T, f *front) {
	table := openFront(t, f, firestore.DefaultTiming)
	const n = 250
	var want []rows.Row
	var keys []rows.Key
	for i := range n {
		r := row(fmt.Sprintf("%04d", i), 1)
		want, keys = append(want, r), append(keys, r.Key)
	}
	for some := range slices.Chunk(want, 50) { // in little time each
		var writes []rows.Write
		for _, r := range some {
			writes = append(writes, rows.Write{Row: r})
		}
		if err := table.Write(t.Context(), writes); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int{n - 1, n, n + 1} {
		f.breakOff(100)
		got, err := table.Scan(t.Context(), "p", "", "", limit)
		if err != nil || !slices.Equal(got, want[:min(limit, n)]) || f.count() != 3 {
			t.Errorf("Scan of %d: %d rows by %d calls, %v", limit, len(got), f.count(), err)
		}
	}
	f.breakOff(100)
	got, err := table.Get(t.Context(), keys)
	if err != nil || f.count() != 3 {
		t.Fatalf("Get: %d calls, %v", f.count(), err)
	}
	for i, r := range got {
		if r == nil || *r != want[i] {
			t.Fatalf("Get: row %d is %+v", i, r)
		}
	}
}

// testLostAnswers lets commits fail that were made.
func testLostAnswers(t *testing.T, f *front) {
	table := openFront(t, f, patient)
	for _, op := range operations {
		f.on(nil, func(number int) error {
			if number <= 2 { // a swap reads first
				return status.Error(codes.Unavailable, "the connection broke")
			}
			return nil
		})
		if err := op.call(t.Context(), table); err != nil {
			t.Errorf("%s: %v", op.name, err)
		}
	}
}

func testCut(t *testing.T, f *front) {
	table := openFront(t, f, patient)
	for _, op := range operations {
		f.on(func(_ context.Context, number int) error {
			if number == 1 {
				f.listener.cut()
			}
			return nil
		}, nil)
		if err := op.call(t.Context(), table); err != nil {
			t.Errorf("%s: %v", op.name, err)
		}
	}
}

func testNoAnswer(t *testing.T, f *front) {
	table := openFront(t, f, brief)
	silent := func(ctx context.Context, _ int) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for _, op := range operations {
		f.on(silent, nil)
		began := time.Now()
		err := op.call(t.Context(), table)
		// Two attempts begin, because the second one exceeds the patience.
		if took := time.Since(began); status.Code(err) != codes.DeadlineExceeded || took > 3*brief.Attempt+brief.Margin {
			t.Errorf("%s: %v after %v", op.name, err, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), brief.Attempt/8)
		began = time.Now()
		err = op.call(ctx, table)
		cancel()
		// Writes see their attempt through.
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > brief.Attempt+3*brief.Margin {
			t.Errorf("%s, in little time: %v after %v", op.name, err, took)
		}
	}
}

// testLate lets a request arrive after another one made up for it, and asks whether the call waits for it.
func testLate(t *testing.T, f *front) {
	table := openFront(t, f, patient)
	late := make(chan struct{})
	f.on(func(_ context.Context, number int) error {
		if number == 1 {
			defer close(late)
			f.listener.cut()                    // the client learns nothing of this request
			time.Sleep(3 * patient.Attempt / 4) // and it is carried out well within the deadline
		}
		return nil
	}, nil)
	if err := table.Write(t.Context(), []rows.Write{{Row: row("late", 1)}}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-late:
	default:
		t.Error("Write returned before a request of it arrived")
	}
	if f.count() < 2 {
		t.Error("the write was not repeated")
	}
}

// testCanceled asks whether a write whose caller goes returns only when its fate is known.
func testCanceled(t *testing.T, f *front) {
	table := openFront(t, f, firestore.DefaultTiming)
	const pause = 100 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	f.on(func(context.Context, int) error {
		cancel()
		time.Sleep(pause)
		return nil
	}, nil)
	began := time.Now()
	if err := table.Write(ctx, []rows.Write{{Row: row("a", 1)}}); err != nil {
		t.Errorf("a write that was made gives %v", err)
	}
	if took := time.Since(began); took < pause {
		t.Errorf("it returned after %v", took)
	}
	if err := table.Write(ctx, []rows.Write{{Row: row("a", 2)}}); !errors.Is(err, context.Canceled) || f.count() != 1 {
		t.Errorf("a write of a caller that went: %v, %d calls", err, f.count())
	}
}

func testSwapRace(t *testing.T, f *front) {
	c := newCollection(f.endpoint)
	table, other := openWith(t, c, firestore.DefaultTiming), openWith(t, c, firestore.DefaultTiming)
	for i, was := range []string{"", row("s", 1).Record} {
		f.on(func(_ context.Context, number int) error {
			if number == 2 { // between reading and writing
				return other.Swap(t.Context(), row("s", uint64(i+1)), was)
			}
			return nil
		}, nil)
		if err := table.Swap(t.Context(), row("s", 7), was); !errors.Is(err, rows.ErrChanged) {
			t.Errorf("a row was changed that somebody else had changed: %v", err)
		}
	}
}
