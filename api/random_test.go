package api_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/api"
	blobmemory "github.com/bleepstore/bleepstore/backends/memory"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
	"github.com/bleepstore/bleepstore/projections/pebble"
	"github.com/bleepstore/bleepstore/projections/storetest"
)

// TestRandomOperations makes random calls on few keys, and compares what the service says after each of them with a
// model of S3's versions. In the end, the log must fill new stores, of every engine that is here, with the same records,
// and no blob may be lost or left over.
func TestRandomOperations(t *testing.T) {
	for name, seed := range map[string]uint64{"fixed": 1, "fresh": rand.Uint64()} {
		t.Run(name, func(t *testing.T) { testRandomOperations(t, seed) })
	}
}

func testRandomOperations(t *testing.T, seed uint64) {
	t.Logf("random seed: %d", seed)
	r := newRandomTest(t, rand.New(rand.NewPCG(seed, 0)))
	var counting sync.WaitGroup
	for i := range 1000 {
		r.step()
		if i == 500 { // the count is exact also of what changes meanwhile
			counting.Go(func() {
				if err := errors.Join(r.service.Count(r.Context()), r.garbage.Count(r.Context(), r.store.Snapshot, projections.CountGarbage)); err != nil {
					r.Error(err)
				}
			})
		}
	}
	counting.Wait()

	r.checkEnd()
	r.reap()
	r.checkEnd()
}

// checkEnd checks that the log fills stores of every engine with the same records, and that they name all blobs.
func (r *randomTest) checkEnd() {
	t := r.T
	counted, err := projections.CountObjects(t.Context(), r.store)
	r.check(err)
	if told, known := r.service.Totals(); !known || told != counted {
		t.Errorf("the totals are %+v (known: %t), want %+v", told, known, counted)
	}
	garbage, err := projections.CountGarbage(t.Context(), r.store)
	r.check(err)
	if told, known := r.garbage.Totals(); !known || told != garbage {
		t.Errorf("the garbage is %+v (known: %t), want %+v", told, known, garbage)
	}
	want := dump(t, r.store)
	if err := want.Check(); err != nil {
		t.Error(err)
	}
	r.checkBlobs(want)
	if n, err := r.service.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("a sweep took %d blobs, %v", n, err)
	}
	for name, store := range map[string]projections.MetadataStore{"memory": memory.New(), "pebble": openPebble(t)} {
		replay(t, r.log, store)
		if got := dump(t, store); !reflect.DeepEqual(got, want) {
			t.Errorf("the log fills a store of engine %s with\n%+v\nwant\n%+v", name, got, want)
		}
		if err := store.Close(); err != nil {
			t.Errorf("close %s: %v", name, err)
		}
	}
}

// reap has all garbage deleted.
func (r *randomTest) reap() {
	ctx, stop := context.WithTimeout(r.Context(), time.Minute)
	defer stop()
	var reaping sync.WaitGroup
	defer reaping.Wait()
	defer stop()
	reaping.Go(func() {
		none := func() (time.Time, error) { return time.Time{}, nil }
		r.service.ReapGarbage(ctx, time.Millisecond, none, func(err error) { r.Error(err) })
	})
	for {
		garbage, err := r.store.Garbage(ctx, projections.Garbage{}, 1)
		r.check(err)
		if len(garbage) == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func openPebble(t *testing.T) projections.MetadataStore {
	t.Helper()
	store, err := pebble.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func dump(t *testing.T, store projections.MetadataStore) storetest.Dump {
	t.Helper()
	d, err := storetest.DumpOf(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// source is a log as projections see it.
type source struct{ *eventlog.Log }

func (s source) Read(ctx context.Context, after eventlog.Position) (projections.Reader, error) {
	return s.Log.Read(ctx, after)
}

// replay fills a store from a log.
func replay(t *testing.T, log *eventlog.Log, store projections.MetadataStore) {
	t.Helper()
	p := projections.NewProjector(source{log}, store)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	if err := p.Wait(t.Context(), log.Head()); err != nil {
		t.Error(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// modelVersion is a version of a key as S3 has it.
type modelVersion struct {
	id     string
	marker bool
	etag   string
	tags   string
}

// randomTest is a service with a bucket, and a model of what is in it.
type randomTest struct {
	*testing.T
	*rand.Rand
	log     *eventlog.Log
	store   projections.MetadataStore
	blobs   *blobmemory.Backend
	service *api.Service
	garbage projections.Tally
	by      api.Caller

	versioning eventlog.Versioning
	keys       map[string][]modelVersion // the newest first
}

const randomBucket = "bucket"

var randomKeys = []string{"a", "a/b", "b"}

func newRandomTest(t *testing.T, random *rand.Rand) *randomTest {
	t.Helper()
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	r := &randomTest{
		T: t, Rand: random, log: log, store: memory.New(), blobs: blobmemory.New(1 << 30),
		by:   api.Caller{Account: eventlog.Owner{ID: "owner", Name: "name"}, AccessKey: "key", Request: "request"},
		keys: make(map[string][]modelVersion),
	}
	projector := projections.NewProjector(source{log}, r.store)
	projector.Watch(func(position eventlog.Position, changes []projections.Change) {
		r.garbage.Tell(position.Seq, projections.GarbageChanged(changes))
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- projector.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, log.Close()); err != nil {
			t.Error(err)
		}
	})
	r.service = api.New(api.Config{Region: "us-east-1", Log: log, Applied: projector, Store: r.store, Blobs: r.blobs})
	r.check(r.service.CreateBucket(t.Context(), r.as("CreateBucket"), api.CreateBucketInput{Bucket: randomBucket}))
	return r
}

func (r *randomTest) as(operation string) api.Caller {
	by := r.by
	by.Operation = operation
	return by
}

func (r *randomTest) check(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// step makes one random call and compares.
func (r *randomTest) step() {
	r.Helper()
	key := randomKeys[r.IntN(len(randomKeys))]
	switch n := r.IntN(100); {
	case n < 4:
		r.toggle()
	case n < 35:
		r.put(key)
	case n < 47:
		r.copy(key)
	case n < 57:
		r.multipart(key)
	case n < 67:
		r.delete(key, "")
	case n < 85:
		r.delete(key, r.anyVersion(key).id)
	case n < 93:
		r.deleteMany()
	default:
		r.tag(key)
	}
	r.compare()
}

// add puts a version on top of a key as S3 does. Its id is given where versions are kept.
func (r *randomTest) add(key string, v modelVersion) {
	if r.versioning != eventlog.VersioningEnabled {
		v.id = api.NullVersion
		r.remove(key, v.id)
	}
	r.keys[key] = slices.Insert(r.keys[key], 0, v)
}

func (r *randomTest) remove(key, id string) {
	r.keys[key] = slices.DeleteFunc(r.keys[key], func(v modelVersion) bool { return v.id == id })
}

// anyVersion is one of a key's, or zero.
func (r *randomTest) anyVersion(key string) modelVersion {
	if len(r.keys[key]) == 0 {
		return modelVersion{}
	}
	return r.keys[key][r.IntN(len(r.keys[key]))]
}

func (r *randomTest) toggle() {
	r.versioning = eventlog.VersioningEnabled
	if r.IntN(2) == 0 {
		r.versioning = eventlog.VersioningSuspended
	}
	r.check(r.service.PutBucketVersioning(r.Context(), r.as("PutBucketVersioning"), randomBucket, r.versioning))
}

func (r *randomTest) put(key string) {
	content := fmt.Sprint(r.Uint64())
	created, err := r.service.PutObject(r.Context(), r.as("PutObject"), api.PutObjectInput{
		Bucket: randomBucket, Key: key, Via: eventlog.ViaPut,
		Body: api.Body{Reader: strings.NewReader(content), Length: int64(len(content))},
	})
	r.check(err)
	r.add(key, modelVersion{id: created.VersionID, etag: created.Object.ETag})
}

func (r *randomTest) copy(key string) {
	from := randomKeys[r.IntN(len(randomKeys))]
	source := r.anyVersion(from)
	if source.id == "" || source.marker {
		return
	}
	created, err := r.service.CopyObject(r.Context(), r.as("CopyObject"), api.CopyObjectInput{
		Source: api.ObjectName{Bucket: randomBucket, Key: from, Version: source.id}, Bucket: randomBucket, Key: key,
		StorageClass: []string{"GLACIER", "STANDARD_IA"}[r.IntN(2)],
	})
	if e, ok := errors.AsType[*api.Error](err); ok && e.Code == api.InvalidRequest && from == key {
		return // a copy onto itself that would change nothing
	}
	r.check(err)
	r.add(key, modelVersion{id: created.VersionID, etag: source.etag, tags: source.tags})
}

// multipart makes an object of parts, one of which is replaced and one not used; or leaves the upload, or aborts it.
func (r *randomTest) multipart(key string) {
	upload, err := r.service.CreateUpload(r.Context(), r.as("CreateMultipartUpload"), api.CreateUploadInput{Bucket: randomBucket, Key: key})
	r.check(err)
	var last *projections.Part
	for _, number := range []int{1, 2, 2, 3} {
		content := fmt.Sprint(number, r.Uint64())
		part, err := r.service.UploadPart(r.Context(), r.as("UploadPart"), api.UploadPartInput{
			Bucket: randomBucket, Key: key, Upload: upload.ID, Number: number,
			Body: api.Body{Reader: strings.NewReader(content), Length: int64(len(content))},
		})
		r.check(err)
		if number == 2 {
			last = part
		}
	}
	switch r.IntN(4) {
	case 0:
		r.check(r.service.AbortUpload(r.Context(), r.as("AbortMultipartUpload"), randomBucket, key, upload.ID))
	case 1:
	default:
		created, err := r.service.CompleteUpload(r.Context(), r.as("CompleteMultipartUpload"), api.CompleteUploadInput{
			Bucket: randomBucket, Key: key, Upload: upload.ID, Parts: []api.CompletedPart{{Number: 2, ETag: last.ETag}},
		})
		r.check(err)
		r.add(key, modelVersion{id: created.VersionID, etag: created.Object.ETag})
	}
}

func (r *randomTest) delete(key, version string) {
	result, err := r.service.DeleteObject(r.Context(), r.as("DeleteObject"), randomBucket, api.DeleteKey{Key: key, Version: version})
	r.check(err)
	r.deleted(result)
}

// deleted does to the model what was done to the bucket.
func (r *randomTest) deleted(result api.DeleteResult) {
	switch {
	case result.Err != nil:
		r.Fatal(result.Err)
	case result.Version != "":
		r.remove(result.Key, result.Version)
	case r.versioning == "":
		r.keys[result.Key] = nil
	default:
		r.add(result.Key, modelVersion{id: result.MarkerVersion, marker: true})
	}
}

func (r *randomTest) deleteMany() {
	var keys []api.DeleteKey
	for range 1 + r.IntN(6) {
		key := randomKeys[r.IntN(len(randomKeys))]
		keys = append(keys, api.DeleteKey{Key: key, Version: r.anyVersion(key).id})
	}
	results, err := r.service.DeleteObjects(r.Context(), r.as("DeleteObjects"), randomBucket, keys)
	r.check(err)
	for _, result := range results {
		r.deleted(result)
	}
}

func (r *randomTest) tag(key string) {
	v := r.anyVersion(key)
	if v.id == "" || v.marker {
		return
	}
	tags := []eventlog.Tag{{Key: "t", Value: fmt.Sprint(r.IntN(10))}}
	_, err := r.service.PutObjectTags(r.Context(), r.as("PutObjectTagging"),
		api.ObjectName{Bucket: randomBucket, Key: key, Version: v.id}, tags)
	r.check(err)
	for i := range r.keys[key] {
		if r.keys[key][i].id == v.id {
			r.keys[key][i].tags = tags[0].Value
		}
	}
}

// compare compares the bucket with the model.
func (r *randomTest) compare() {
	r.Helper()
	page, err := r.service.ListVersions(r.Context(), r.as("ListObjectVersions"), projections.Listing{Bucket: randomBucket, Limit: 1 << 20})
	r.check(err)
	got := make(map[string][]modelVersion)
	for _, v := range page.Records {
		id := v.Version.Version
		if v.Null {
			id = api.NullVersion
		}
		if latest := len(got[v.Key]) == 0; v.Latest != latest {
			r.Fatalf("version %s of %q: latest %v, want %v", id, v.Key, v.Latest, latest)
		}
		var tags string
		for _, tag := range v.Attributes.Tags {
			tags += tag.Value
		}
		got[v.Key] = append(got[v.Key], modelVersion{id, v.DeleteMarker, v.ETag, tags})
	}
	for _, key := range randomKeys {
		if !slices.Equal(got[key], r.keys[key]) {
			r.Fatalf("%q has the versions\n%+v\nwant\n%+v", key, got[key], r.keys[key])
		}
		r.compareCurrent(key)
	}
}

func (r *randomTest) compareCurrent(key string) {
	r.Helper()
	out, err := r.service.HeadObject(r.Context(), r.as("HeadObject"), api.GetObjectInput{
		ObjectName: api.ObjectName{Bucket: randomBucket, Key: key},
	})
	versions := r.keys[key]
	if len(versions) == 0 || versions[0].marker {
		if e, ok := errors.AsType[*api.Error](err); !ok || e.Code != api.NoSuchKey {
			r.Fatalf("%q has no current object, but got %v, %v", key, out, err)
		}
		return
	}
	r.check(err)
	if out.Object.ETag != versions[0].etag {
		r.Fatalf("%q has ETag %s, want %s", key, out.Object.ETag, versions[0].etag)
	}
}

// checkBlobs checks that each blob is either named or garbage.
func (r *randomTest) checkBlobs(d storetest.Dump) {
	r.Helper()
	accounted := d.Named()
	for _, g := range d.Garbage {
		accounted[g.ID]++
	}
	ids, err := r.blobs.List(r.Context(), "", 1<<20)
	r.check(err)
	for _, id := range ids {
		if accounted[string(id)] == 0 {
			r.Errorf("nothing names blob %s, and it is no garbage", id)
		}
		delete(accounted, string(id))
	}
	for id := range accounted {
		r.Errorf("there is no blob %s", id)
	}
}
