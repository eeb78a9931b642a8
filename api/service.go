// Package api is the object store itself, in Go and with S3's error codes: commands, which decide events, and queries.
// Packages below it speak S3 and administration over HTTP.
package api

import (
	"context"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// Log is where decisions go: a decision is made when its events are durable there.
type Log interface {
	// Append makes events durable, all of them or none, and returns the position of their commit.
	Append(ctx context.Context, events ...eventlog.Event) (eventlog.Position, error)
}

// Applied tells when the metadata store has caught up with a commit.
type Applied interface {
	// Wait returns when the store covers position.
	Wait(ctx context.Context, position eventlog.Position) error
}

// Config is what a Service works with.
type Config struct {
	Region  string // of all buckets, such as "us-east-1"
	Log     Log
	Applied Applied
	Store   projections.MetadataStore
	Blobs   backends.Backend
}

// Service is the object store. It is safe for concurrent use, and the only one to write to its log.
type Service struct {
	config Config
	locks  locks
}

// New makes a Service.
func New(config Config) *Service { return &Service{config: config} }
