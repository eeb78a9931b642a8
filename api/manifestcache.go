package api

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/bleepstore/bleepstore/eventlog"
)

// maxCachedParts bounds the manifests that are remembered, at a few hundred bytes a part.
const maxCachedParts = 20_000

// manifestCache remembers the manifests that were read last, by their blobs' ids, which are never used again. Without it,
// each request for a range of an object of very many parts would read all of its manifest.
type manifestCache struct {
	mu    sync.Mutex
	lru   *simplelru.LRU[string, eventlog.Manifest]
	parts int // in all of lru
}

func newManifestCache() *manifestCache {
	c := new(manifestCache)
	// No manifest has fewer parts than one: the number of parts is reached first. The constructor refuses but a size of 0.
	c.lru, _ = simplelru.NewLRU(maxCachedParts, func(_ string, m eventlog.Manifest) { c.parts -= len(m.Parts) })
	return c
}

func (c *manifestCache) get(blob string) (eventlog.Manifest, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lru.Get(blob)
}

func (c *manifestCache) add(blob string, m eventlog.Manifest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lru.Contains(blob) {
		return // somebody else has read it at the same time
	}
	c.lru.Add(blob, m)
	for c.parts += len(m.Parts); c.parts > maxCachedParts; {
		c.lru.RemoveOldest()
	}
}
