package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// bench loads one target. Its keys are the numbers [deleted, written) behind a prefix.
type bench struct {
	cfg     config
	target  target
	clients []*client
	body    *payload

	written, deleted atomic.Int64
}

// empty is the body of requests that have none.
var empty = newPayload(0)

// result is what one measurement found.
type result struct {
	op      string
	target  target
	clients int
	elapsed time.Duration
	latency latencies // of the operations that succeeded
	bytes   int64     // of objects, sent or received
	errors  int64
	err     error  // the first of the errors
	usage   *usage // nil without a process id
}

// operations do one operation each and return how many bytes of objects it moved.
var operations = map[string]func(*bench, *client) (int64, error){
	"put":    (*bench).put,
	"get":    (*bench).get,
	"head":   (*bench).head,
	"list":   (*bench).list,
	"delete": (*bench).delete,
}

func operationNames() []string { return []string{"put", "get", "head", "list", "delete"} }

// errNoKeys ends a measurement whose operation has used up the keys.
var errNoKeys = errors.New("no keys left")

func newBench(cfg config, t target) (*bench, error) {
	b := &bench{cfg: cfg, target: t, body: newPayload(cfg.size)}
	for range cfg.clients {
		c, err := newClient(t.endpoint, signer{accessKey: cfg.accessKey, secretKey: cfg.secretKey, region: cfg.region})
		if err != nil {
			return nil, err
		}
		b.clients = append(b.clients, c)
	}
	status, _, err := b.clients[0].do(http.MethodPut, b.path(""), "", empty)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK && status != http.StatusConflict {
		return nil, fmt.Errorf("create bucket %s: status %d", cfg.bucket, status)
	}
	return b, nil
}

// measure runs one operation on all clients, until the time is over or it was done often enough.
func (b *bench) measure(op string) (result, error) {
	if op != "put" && op != "list" && b.written.Load() == b.deleted.Load() {
		if r := b.load("put", b.cfg.keys, 0); r.err != nil {
			return result{}, fmt.Errorf("write keys to work on: %w", r.err)
		}
	}
	before, err := readUsage(b.target.pid)
	if err != nil {
		return result{}, err
	}
	r := b.load(op, b.cfg.n, b.cfg.duration)
	after, err := readUsage(b.target.pid)
	if err != nil {
		return result{}, err
	}
	r.usage = after.since(before)
	return r, nil
}

// load does op n times, or for a duration when n is 0.
func (b *bench) load(op string, n int64, d time.Duration) result {
	r := result{op: op, target: b.target, clients: len(b.clients)}
	do := operations[op]
	var (
		mu      sync.Mutex // guards r
		wg      sync.WaitGroup
		started atomic.Int64
		begin   = time.Now()
	)
	for _, c := range b.clients {
		wg.Go(func() {
			var mine result
			for (n == 0 || started.Add(1) <= n) && (n > 0 || time.Since(begin) < d) {
				start := time.Now()
				bytes, err := do(b, c)
				if err == errNoKeys {
					break
				}
				if err != nil {
					mine.errors++
					mine.err = err
					continue
				}
				mine.latency = append(mine.latency, time.Since(start))
				mine.bytes += bytes
			}
			mu.Lock()
			defer mu.Unlock()
			r.latency = append(r.latency, mine.latency...)
			r.bytes += mine.bytes
			r.errors += mine.errors
			if r.err == nil {
				r.err = mine.err
			}
		})
	}
	wg.Wait()
	r.elapsed = time.Since(begin)
	slices.Sort(r.latency)
	return r
}

func (b *bench) put(c *client) (int64, error) {
	i := b.written.Add(1) - 1
	_, err := b.do(c, http.MethodPut, b.key(i), "", b.body, http.StatusOK)
	return b.body.size, err
}

func (b *bench) get(c *client) (int64, error) {
	n, err := b.do(c, http.MethodGet, b.anyKey(), "", empty, http.StatusOK)
	if err == nil && n != b.body.size {
		return n, fmt.Errorf("get: %d bytes instead of %d", n, b.body.size)
	}
	return n, err
}

func (b *bench) head(c *client) (int64, error) {
	_, err := b.do(c, http.MethodHead, b.anyKey(), "", empty, http.StatusOK)
	return 0, err
}

// list reads one page, of the keys after any that was written in this run.
func (b *bench) list(c *client) (int64, error) {
	q := url.Values{"list-type": {"2"}, "prefix": {b.cfg.prefix}, "max-keys": {strconv.Itoa(b.cfg.maxKeys)}}
	if b.cfg.delimiter != "" {
		q.Set("delimiter", b.cfg.delimiter)
	} else if b.written.Load() > b.deleted.Load() {
		q.Set("start-after", b.anyKey())
	}
	_, err := b.do(c, http.MethodGet, "", encodeQuery(q), empty, http.StatusOK)
	return 0, err
}

func (b *bench) delete(c *client) (int64, error) {
	i := b.deleted.Add(1) - 1
	if i >= b.written.Load() {
		b.deleted.Add(-1)
		return 0, errNoKeys
	}
	_, err := b.do(c, http.MethodDelete, b.key(i), "", empty, http.StatusNoContent)
	return 0, err
}

func (b *bench) do(c *client, method, key, query string, body *payload, want int) (int64, error) {
	status, n, err := c.do(method, b.path(key), query, body)
	if err == nil && status != want {
		err = fmt.Errorf("%s %s: status %d instead of %d", method, b.path(key), status, want)
	}
	return n, err
}

// path is that of a key, or of the bucket for the empty key.
func (b *bench) path(key string) string {
	if key == "" {
		return "/" + b.cfg.bucket
	}
	return "/" + b.cfg.bucket + "/" + escapePath(key)
}

func (b *bench) key(i int64) string { return fmt.Sprintf("%s%010d", b.cfg.prefix, i) }

// anyKey is one of the keys that are there, at random.
func (b *bench) anyKey() string {
	first := b.deleted.Load()
	return b.key(first + rand.Int64N(b.written.Load()-first))
}
