package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

const (
	crashWriters  = 32
	keysPerWriter = 6
	opsPerRound   = 500 // that are acknowledged before the kill
)

// The server is killed in the middle of a load of writes, again and again on one data folder. Each time, what it
// acknowledged must be there, whole, and what it acknowledged as deleted must not. A write that was under way may have
// happened or not, but nothing in between.
func TestCrash(t *testing.T) {
	t.Parallel()
	inEachPlace(t, testCrash)
}

func testCrash(t *testing.T, place archivePlace) {
	dir := t.TempDir()
	s := startServer(t, options{dir: dir, env: place.env})
	bucket := newBucket(t, s.client())
	writers := newCrashWriters(bucket)
	for round := range rounds(10, 100) {
		crashUnderLoad(t, s, writers, opsPerRound, s.kill)
		s = startSweeping(t, dir, place.env...)
		verifyAfterCrash(t, s.client(), bucket, writers)
		if round%5 == 4 {
			s.stop(t)
			verifyFolder(t, dir, place.env...)
			s = startServer(t, options{dir: dir, env: place.env})
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
}

func newCrashWriters(bucket string) (writers []*crashWriter) {
	for i := range crashWriters {
		w := &crashWriter{
			bucket: bucket, random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), states: make(map[string]*keyState),
		}
		for k := range keysPerWriter {
			key := fmt.Sprintf("writer-%02d/key-%d", i, k)
			w.keys, w.states[key] = append(w.keys, key), &keyState{}
		}
		writers = append(writers, w)
	}
	return writers
}

// crashUnderLoad lets all writers write, and crashes the server when that many writes were acknowledged.
func crashUnderLoad(t *testing.T, s *server, writers []*crashWriter, writes int64, crash func()) {
	t.Helper()
	var acknowledged atomic.Int64
	enough := make(chan struct{})
	c := s.client()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var group errgroup.Group
	for _, w := range writers {
		group.Go(func() error {
			for {
				err := w.step(ctx, c)
				switch {
				case err == nil:
					if acknowledged.Add(1) == writes {
						close(enough)
					}
				case acknowledged.Load() < writes:
					return err // before the crash, nothing may fail
				default:
					return nil
				}
			}
		})
	}
	failed := make(chan error, 1)
	go func() { failed <- group.Wait() }()
	select {
	case <-enough:
		crash()
		cancel()
		<-failed
	case err := <-failed:
		t.Fatalf("a write failed while the server was up: %v", err)
	}
}

// content is what a key may hold: absent, or a body that is made from a seed.
type content struct {
	present bool
	seed    uint64
	size    int
}

func (c content) body() []byte {
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(c.seed >> (i % 8 * 8))
	}
	body := make([]byte, c.size)
	rand.NewChaCha8(seed).Read(body)
	return body
}

// keyState is what the server may say about a key.
type keyState struct {
	now  content   // acknowledged
	open []content // written since then, but not acknowledged
}

// crashWriter writes to keys of its own, one write at a time.
type crashWriter struct {
	bucket string
	random *rand.Rand
	keys   []string
	states map[string]*keyState
}

// step does one write, and keeps account of it.
func (w *crashWriter) step(ctx context.Context, c *s3.Client) error {
	key := w.keys[w.random.IntN(len(w.keys))]
	state := w.states[key]
	next := content{present: true, seed: w.random.Uint64(), size: w.random.IntN(16 << 10)}
	write := w.put
	switch dice := w.random.IntN(100); {
	case dice < 20:
		next, write = content{}, w.delete
	case dice < 25:
		next.size, write = 1+w.random.IntN(16<<10), w.multipart
	case dice < 30:
		next.size = 100_000 + w.random.IntN(200_000) // a blob of its own file
	}
	state.open = append(state.open, next)
	if err := write(ctx, c, key, next.body()); err != nil {
		return err
	}
	*state = keyState{now: next}
	return nil
}

func (w *crashWriter) put(ctx context.Context, c *s3.Client, key string, body []byte) error {
	_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &w.bucket, Key: &key, Body: bytes.NewReader(body)})
	return err
}

func (w *crashWriter) delete(ctx context.Context, c *s3.Client, key string, _ []byte) error {
	_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.bucket, Key: &key})
	return err
}

func (w *crashWriter) multipart(ctx context.Context, c *s3.Client, key string, body []byte) error {
	created, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &w.bucket, Key: &key})
	if err != nil {
		return err
	}
	part, err := c.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &w.bucket, Key: &key, UploadId: created.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader(body),
	})
	if err != nil {
		return err
	}
	_, err = c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &w.bucket, Key: &key, UploadId: created.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{
			{PartNumber: aws.Int32(1), ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32},
		}},
	})
	return err
}

// verifyAfterCrash checks every key, and that the list shows what can be read and nothing else.
func verifyAfterCrash(t *testing.T, c *s3.Client, bucket string, writers []*crashWriter) {
	sizes := make(map[string]int64)
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range page.Contents {
			sizes[*object.Key] = *object.Size
		}
	}
	for _, w := range writers {
		for key, state := range w.states {
			body, err := readObject(t, c, bucket, key)
			if err != nil {
				t.Errorf("get %s: %v", key, err)
				continue
			}
			found := state.matching(body)
			if found == nil {
				t.Errorf("%s has %d bytes (present: %t), which were never written or are out of date; acknowledged: %+v, not acknowledged: %+v",
					key, len(body), body != nil, state.now, state.open)
				continue
			}
			*state = keyState{now: *found}
			size, listed := sizes[key]
			if listed != found.present || size != int64(found.size) {
				t.Errorf("%s is listed: %t, with size %d; want %+v", key, listed, size, *found)
			}
			delete(sizes, key)
		}
	}
	for key := range sizes {
		t.Errorf("%s is listed, and was never written", key)
	}
}

// matching returns which of the possible contents a body is; nil stands for no object.
func (k *keyState) matching(body []byte) *content {
	for _, c := range append(k.open, k.now) {
		if c.present == (body != nil) && c.size == len(body) && bytes.Equal(c.body(), body) {
			return &c
		}
	}
	return nil
}

// readObject reads an object; nil if there is none.
func readObject(t *testing.T, c *s3.Client, bucket, key string) ([]byte, error) {
	out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if _, missing := errors.AsType[*types.NoSuchKey](err); missing {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if body == nil {
		body = []byte{}
	}
	return body, err
}
