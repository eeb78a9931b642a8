//go:build linux

package powercut

import "sync"

// hold keeps what makes something durable from ending, as a disk that hangs does.
type hold struct {
	mu   sync.Mutex
	held chan struct{} // closed by the release; nil if nothing is held
}

// HoldSyncs makes every fsync wait, and every write with O_SYNC, until release is called, which must be before a process
// is killed that may wait: for the kernel, it can't end before. All else goes on.
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
	h.held = held
}

func (h *hold) wait() {
	h.mu.Lock()
	held := h.held
	h.mu.Unlock()
	if held != nil {
		<-held
	}
}
