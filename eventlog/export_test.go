package eventlog

import (
	"context"
	"sync"
)

// Intrude stores a message behind the log's back, as another writer would.
func (l *Log) Intrude(ctx context.Context, data []byte) error {
	_, err := l.stream.js.Publish(ctx, streamSubject, data)
	return err
}

// StopServer ends the NATS server under the log.
func (l *Log) StopServer() {
	l.stream.server.Shutdown()
	l.stream.server.WaitForShutdown()
}

// SetFree makes the log believe that so many bytes are free on its disk.
func (l *Log) SetFree(bytes int64) {
	l.free = func(string) (int64, error) { return bytes, nil }
}

// Stall makes writes wait until release is called, as a disk does that hangs. It is called before any append.
func (l *Log) Stall() (release func()) {
	free, held := l.free, make(chan struct{})
	l.free = func(dir string) (int64, error) {
		<-held
		return free(dir)
	}
	return sync.OnceFunc(func() { close(held) })
}
