// Package natslog passes on what an embedded NATS server logs.
package natslog

import "fmt"

// Logger is a server.Logger of nats-server that passes on errors and warnings, and drops the rest. Its functions are called by
// any goroutine of the server, which waits for them.
type Logger struct {
	Error func(text string) // also what nats-server calls fatal, after which it does not end the process
	Warn  func(text string)
}

// Errorf implements server.Logger.
func (l Logger) Errorf(format string, args ...any) { l.Error(fmt.Sprintf(format, args...)) }

// Fatalf implements server.Logger.
func (l Logger) Fatalf(format string, args ...any) { l.Errorf(format, args...) }

// Warnf implements server.Logger.
func (l Logger) Warnf(format string, args ...any) { l.Warn(fmt.Sprintf(format, args...)) }

// Noticef implements server.Logger.
func (Logger) Noticef(string, ...any) {}

// Debugf implements server.Logger.
func (Logger) Debugf(string, ...any) {}

// Tracef implements server.Logger.
func (Logger) Tracef(string, ...any) {}
