//go:build linux

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// BenchmarkColdStart measures the time from the start of the process to its first answered S3 request, on an empty data
// folder, and the memory that it has then.
func BenchmarkColdStart(b *testing.B) {
	var rss int64
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		b.StartTimer()
		s := startServer(b, options{dir: dir})
		newBucket(b, s.client())
		b.StopTimer()
		rss = max(rss, memory(b, s, "VmRSS"))
		s.kill()
		b.StartTimer()
	}
	b.ReportMetric(float64(rss)/(1<<20), "MiB-resident")
}

// replayed is how many events BenchmarkReplay makes.
const replayed = 1_000_000

// BenchmarkReplay measures how long a server needs to rebuild its metadata from a log of a million objects.
func BenchmarkReplay(b *testing.B) {
	dir := b.TempDir()
	s := startServer(b, options{dir: dir})
	fill := exec.Command("go", "run", "./bench", "-endpoint", s.endpoint,
		"-op", "put", "-size", "0", "-n", strconv.Itoa(replayed), "-clients", "256")
	if out, err := fill.CombinedOutput(); err != nil {
		b.Fatalf("fill the server: %v\n%s", err, out)
	}
	s.stop(b)
	var peak int64
	for b.Loop() {
		b.StopTimer()
		if err := os.RemoveAll(filepath.Join(dir, "metadata")); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		s = startServer(b, options{dir: dir})
		b.StopTimer()
		peak = max(peak, memory(b, s, "VmHWM"))
		s.kill()
		b.StartTimer()
	}
	perReplay := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(replayed/perReplay, "events/s")
	b.ReportMetric(float64(peak)/(1<<20), "MiB-peak")
}
