package archive

import "sync"

// locked is a value that one goroutine sets and many get.
type locked[T any] struct {
	mu    sync.Mutex
	value T
}

func (l *locked[T]) get() T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.value
}

func (l *locked[T]) set(value T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.value = value
}
