// Package control lets a command reach the process that has a folder in use, over a socket in that folder. Whoever may
// connect to the socket may ask for everything, so it has the permissions of what is for its owner alone.
//
// A request and its answer are HTTP: a Request in JSON, and lines of JSON as the task goes on, the last of which says how it
// ended.
package control

import (
	"errors"
	"io"
	"path/filepath"
)

// Request asks for a task.
type Request struct {
	Task string            `json:"task"`
	Args map[string]string `json:"args,omitzero"`
}

// Reporter is where a task says what it does. It is for one goroutine at a time.
type Reporter interface {
	// Write is for what the task has found out: text for people.
	io.Writer
	// Progress says how far it has come. It may be called as often as anything is done.
	Progress(Progress)
}

// Progress is how far a task has come.
type Progress struct {
	Done  uint64 `json:"done"`
	Total uint64 `json:"total"` // 0 while it is not known
	Unit  string `json:"unit"`  // of both, in the plural
}

// ErrNobody says that no process takes requests in a folder.
var ErrNobody = errors.New("no process takes commands there")

// message is a line of an answer: one of its members is set.
type message struct {
	Output   string    `json:"output,omitzero"`
	Progress *Progress `json:"progress,omitzero"`
	End      *end      `json:"end,omitzero"`
}

// end is how a task ended: well, if the error is empty.
type end struct {
	Error string `json:"error"`
}

// socket is the path of the socket in a folder.
func socket(dir string) string { return filepath.Join(dir, "control") }
