package main

import (
	"bytes"
	"io"
	stdlog "log"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"

	"github.com/bleepstore/bleepstore/api/metrics"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// output is what the process says: log lines, where people read them a greeting, the numbers that it counts, and what is told of
// each request.
type output struct {
	zerolog.Logger
	people  io.Writer // nil where programs read
	metrics *metrics.Metrics
	watch   watch // of a server
}

// newOutput makes the output on w that the configuration asks for.
func newOutput(c config.Logging, w io.Writer) output {
	level, err := zerolog.ParseLevel(c.Level)
	if err != nil {
		panic(err) // config allows only levels that zerolog has
	}
	file, isFile := w.(*os.File)
	terminal := isFile && isatty.IsTerminal(file.Fd())

	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	o := output{metrics: metrics.New(version())}
	if c.Format == config.FormatText || c.Format == config.FormatAuto && terminal {
		o.people = w
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly, NoColor: !terminal}
	}
	o.Logger = zerolog.New(w).Level(level).With().Timestamp().Logger()
	return o
}

// retry returns what tells what failed of a part of the server, and is tried again.
func (o output) retry(part string) func(error) {
	retried := o.metrics.Retries(part)
	return func(err error) {
		retried()
		o.Warn().Err(err).Msg("will be tried again")
	}
}

// standardLog is for a library that wants a logger of the standard library; each line becomes a warning.
func (o output) standardLog() *stdlog.Logger { return stdlog.New(warnings{o}, "", 0) }

type warnings struct{ output }

func (w warnings) Write(line []byte) (int, error) {
	w.Warn().Msg(string(bytes.TrimSpace(line)))
	return len(line), nil
}
