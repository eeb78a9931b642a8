//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// hangingMemory is how many bytes a server may need while its disk hangs and thousands want to write.
const hangingMemory = 300 << 20

// A disk that hangs holds up writes, but only so many: the others are told to come back later, so that the server's memory
// is bounded, and reads go on. When the disk goes on, so do the writes that waited.
func TestADiskThatHangs(t *testing.T) {
	t.Parallel()
	for name, load := range map[string]hangingLoad{
		"small objects": {size: 60_000, writes: 3000, room: 819},
		"large objects": {size: 100_000, writes: 1500, room: 512},
		"copies":        {copies: true, size: 1000, writes: 2300, room: 2048},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPower(t)
			s := startServer(t, options{dir: p.dir})
			load.client = s.client()
			load.bucket = newBucket(t, load.client)
			load.random = randomBytes(load.size + load.writes)
			put(t, load.client, load.bucket, "source", load.body(0))
			idle := memory(t, s, "VmRSS")

			release := p.disk.HoldSyncs()
			t.Cleanup(release) // before the server is killed
			ended := load.start(t)
			for range load.writes - load.room {
				wantError(t, load.next(t, ended).err, 503, "SlowDown")
			}
			wantBytes(t, get(t, load.client, load.bucket, "source"), load.body(0))
			want(t, "number of objects while the disk hangs", len(listKeys(t, load.client, load.bucket)), 1)
			peak := memory(t, s, "VmHWM")
			t.Logf("%d MiB when idle, at most %d MiB with %d writes to a disk that hangs", idle>>20, peak>>20, load.writes)
			limit := int64(hangingMemory)
			if raceDetector() {
				limit *= 5 // it needs memory of its own, most of it for goroutines
			}
			if peak > limit {
				t.Errorf("the server needed %d MiB, want at most %d", peak>>20, limit>>20)
			}

			release()
			stored := 1
			for range load.room {
				w := load.next(t, ended)
				if w.err != nil {
					wantError(t, w.err, 503, "SlowDown") // there was no room for it a moment before there was
					continue
				}
				stored++
				wantBytes(t, get(t, load.client, load.bucket, w.key), w.body)
			}
			want(t, "number of objects", len(listKeys(t, load.client, load.bucket)), stored)
			if stored < load.room/2 {
				t.Errorf("%d writes waited for the disk, want about %d", stored, load.room)
			}
			put(t, load.client, load.bucket, "after", load.body(0))
		})
	}
}

// hangingLoad is many writes at once.
type hangingLoad struct {
	copies bool // instead of puts: they store no blob, and wait for the log
	size   int
	writes int
	room   int // how many of them may wait

	client *s3.Client
	bucket string
	random []byte // which has all bodies
}

type hangingWrite struct {
	key  string
	body []byte
	err  error
}

func (l *hangingLoad) body(i int) []byte { return l.random[i:][:l.size] }

// start starts all writes, and returns how they end.
func (l *hangingLoad) start(t *testing.T) <-chan hangingWrite {
	ended := make(chan hangingWrite, l.writes)
	for i := range l.writes {
		w := hangingWrite{key: fmt.Sprint("key-", i), body: l.body(i)}
		if l.copies {
			w.body = l.body(0)
		}
		go func() {
			w.err = l.write(t, w)
			ended <- w
		}()
	}
	return ended
}

func (l *hangingLoad) write(t *testing.T, w hangingWrite) error {
	if l.copies {
		in := &s3.CopyObjectInput{Bucket: &l.bucket, Key: &w.key, CopySource: aws.String(l.bucket + "/source")}
		_, err := l.client.CopyObject(t.Context(), in)
		return err
	}
	_, err := l.client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &l.bucket, Key: &w.key, Body: bytes.NewReader(w.body)})
	return err
}

// next waits for the end of a write.
func (l *hangingLoad) next(t *testing.T, ended <-chan hangingWrite) hangingWrite {
	t.Helper()
	select {
	case w := <-ended:
		return w
	case <-time.After(patience):
		t.Fatalf("no write ended within %s", patience)
		return hangingWrite{}
	}
}
