package api

import (
	"maps"
	"sync"

	"github.com/bleepstore/bleepstore/backends"
)

// incoming are the blobs that were begun, and of which it is not decided yet whether an event names them. A sweep leaves
// them alone: how old an id is says nothing about that, since a client may take any time to send a body.
type incoming struct {
	mu  sync.Mutex
	ids map[backends.ID]backends.Label
}

// begin makes the id of a new blob.
func (i *incoming) begin(label backends.Label) backends.ID {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.ids == nil {
		i.ids = make(map[backends.ID]backends.Label)
	}
	id := backends.NewID() // under the lock, or else oldest could return a greater one before it is here
	i.ids[id] = label
	return id
}

// end says that it is decided: the store names the blob, or nothing ever will.
func (i *incoming) end(id backends.ID) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.ids, id)
}

// all returns the blobs, with their labels.
func (i *incoming) all() map[backends.ID]backends.Label {
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.ids)
}

// oldest returns an id that is not above any of the blobs, nor above one that is begun later. Ids that this process makes
// ascend, also when the clock goes back.
func (i *incoming) oldest() backends.ID {
	i.mu.Lock()
	defer i.mu.Unlock()
	oldest := backends.NewID()
	for id := range i.ids {
		oldest = min(oldest, id)
	}
	return oldest
}
