package public_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
)

// BenchmarkRebuild publishes 100,000 events from nothing: to administrators, and to the owner of the bucket too.
func BenchmarkRebuild(b *testing.B) {
	const events, perCommit = 100_000, 500
	w := newWorld(b)
	w.append(bucketCreated("a", alice))
	object := eventlog.Object{ETag: "b1946ac92492d2347c6235b4d2611184", Owner: eventlog.Owner{ID: "a", Name: "a"}, Blobs: make([]eventlog.Blob, 1)}
	for n := 0; n < events; n += perCommit {
		var data []eventlog.Data
		for i := range perCommit {
			data = append(data, &eventlog.ObjectCreated{Bucket: "a", Key: fmt.Sprint("folder/object-", n+i), Via: eventlog.ViaPut, Object: object})
		}
		w.append(data...)
	}
	w.published()
	for b.Loop() {
		w.restart(func() { must(b, os.RemoveAll(w.config.Dir)) })
		w.published()
	}
	b.ReportMetric(events*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
