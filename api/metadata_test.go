package api_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
)

// slowStore takes some time for what it applies.
type slowStore struct{ *memory.Store }

func (s slowStore) Apply(ctx context.Context, pos eventlog.Position, changes []projections.Change) error {
	time.Sleep(time.Duration(rand.IntN(2)) * time.Millisecond) // what is tested is that nobody relies on it being fast
	return s.Store.Apply(ctx, pos, changes)
}

// follow keeps a store up to date until the test ends.
func follow(t *testing.T, log *eventlog.Log, store projections.MetadataStore) *projections.Projector {
	t.Helper()
	p := projections.NewProjector(source{log}, store)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return p
}

// Stores take over from each other while clients overwrite objects on condition of what they wrote before, and read them.
func TestServe(t *testing.T) {
	r := newRandomTest(t, rand.New(rand.NewPCG(1, 2)))
	type engine struct {
		store   slowStore
		applied *projections.Projector
	}
	var engines []engine
	for range 2 {
		e := engine{store: slowStore{memory.New()}}
		e.applied = follow(t, r.log, e.store)
		engines = append(engines, e)
	}

	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			key := fmt.Sprint("key-", i)
			etag := ""
			for n := 0; ctx.Err() == nil; n++ {
				conditions := api.WriteConditions{IfMatch: etag}
				if n == 0 {
					conditions = api.WriteConditions{IfNoneMatch: "*"}
				}
				created, err := r.service.PutObject(t.Context(), r.as("PutObject"), api.PutObjectInput{
					Bucket: randomBucket, Key: key, Conditions: conditions, Via: eventlog.ViaPut,
					Body: api.Body{Reader: strings.NewReader(fmt.Sprint(n)), Length: -1},
				})
				if err != nil {
					t.Errorf("put %d of %s: %v", n, key, err)
					return
				}
				etag = created.Object.ETag
				page, err := r.service.ListObjects(t.Context(), r.as("ListObjects"), projections.Listing{Bucket: randomBucket, Prefix: key, Limit: 1})
				if err != nil || len(page.Records) != 1 || page.Records[0].ETag != etag {
					t.Errorf("list behind put %d of %s: %+v, %v; want the ETag %s", n, key, page, err, etag)
					return
				}
			}
		})
	}
	for i := range 60 {
		e := engines[i%2]
		if err := r.service.Serve(t.Context(), e.store, e.applied); err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
	stop()
	clients.Wait()
}

// A store that cannot come up to date does not take over, and those who wait for one that does not either are answered when
// another takes its place.
func TestServeInPlaceOfAStoreThatHangs(t *testing.T) {
	r := newRandomTest(t, rand.New(rand.NewPCG(1, 2)))
	put := func(key string) error {
		_, err := r.service.PutObject(t.Context(), r.as("PutObject"), api.PutObjectInput{
			Bucket: randomBucket, Key: key, Via: eventlog.ViaPut, Body: api.Body{Reader: strings.NewReader("x"), Length: -1},
		})
		return err
	}
	stopped := projections.NewProjector(source{r.log}, memory.New()) // never runs
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := r.service.Serve(ctx, memory.New(), stopped); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Serve: %v", err)
	}
	if err := put("a"); err != nil {
		t.Fatal(err)
	}

	hanging := memory.New()
	head, err := projections.Replay(t.Context(), source{r.log}, hanging, projections.Until{}, func(eventlog.Position) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.service.Serve(t.Context(), hanging, never{head}); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() { answered <- put("b") }()
	for deadline := time.Now().Add(10 * time.Second); r.log.Head() == head; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the put does not come to the log")
		}
	}
	other := memory.New()
	if err := r.service.Serve(t.Context(), other, follow(t, r.log, other)); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Errorf("the put that waited: %v", err)
	}
}

// never is the word of a store that it has applied what it has, and nothing behind that.
type never struct{ head eventlog.Position }

func (n never) Wait(ctx context.Context, position eventlog.Position) error {
	if position.Seq <= n.head.Seq {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}
