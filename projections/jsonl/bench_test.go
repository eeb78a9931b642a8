package jsonl_test

import (
	"testing"

	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/storetest"
)

func Benchmark(b *testing.B) {
	storetest.Bench(b, func(b *testing.B, dir string) projections.MetadataStore { return open(b, dir) })
}
