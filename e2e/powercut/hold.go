//go:build linux

package powercut

import "sync"

// hold keeps what makes something durable from ending, as a disk that hangs does.
type hold struct {
	mu      sync.Mutex
	held    chan struct{} // closed by the release; nil if nothing is held
	waiting int           // how many wait for that
}

// HoldSyncs makes every fsync wait, and every write with O_SYNC, until release is called, which must be before a process
// is killed that may wait: for the kernel, it can't end before. All else goes on, but for changes of the same file or
// folder, which the kernel holds back.
func (f *FS) HoldSyncs() (release func()) {
	held := make(chan struct{})
	f.syncs.set(held)
	return sync.OnceFunc(func() {
		f.syncs.set(nil)
		close(held)
	})
}

func (h *hold) set(held chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held, h.waiting = held, 0
}

func (h *hold) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.waiting
}

func (h *hold) wait() {
	h.mu.Lock()
	held := h.held
	if held != nil {
		h.waiting++
	}
	h.mu.Unlock()
	if held != nil {
		<-held
	}
}
