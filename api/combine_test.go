package api

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
)

func TestCombinedCRCIsThatOfTheWhole(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, algorithm := range []string{CRC32, CRC32C, CRC64NVME} {
		for range 50 {
			whole := newChecksum(algorithm)
			var parts []eventlog.Part
			for number := range 1 + random.IntN(5) {
				content := bytes.Repeat([]byte{byte(random.Uint32())}, random.IntN(5000))
				whole.Write(content)
				h := newChecksum(algorithm)
				h.Write(content)
				parts = append(parts, eventlog.Part{
					Number: number, Size: int64(len(content)), Checksum: eventlog.Checksum{Algorithm: algorithm, Value: encodeSum(h)},
				})
			}
			got, err := combineChecksums(algorithm, FullObject, parts)
			if err != nil {
				t.Fatal(err)
			}
			if want := encodeSum(whole); got.Value != want {
				t.Fatalf("%s of %d parts: got %s, want %s", algorithm, len(parts), got.Value, want)
			}
		}
	}
}
