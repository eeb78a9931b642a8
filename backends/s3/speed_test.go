package s3_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/backends/s3"
)

// The benchmarks hold what remote.Backend does against the SDK alone, and against requests that are signed and nothing else, at
// the same server. Take turns: go test -bench . -count 5.

// servers are those that a benchmark asks.
var servers = map[string]func(testing.TB) s3.Config{"versitygw": emulated, "ours": ours}

// client does the same in one of several ways.
type client struct {
	name string
	put  func(name string, data []byte) error
	get  func(name string, size int) (io.ReadCloser, error)
}

func clients(b *testing.B, c s3.Config) []client {
	create(b, c)
	bucket, err := s3.Open(b.Context(), c)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { bucket.Close() })
	backend := remote.New(bucket, remote.Config{Timeout: patience})
	plain := newClient(c)
	raw := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	b.Cleanup(raw.CloseIdleConnections)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	send := func(method, name string, data []byte) (*http.Response, error) {
		r, err := http.NewRequestWithContext(b.Context(), method, c.Endpoint+"/"+c.Bucket+"/"+name, bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		const unsigned = "UNSIGNED-PAYLOAD"
		r.Header.Set("X-Amz-Content-Sha256", unsigned)
		keys := aws.Credentials{AccessKeyID: c.AccessKey, SecretAccessKey: c.SecretKey}
		if err := signer.SignHTTP(b.Context(), keys, r, unsigned, "s3", c.Region, time.Now()); err != nil {
			return nil, err
		}
		response, err := raw.Do(r)
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("status %s", response.Status)
		}
		return response, err
	}
	return []client{
		{
			name: "backend",
			put: func(name string, data []byte) error {
				_, err := backend.Put(b.Context(), backends.ID(name), bytes.NewReader(data), backends.Label{Bucket: "b", Key: "k"})
				return err
			},
			get: func(name string, size int) (io.ReadCloser, error) {
				return backend.Get(b.Context(), backends.ID(name), 0, int64(size))
			},
		},
		{
			name: "sdk",
			put: func(name string, data []byte) error {
				_, err := plain.PutObject(b.Context(), &sdk.PutObjectInput{Bucket: &c.Bucket, Key: &name, Body: bytes.NewReader(data)})
				return err
			},
			get: func(name string, _ int) (io.ReadCloser, error) {
				output, err := plain.GetObject(b.Context(), &sdk.GetObjectInput{Bucket: &c.Bucket, Key: &name})
				if err != nil {
					return nil, err
				}
				return output.Body, nil
			},
		},
		{
			name: "raw",
			put: func(name string, data []byte) error {
				response, err := send(http.MethodPut, name, data)
				if err == nil {
					err = response.Body.Close()
				}
				return err
			},
			get: func(name string, _ int) (io.ReadCloser, error) {
				response, err := send(http.MethodGet, name, nil)
				if err != nil {
					return nil, err
				}
				return response.Body, nil
			},
		},
	}
}

// BenchmarkGet gets objects one after another, and tells the median.
func BenchmarkGet(b *testing.B) {
	each(b, func(b *testing.B, c client, data []byte) {
		name := string(backends.NewID())
		if err := c.put(name, data); err != nil {
			b.Fatal(err)
		}
		measure(b, len(data), func() error {
			r, err := c.get(name, len(data))
			if err != nil {
				return err
			}
			defer r.Close()
			if n, err := io.Copy(io.Discard, r); err != nil || n != int64(len(data)) {
				return fmt.Errorf("%d bytes, %w", n, err)
			}
			return nil
		})
	})
}

// BenchmarkPut puts objects one after another, and tells the median.
func BenchmarkPut(b *testing.B) {
	each(b, func(b *testing.B, c client, data []byte) {
		measure(b, len(data), func() error { return c.put(string(backends.NewID()), data) })
	})
}

func each(b *testing.B, test func(*testing.B, client, []byte)) {
	for server, start := range servers {
		b.Run(server, func(b *testing.B) {
			config := start(b)
			for _, size := range []int{4 << 10, 10 << 20} {
				config.Bucket = fmt.Sprintf("bucket-%d", size)
				for _, c := range clients(b, config) {
					b.Run(fmt.Sprintf("%dKiB/%s", size>>10, c.name), func(b *testing.B) { test(b, c, random(size)) })
				}
			}
		})
	}
}

func measure(b *testing.B, size int, do func() error) {
	b.SetBytes(int64(size))
	var times []time.Duration
	for b.Loop() {
		begun := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(begun))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "µs/median")
}
