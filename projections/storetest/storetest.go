// Package storetest holds the suite that every MetadataStore passes.
package storetest

import (
	"testing"

	"github.com/bleepstore/bleepstore/projections"
)

// Run tests the stores that open makes, each of them new and empty. The suite closes them.
func Run(t *testing.T, open func(t *testing.T) projections.MetadataStore) {
	tests := []struct {
		name string
		test func(*suite)
	}{
		{"Empty", testEmpty},
		{"Position", testPosition},
		{"Buckets", testBuckets},
		{"Objects", testObjects},
		{"ObjectOrder", testObjectOrder},
		{"ObjectScans", testObjectScans},
		{"Neighbours", testNeighbours},
		{"Versions", testVersions},
		{"Uploads", testUploads},
		{"Parts", testParts},
		{"DeleteUpload", testDeleteUpload},
		{"Shared", testShared},
		{"Garbage", testGarbage},
		{"OrderOfChanges", testOrderOfChanges},
		{"Repeat", testRepeat},
		{"Concurrent", testConcurrent},
		{"Snapshots", testSnapshots},
		{"Random", testRandom},
		{"Listing", testListing},
		{"VersionListing", testVersionListing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &suite{T: t, store: open(t)}
			defer s.close()
			tt.test(s)
		})
	}
}

// RunPersistent runs the suite, and tests that a store that was closed answers as before when it is opened again.
// Each call of place stands for a new and empty store, which the function it returns opens, as often as it is called.
func RunPersistent(t *testing.T, place func(t *testing.T) (open func() projections.MetadataStore)) {
	Run(t, func(t *testing.T) projections.MetadataStore { return place(t)() })
	t.Run("Reopen", func(t *testing.T) { testReopen(t, place(t)) })
}
