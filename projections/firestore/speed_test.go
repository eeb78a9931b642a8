package firestore_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/bleepstore/bleepstore/e2e/emulators"
	"github.com/bleepstore/bleepstore/projections/firestore"
	"github.com/bleepstore/bleepstore/projections/rows"
)

// distant counts calls, and lets each of them take as long as to a service in the next room.
type distant struct{ calls atomic.Int64 }

const roundTrip = 5 * time.Millisecond

func (d *distant) options() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, request, answer any, conn *grpc.ClientConn,
			invoke grpc.UnaryInvoker, options ...grpc.CallOption,
		) error {
			d.calls.Add(1)
			time.Sleep(roundTrip)
			return invoke(ctx, method, request, answer, conn, options...)
		}),
		grpc.WithStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string,
			stream grpc.Streamer, options ...grpc.CallOption,
		) (grpc.ClientStream, error) {
			d.calls.Add(1)
			time.Sleep(roundTrip)
			return stream(ctx, desc, conn, method, options...)
		}),
	}
}

// TestSpeed compares ways to write in the same run, and counts round trips. How fast Firestore itself is it can't tell.
func TestSpeed(t *testing.T) {
	var d distant
	table, err := firestore.OpenWith(t.Context(), newCollection(emulators.Firestore(t)), firestore.DefaultTiming, d.options()...)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	write := func(prefix string, n int) []rows.Write {
		writes := make([]rows.Write, n)
		for i := range writes {
			r := row(fmt.Sprintf("%s/%06d", prefix, i), 1)
			r.Record = fmt.Sprintf(`{"key":%q,"text":%q}`, r.Sort, strings.Repeat("x", 650)) // as long as that of an object
			writes[i] = rows.Write{Row: r}
		}
		return writes
	}
	calls := func(do func() error) int64 {
		t.Helper()
		before := d.calls.Load()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		return d.calls.Load() - before
	}
	calls(func() error { return table.Write(t.Context(), write("warm", 2000)) }) // the emulator's compiler, too

	const single, bulk = 100, 5000
	began := time.Now()
	for _, w := range write("single", single) {
		if n := calls(func() error { return table.Write(t.Context(), []rows.Write{w}) }); n != 1 {
			t.Fatalf("a write of one row took %d calls", n)
		}
	}
	slow := float64(single) / time.Since(began).Seconds()

	writes := write("bulk", bulk)
	began = time.Now()
	n := calls(func() error { return table.Write(t.Context(), writes) })
	fast := float64(bulk) / time.Since(began).Seconds()
	t.Logf("one by one: %.0f rows/s; %d at once, in %d calls: %.0f rows/s, %.0f times as many", slow, bulk, n, fast, fast/slow)
	if fast < 20*slow {
		t.Error("many rows at once are less than 20 times as fast as one by one")
	}

	n = calls(func() error {
		got, err := table.Scan(t.Context(), "p", "bulk/", "bulk0", 1000)
		if err == nil && len(got) != 1000 {
			err = fmt.Errorf("%d rows", len(got))
		}
		return err
	})
	if n > 3 {
		t.Errorf("a scan of 1,000 rows took %d calls", n)
	}
}
