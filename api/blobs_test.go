package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/cache"
	"github.com/bleepstore/bleepstore/backends/memory"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	store "github.com/bleepstore/bleepstore/projections/memory"
)

// instantLog applies events to a store at once, and remembers them.
type instantLog struct {
	store  *store.Store
	seq    uint64
	events []eventlog.Event
	err    error // of the next append
}

func (l *instantLog) Append(ctx context.Context, events ...eventlog.Event) (eventlog.Position, error) {
	if l.err != nil {
		return eventlog.Position{}, l.err
	}
	l.events = append(l.events, events...)
	l.seq++
	pos := eventlog.Position{Log: "log", Seq: l.seq}
	changes, err := projections.Fold(ctx, l.store, events)
	if err != nil {
		return pos, err
	}
	return pos, l.store.Apply(ctx, pos, changes)
}

func (l *instantLog) Head() eventlog.Position { return eventlog.Position{Log: "log", Seq: l.seq} }

func (l *instantLog) Wait(context.Context, eventlog.Position) error { return nil }

var blobCaller = Caller{Account: eventlog.Owner{ID: "owner"}}

func newBlobService(t *testing.T) (*Service, *instantLog) {
	t.Helper()
	log := &instantLog{store: store.New()}
	s := New(Config{Log: log, Applied: log, Store: log.store, Blobs: memory.New(1 << 30)})
	if err := s.CreateBucket(t.Context(), blobCaller.performing("CreateBucket", ""), CreateBucketInput{Bucket: "bucket"}); err != nil {
		t.Fatal(err)
	}
	return s, log
}

func putBlob(ctx context.Context, s *Service, key string, body io.Reader) (*Created, error) {
	return s.PutObject(ctx, blobCaller.performing("PutObject", ""), PutObjectInput{
		Bucket: "bucket", Key: key, Body: Body{Reader: body, Length: -1}, Via: eventlog.ViaPut,
	})
}

func mustPutBlob(t *testing.T, s *Service, key, body string) *Created {
	t.Helper()
	created, err := putBlob(t.Context(), s, key, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// createLong makes an object whose blobs a manifest lists, and returns all ids.
func createLong(t *testing.T, s *Service, key string) []backends.ID {
	t.Helper()
	object, _ := newLongObject(t, s, inlineParts+1)
	m, err := s.readManifest(t.Context(), object.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	object.Version = string(backends.NewID())
	err = s.commit(t.Context(), blobCaller, now(), &eventlog.ObjectCreated{Bucket: "bucket", Key: key, Object: object.Object})
	s.settle(t.Context(), *object.Manifest, err)
	if err != nil {
		t.Fatal(err)
	}
	return append(blobIDs(m.Blobs), backends.ID(object.Manifest.ID))
}

func deleteObject(t *testing.T, s *Service, key string) {
	t.Helper()
	if _, err := s.DeleteObject(t.Context(), blobCaller.performing("DeleteObject", ""), "bucket", DeleteKey{Key: key}); err != nil {
		t.Fatal(err)
	}
}

func wantBlobs(t *testing.T, s *Service, want ...backends.ID) {
	t.Helper()
	got, err := s.blobs.List(t.Context(), "", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("there are the blobs %v, want %v", got, want)
	}
}

func TestGarbageIsReapedWhenItIsOldEnough(t *testing.T) {
	s, log := newBlobService(t)
	kept := backends.ID(mustPutBlob(t, s, "kept", "content").Object.Blobs[0].ID)
	freed := backends.ID(mustPutBlob(t, s, "key", "content").Object.Blobs[0].ID)
	long := createLong(t, s, "long")
	deleteObject(t, s, "key")
	deleteObject(t, s, "long")

	if n, err := s.reap(t.Context(), now().Add(-time.Hour)); n != 0 || err != nil {
		t.Errorf("reaped %d, %v", n, err)
	}
	wantBlobs(t, s, append([]backends.ID{kept, freed}, long...)...)
	if n, err := s.reap(t.Context(), now().Add(time.Hour)); n != 2 || err != nil {
		t.Errorf("reaped %d, %v", n, err)
	}
	wantBlobs(t, s, kept)
	if garbage, err := s.store().Garbage(t.Context(), projections.Garbage{}, 10); len(garbage) != 0 || err != nil {
		t.Errorf("garbage is left: %v, %v", garbage, err)
	}
	reaped, ok := log.events[len(log.events)-1].Data.(*eventlog.BlobsReaped)
	if !ok || len(reaped.Blobs) != 2 {
		t.Errorf("the last event is %+v", log.events[len(log.events)-1])
	}
}

func TestAReapThatWasCutShortIsDoneAgain(t *testing.T) {
	s, log := newBlobService(t)
	createLong(t, s, "long")
	deleteObject(t, s, "long")
	log.err = errors.New("broken")
	if _, err := s.reap(t.Context(), now().Add(time.Hour)); err == nil {
		t.Error("the log failed, and the reap did not")
	}
	log.err = nil
	if n, err := s.reap(t.Context(), now().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("reaped %d, %v", n, err)
	}
	wantBlobs(t, s)
}

func TestManyGarbageRecordsAreReaped(t *testing.T) {
	s, _ := newBlobService(t)
	const n = 2*reapPage + 1
	for i := range n {
		mustPutBlob(t, s, fmt.Sprint(i), "content")
		deleteObject(t, s, fmt.Sprint(i))
	}
	if got, err := s.reap(t.Context(), now().Add(time.Hour)); got != n || err != nil {
		t.Errorf("reaped %d, %v", got, err)
	}
	wantBlobs(t, s)
}

func TestASweepTakesWhatNothingNames(t *testing.T) {
	s, _ := newBlobService(t)
	named := createLong(t, s, "long")
	named = append(named, createLong(t, s, "freed")...)
	deleteObject(t, s, "freed") // garbage is the reaper's
	named = append(named, backends.ID(mustPutBlob(t, s, "key", "content").Object.Blobs[0].ID))
	for range 3 {
		if _, err := s.blobs.Put(t.Context(), backends.NewID(), strings.NewReader("left by a crash"), backends.Label{}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Sweep(t.Context()); n != 3 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	wantBlobs(t, s, named...)
}

// waitingReader yields a byte, and the rest when it is told to.
type waitingReader struct {
	begun, proceed chan struct{}
	reads          int
}

func (r *waitingReader) Read(p []byte) (int, error) {
	switch r.reads++; r.reads {
	case 1:
		p[0] = 'a'
		return 1, nil
	case 2:
		close(r.begun)
		<-r.proceed
	}
	return 0, io.EOF
}

func TestASweepLeavesWhatIsOnItsWay(t *testing.T) {
	s, _ := newBlobService(t)
	slow := &waitingReader{begun: make(chan struct{}), proceed: make(chan struct{})}
	ended := make(chan error)
	go func() {
		_, err := putBlob(context.WithoutCancel(t.Context()), s, "slow", slow)
		ended <- err
	}()
	<-slow.begun
	// Younger than the blob on its way, so the sweep must not get that far.
	orphan := backends.NewID()
	if _, err := s.blobs.Put(t.Context(), orphan, strings.NewReader("left by a failure"), backends.Label{}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	close(slow.proceed)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	object, err := s.store().Object(t.Context(), "bucket", "slow")
	if err != nil {
		t.Fatal(err)
	}
	wantBlobs(t, s, backends.ID(object.Blobs[0].ID))
}

// A blob whose commit may or may not be in the log is nobody's to delete.
func TestASweepLeavesWhatMayBeNamed(t *testing.T) {
	s, log := newBlobService(t)
	log.err = errors.New("the outcome is unknown")
	if _, err := putBlob(t.Context(), s, "key", strings.NewReader("content")); err == nil {
		t.Fatal("the log failed, and the put did not")
	}
	for _, refusal := range []error{eventlog.ErrNoSpace, eventlog.ErrBusy} {
		log.err = refusal
		if _, err := putBlob(t.Context(), s, "key", strings.NewReader("content")); err == nil {
			t.Fatal("the log refused, and the put did not fail")
		}
	}
	if n, err := s.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	ids, err := s.blobs.List(t.Context(), "", 10)
	if len(ids) != 1 || err != nil {
		t.Errorf("there are the blobs %v, %v; want the one of unknown outcome", ids, err)
	}
}

func TestASweepStopsAtWhatItCannotRead(t *testing.T) {
	s, _ := newBlobService(t)
	ids := createLong(t, s, "long")
	manifest := ids[len(ids)-1]
	if err := s.blobs.Delete(t.Context(), []backends.ID{manifest}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(t.Context()); n != 0 || err == nil {
		t.Errorf("swept %d, %v", n, err)
	}
	wantBlobs(t, s, ids[:len(ids)-1]...)
}

func TestGarbageThatCannotBeReadIsPassedOver(t *testing.T) {
	s, _ := newBlobService(t)
	long := createLong(t, s, "long")
	object, err := s.store().Object(t.Context(), "bucket", "long")
	if err != nil {
		t.Fatal(err)
	}
	damaged := eventlog.FreeBlob{ID: object.Manifest.ID, Manifest: true, Size: object.Manifest.Size, CRC64NVME: "AAAAAAAAAAA="}
	err = s.commit(t.Context(), blobCaller, now(), &eventlog.ObjectDeleted{Bucket: "bucket", Key: "long", Freed: []eventlog.FreeBlob{damaged}})
	if err != nil {
		t.Fatal(err)
	}
	mustPutBlob(t, s, "key", "content")
	deleteObject(t, s, "key")
	if n, err := s.reap(t.Context(), now().Add(time.Hour)); n != 1 || err == nil {
		t.Errorf("reaped %d, %v; want one, and an error about the other", n, err)
	}
	wantBlobs(t, s, long...)
}

func TestScrub(t *testing.T) {
	s, _ := newBlobService(t)
	long := createLong(t, s, "long")
	kept := mustPutBlob(t, s, "kept", "content").Object.Blobs[0]
	gone := mustPutBlob(t, s, "gone", "content").Object.Blobs[0]
	scrub := func() (Scrubbed, []Damage) {
		t.Helper()
		var all []Damage
		scrubbed, err := s.Scrub(t.Context(), 1<<30, func(d Damage) { all = append(all, d) })
		if err != nil {
			t.Fatal(err)
		}
		return scrubbed, all
	}
	// createLong makes blobs without checksums.
	if scrubbed, damaged := scrub(); scrubbed.Blobs != int64(len(long)+2) || len(damaged) != len(long)-1 || damaged[0].Key != "long" {
		t.Errorf("read %+v, found %v", scrubbed, damaged)
	}
	deleteObject(t, s, "long")
	if scrubbed, damaged := scrub(); scrubbed.Blobs != 2 || scrubbed.Bytes != kept.Size+gone.Size || len(damaged) != 0 {
		t.Errorf("read %+v, found %v", scrubbed, damaged)
	}
	if err := s.blobs.Delete(t.Context(), []backends.ID{backends.ID(gone.ID)}); err != nil {
		t.Fatal(err)
	}
	scrubbed, damaged := scrub()
	if scrubbed.Damaged != 1 || len(damaged) != 1 || damaged[0].Key != "gone" || damaged[0].ID != gone.ID || !errors.Is(damaged[0], backends.ErrNotFound) {
		t.Errorf("read %+v, found %v", scrubbed, damaged)
	}
}

// storage is where blobs are kept, in front of which there may be a cache.
type storage struct {
	backends.Backend
	fail    error // of each Get
	damaged bool  // the first byte of each blob is another
}

func (b *storage) Get(ctx context.Context, id backends.ID, offset, length int64) (io.ReadCloser, error) {
	if b.fail != nil {
		return nil, fmt.Errorf("get blob %s: %w", id, b.fail)
	}
	r, err := b.Backend.Get(ctx, id, offset, length)
	if err != nil || !b.damaged || offset > 0 || length == 0 {
		return r, err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	content[0] ^= 1
	return io.NopCloser(bytes.NewReader(content)), err
}

// behindCache makes a service read through a cache.
func behindCache(t *testing.T, s *Service) (*storage, *cache.Backend) {
	t.Helper()
	kept := &storage{Backend: s.blobs}
	cached, err := cache.Open(t.TempDir(), 1<<30, kept, func(err error) { t.Errorf("reported: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	s.blobs = cached
	return kept, cached
}

func getBlob(t *testing.T, s *Service, key string) (string, error) {
	t.Helper()
	out, err := s.GetObject(t.Context(), blobCaller.performing("GetObject", ""), GetObjectInput{ObjectName: ObjectName{Bucket: "bucket", Key: key}})
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(out.Body)
	return string(content), errors.Join(err, out.Body.Close())
}

// A scrub is about the bytes where they are kept: what a cache has of them is no comfort, and is not in its way.
func TestScrubReadsBehindTheCache(t *testing.T) {
	s, _ := newBlobService(t)
	mustPutBlob(t, s, "cached", "content")
	mustPutBlob(t, s, "large", strings.Repeat("large", 1<<20))
	kept, cached := behindCache(t, s)
	if content, err := getBlob(t, s, "cached"); content != "content" || err != nil {
		t.Fatalf("%q, %v", content, err)
	}
	before := cached.Stats()
	if before.Pieces != 1 {
		t.Fatalf("the cache has %d pieces", before.Pieces)
	}
	for _, damaged := range []int64{0, 2} {
		kept.damaged = damaged > 0
		scrubbed, err := s.Scrub(t.Context(), 0, func(Damage) {})
		if err != nil || scrubbed.Blobs != 2 || scrubbed.Damaged != damaged {
			t.Errorf("read %+v, %v; want 2 blobs, %d of them damaged", scrubbed, err, damaged)
		}
	}
	if after := cached.Stats(); after != before {
		t.Errorf("the cache was %+v, and is %+v", before, after)
	}
	if content, err := getBlob(t, s, "cached"); content != "content" || err != nil {
		t.Errorf("the cache has lost what it had: %q, %v", content, err)
	}
}

// That the storage is away says nothing about the blobs in it.
func TestScrubOfStorageThatIsAway(t *testing.T) {
	for _, away := range []error{backends.ErrUnavailable, backends.ErrBusy} {
		s, _ := newBlobService(t)
		createLong(t, s, "long") // of which a manifest comes first
		mustPutBlob(t, s, "short", "content")
		kept, _ := behindCache(t, s)
		kept.fail = away
		for _, key := range []string{"long", "short"} {
			scrubbed, err := s.Scrub(t.Context(), 0, func(d Damage) { t.Errorf("%v: %v", away, d) })
			if !errors.Is(err, away) || !strings.Contains(err.Error(), `object "`+key+`"`) || scrubbed.Damaged > 0 {
				t.Errorf("%v: read %+v, %v; want an error that names %q", away, scrubbed, err, key)
			}
			deleteObject(t, s, key)
		}
	}
}

// elsewhere is buckets of which one is away.
type elsewhere struct{ opened []string }

func (e *elsewhere) Open(_ context.Context, place, _ string, _, length int64) (io.ReadCloser, error) {
	e.opened = append(e.opened, place)
	if strings.HasPrefix(place, "s3://away/") {
		return nil, backends.ErrUnavailable
	}
	return io.NopCloser(io.LimitReader(strings.NewReader("content"), length)), nil
}

// Of a bucket elsewhere that is away, one object is asked for, and all else is checked.
func TestScrubOfABucketElsewhereThatIsAway(t *testing.T) {
	s, _ := newBlobService(t)
	there := new(elsewhere)
	s.elsewhere = there
	for _, place := range []string{"s3://away/1", "s3://away/2", "s3://there/1", "s3://there/2"} {
		_, err := s.ImportInPlace(t.Context(), InPlace{
			Bucket: "bucket", Key: place, Complete: func(*eventlog.Object) error { return nil },
			Object: eventlog.Object{
				Owner: blobCaller.Account, Size: 7, ETag: "etag", Modified: now(),
				Blobs: []eventlog.Blob{{ID: string(backends.NewID()), Size: 7, Place: place, Tag: "tag"}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	mustPutBlob(t, s, "t", "content")
	scrubbed, err := s.Scrub(t.Context(), 0, func(d Damage) { t.Error(d) })
	if !errors.Is(err, backends.ErrUnavailable) || !strings.Contains(err.Error(), "objects in s3://away were not all checked") {
		t.Errorf("%v, want an error about the bucket", err)
	}
	if scrubbed.Bytes != 3*7 || !slices.Equal(there.opened, []string{"s3://away/1", "s3://there/1", "s3://there/2"}) {
		t.Errorf("read %+v of %q", scrubbed, there.opened)
	}
}
