package api

import (
	"fmt"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
)

func TestManifestCacheIsBoundedByParts(t *testing.T) {
	c := newManifestCache()
	manifest := func(parts int) eventlog.Manifest { return eventlog.Manifest{Parts: make([]eventlog.Part, parts)} }
	const size = maxCachedParts / 4
	for i := range 10 {
		c.add(fmt.Sprint(i), manifest(size))
		c.add(fmt.Sprint(i), manifest(size))
		if m, ok := c.get("0"); i < 5 && (!ok || len(m.Parts) != size) { // keeps the first in use
			t.Fatalf("manifest 0 is %d parts, %v after %d others", len(m.Parts), ok, i)
		}
	}
	kept := 0
	for i := range 10 {
		if _, ok := c.get(fmt.Sprint(i)); ok {
			kept++
		}
	}
	if kept != 4 || c.parts != maxCachedParts {
		t.Errorf("%d manifests of %d parts are kept, want 4 of %d", kept, c.parts, maxCachedParts)
	}
	c.add("large", manifest(maxCachedParts))
	if _, ok := c.get("large"); !ok || c.lru.Len() != 1 {
		t.Errorf("%d manifests are kept beside the largest, which is kept: %v", c.lru.Len()-1, ok)
	}
}
