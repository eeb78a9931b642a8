package main

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestCloseDoesNotWaitForeverForTheProjector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped := false
		// It has no parts: closing them would panic.
		n := &node{stop: func() { stopped = true }, projected: make(chan struct{})}
		began := time.Now()
		if err := n.close(); err == nil {
			t.Error("close gave no error, although the projector goes on")
		}
		if waited := time.Since(began); waited != stopTimeout {
			t.Errorf("close waited %v, want %v", waited, stopTimeout)
		}
		if !stopped {
			t.Error("the projector was not told to end")
		}
		close(n.projected) // it ends at last
	})
}
