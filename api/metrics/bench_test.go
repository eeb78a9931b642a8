package metrics_test

import (
	"testing"

	"github.com/bleepstore/bleepstore/api/metrics"
)

// BenchmarkRequest is what a request takes longer for being counted.
func BenchmarkRequest(b *testing.B) {
	m := metrics.New("1.2.3")
	r := request("GET", "/{bucket}/{key}", "GetObject", 200, nil)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Request(r)
		}
	})
}
