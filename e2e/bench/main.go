// Command bench loads an S3 endpoint and reports what it did, how fast, and what that cost the server.
//
// It spends few cycles of its own, so that on one machine the server gets them: requests are signed with a cached key,
// written by hand over one connection per client, and answers are parsed only as far as needed.
//
// The operations of -op run one after the other and share their keys: put writes new ones, get, head and list read
// them, delete removes them. Where keys are missing, -keys of them are written first, outside of the measurement.
//
//	bench -op put,get,head,list,delete -clients 32
//	bench -op put -size 0 -n 1000000 -prefix hidden/ && bench -op list -prefix hid -delimiter / -clients 1
//	bench -endpoint http://127.0.0.1:9000 -pid 123 -vs http://127.0.0.1:9001 -vs-pid 456 -rounds 2
//
// With -vs, both endpoints are measured in turn, so that what else the machine does falls on both alike. The exit status
// is 1 when any operation failed.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

type config struct {
	targets   []target
	accessKey string
	secretKey string
	region    string
	bucket    string
	prefix    string
	delimiter string
	maxKeys   int
	ops       []string
	size      int64
	clients   int
	duration  time.Duration
	n         int64
	keys      int64
	rounds    int
	fsyncDir  string
}

// target is one endpoint under load.
type target struct {
	endpoint string
	pid      int // of the server, 0 when unknown
}

func main() {
	cfg, err := parseFlags(os.Args[1:])
	if err == nil {
		err = run(cfg)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(cfg config) error {
	if cfg.fsyncDir != "" {
		latency, err := probeFsync(cfg.fsyncDir)
		if err != nil {
			return err
		}
		fmt.Printf("append and fsync of 1 KiB: p50 %s, p99 %s\n\n", latency.quantile(0.50), latency.quantile(0.99))
	}
	var benches []*bench
	for _, t := range cfg.targets {
		b, err := newBench(cfg, t)
		if err != nil {
			return fmt.Errorf("prepare %s: %w", t.endpoint, err)
		}
		benches = append(benches, b)
	}
	var results []result
	for _, op := range cfg.ops {
		for range cfg.rounds {
			for _, b := range benches {
				r, err := b.measure(op)
				if err != nil {
					return fmt.Errorf("%s on %s: %w", op, b.target.endpoint, err)
				}
				results = append(results, r)
			}
		}
	}
	return report(os.Stdout, cfg, results)
}

func parseFlags(args []string) (config, error) {
	cfg := config{targets: []target{{}}, size: 4 << 10}
	var vs target
	ops := "put,get,head,list,delete"
	f := flag.NewFlagSet("bench", flag.ExitOnError)
	f.StringVar(&cfg.targets[0].endpoint, "endpoint", "http://127.0.0.1:9000", "`URL` of the server")
	f.IntVar(&cfg.targets[0].pid, "pid", 0, "process `id` of the server, to report its CPU time and memory (Linux)")
	f.StringVar(&vs.endpoint, "vs", "", "`URL` of a second server to compare with")
	f.IntVar(&vs.pid, "vs-pid", 0, "process `id` of the second server")
	f.StringVar(&cfg.accessKey, "access-key", "bleepstore", "access `key` of both servers")
	f.StringVar(&cfg.secretKey, "secret-key", "bleepstore-secret", "secret `key` of both servers")
	f.StringVar(&cfg.region, "region", "us-east-1", "`region` to sign for")
	f.StringVar(&cfg.bucket, "bucket", "bench", "`bucket` to use, created when missing")
	f.StringVar(&cfg.prefix, "prefix", "", "`prefix` of all keys (default one that is new in each run)")
	f.StringVar(&cfg.delimiter, "delimiter", "", "`delimiter` of lists")
	f.IntVar(&cfg.maxKeys, "max-keys", 1000, "keys in a `page` of a list")
	f.StringVar(&ops, "op", ops, "`operations` to measure, in this order")
	f.Func("size", "`size` of objects, in bytes or KiB, MiB, GiB (default 4KiB)", func(s string) (err error) {
		cfg.size, err = parseSize(s)
		return err
	})
	f.IntVar(&cfg.clients, "clients", 64, "concurrent `clients`")
	f.DurationVar(&cfg.duration, "duration", 5*time.Second, "`time` to measure an operation for")
	f.Int64Var(&cfg.n, "n", 0, "`times` to do an operation, instead of -duration")
	f.Int64Var(&cfg.keys, "keys", 1000, "`keys` to write first for operations that need some")
	f.IntVar(&cfg.rounds, "rounds", 1, "`times` to measure each operation on each server")
	f.StringVar(&cfg.fsyncDir, "fsync", "", "also measure an append and fsync of 1 KiB in this `folder`")
	_ = f.Parse(args) // exits on errors
	cfg.ops = strings.Split(ops, ",")
	if vs.endpoint != "" {
		cfg.targets = append(cfg.targets, vs)
	}
	if cfg.prefix == "" {
		cfg.prefix = "run-" + strconv.FormatInt(time.Now().UnixNano(), 36) + "/"
	}
	return cfg, cfg.check(f.Args())
}

func (cfg config) check(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q", rest[0])
	}
	for _, op := range cfg.ops {
		if !slices.Contains(operationNames(), op) {
			return fmt.Errorf("unknown operation %q, want one of %s", op, strings.Join(operationNames(), ", "))
		}
	}
	if cfg.clients < 1 || cfg.rounds < 1 || cfg.keys < 1 || cfg.n < 0 || cfg.duration <= 0 {
		return errors.New("-clients, -rounds, -keys and -duration must be positive, -n not negative")
	}
	return nil
}

func parseSize(s string) (int64, error) {
	factor := int64(1)
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if number, ok := strings.CutSuffix(s, unit); ok {
			s, factor = number, 1<<(10*(i+1))
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, errors.New("want a number of bytes, or one of KiB, MiB or GiB")
	}
	return n * factor, nil
}
