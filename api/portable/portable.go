// Package portable exports what a server holds in the form that implementations of BleepStore exchange, and imports it: the
// metadata as JSON, and objects as files in a plain tree. README.md describes both.
package portable

import (
	"sync"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/projections"
)

// Server is what is exported, or imported to.
type Server struct {
	Service *api.Service
	Store   projections.MetadataStore
}

// Credential is an access key and the account that it belongs to.
type Credential struct {
	AccessKey string
	SecretKey string // empty where it is not to be told
	ID        string // canonical user id of the account
	Name      string // display name of the account
}

// Report is told how an export or an import goes on, by one goroutine at a time.
type Report interface {
	// LeftOut is told of each thing that is left out, and why.
	LeftOut(error)
	// Note is told what whoever has asked should know, and is no failure.
	Note(string)
	// Bytes is told how many of the bytes of all objects are done.
	Bytes(done, total int64)
}

// tally counts what is done by several goroutines, and reports it.
type tally struct {
	report Report
	total  int64 // bytes

	mu      sync.Mutex
	bytes   int64
	leftOut int64
}

func (t *tally) add(bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes += bytes
	t.report.Bytes(t.bytes, t.total)
}

func (t *tally) leaveOut(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leftOut++
	t.report.LeftOut(err)
}

func (t *tally) note(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Note(text)
}
