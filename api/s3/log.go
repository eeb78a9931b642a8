package s3

import (
	"errors"
	"net/http"
	"time"

	"github.com/rs/zerolog"
)

// log writes the line of the request: as an error if the server is at fault, else for those who debug.
func (c *call) log() {
	level := zerolog.DebugLevel
	if c.serverFault() {
		level = zerolog.ErrorLevel
	}
	line := c.h.Log.WithLevel(level)
	if !line.Enabled() {
		return
	}
	line.Str("request", c.id).Str("method", c.r.Method)
	if c.op != nil {
		line.Str("operation", c.op.name)
	} else {
		line.Str("path", c.r.URL.Path)
	}
	if c.bucket != "" {
		line.Str("bucket", c.bucket)
	}
	if c.key != "" {
		line.Str("key", c.key)
	}
	line.Int("status", c.w.status).
		Int64("received", c.body.bytes).
		Int64("sent", c.w.bytes).
		Dur("duration", time.Since(c.began)).
		Str("client", c.r.RemoteAddr)
	if c.by.AccessKey != "" {
		line.Str("access_key", c.by.AccessKey)
	}
	if c.failed != nil {
		line.Str("code", string(c.failed.Code))
		if c.failed.Cause != nil {
			line.AnErr("cause", c.failed.Cause)
		}
	}
	line.Msg("request")
}

// serverFault tells whether the request failed for a reason that whoever runs the server should know.
func (c *call) serverFault() bool {
	if c.failed == nil || errors.Is(c.failed, errCrowded) { // which crowd tells, once for many
		return false
	}
	status := c.failed.Code.Status()
	return status >= http.StatusInternalServerError && status != http.StatusNotImplemented
}
