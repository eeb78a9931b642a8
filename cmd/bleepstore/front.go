package main

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
)

// front is a handler that can be replaced while requests come in, and that can wait until all of them have ended.
type front struct {
	handler atomic.Pointer[http.Handler]
	// requests is held for reading by each request, so locking it waits for all of them.
	requests sync.RWMutex
}

// set makes handler answer the requests that come from now on.
func (f *front) set(handler http.Handler) { f.handler.Store(&handler) }

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.requests.RLock()
	defer f.requests.RUnlock()
	(*f.handler.Load()).ServeHTTP(w, r)
}

// drain waits until no request is being answered, and tells whether that came before ctx ended. No later request reaches
// a handler: those that slipped in find one that only hangs up.
func (f *front) drain(ctx context.Context) bool {
	f.set(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	ended := make(chan struct{})
	go func() {
		f.requests.Lock()
		defer f.requests.Unlock()
		close(ended)
	}()
	select {
	case <-ended:
		return true
	case <-ctx.Done():
		return false // the process ends, and the goroutine with it
	}
}
