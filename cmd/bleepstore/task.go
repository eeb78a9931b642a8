package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/internal/control"
)

// task is work on the data of a server. It is done with the parts of one that is stopped, by the command, or by the server
// that runs, with its own.
type task struct {
	// open opens what the task needs of a server that is stopped.
	open func(ctx context.Context, c *config.Config, out output) (*parts, error)
	do   func(ctx context.Context, w *work) error
	// current tells that the task wants the metadata as of the end of the log: a server that runs comes to that first.
	current bool
}

// The only tasks that need nothing to be there already.
const (
	importTask          = "import"
	importElsewhereTask = "import elsewhere"
)

// tasks are the tasks by the names of their commands.
func tasks() map[string]task {
	return map[string]task{
		"log info":          {openLog, logInfo, false},
		"log verify":        {openLog, logVerify, false},
		"log export":        {openLog, logExport, false},
		"events":            {openLog, printEvents, false},
		"events verify":     {openLog, verifyEvents, false},
		"log snapshot":      {openCaughtUp, logSnapshot, true},
		"log trim":          {openCaughtUp, logTrim, false},
		"scrub":             {openCaughtUp, scrub, true},
		"backup":            {openCaughtUp, takeBackup, true},
		"export":            {openCaughtUp, exportTo, true},
		importTask:          {openCaughtUp, importFrom, true},
		importElsewhereTask: {openCaughtUp, importElsewhere, true},
		"rebase":            {openToRebase, rebaseStorage, true},
		"replay":            {openLog, replay, false},
		"replay and verify": {openCaughtUp, replayAndVerify, true},
		"stacks":            {openNothing, stacks, false},

		"notifications list":    {openNotifications, listTargets, false},
		"notifications dead":    {openNotifications, listDead, false},
		"notifications replay":  {openNotifications, replayDead, false},
		"notifications discard": {openNotifications, discardDead, false},
	}
}

// work is what a task has to do with.
type work struct {
	*parts
	service *api.Service
	config  *config.Config    // of the server, if it runs
	follows func(engine) bool // tells whether the server has a store open
	stopped bool              // nothing follows the log: the service can make no decisions
	args    map[string]string
	out     control.Reporter
}

// runTask does a task on the data folder of a configuration, or has the server do it that has the folder in use.
func runTask(ctx context.Context, c *config.Config, name string, args map[string]string, stdout, stderr io.Writer) (err error) {
	console := newConsole(stdout, stderr)
	defer console.end()
	t := tasks()[name]
	if _, err := os.Stat(c.Data); errors.Is(err, fs.ErrNotExist) && name != importTask && name != importElsewhereTask {
		return fmt.Errorf("there is no data folder %s: --data says where it is", c.Data)
	}
	p, err := t.open(ctx, c, newOutput(c.Logging, stderr))
	if errors.Is(err, errInUse) {
		asked := control.Ask(ctx, c.Data, control.Request{Task: name, Args: args}, console)
		if errors.Is(asked, control.ErrNobody) {
			return fmt.Errorf("%w, and it takes no commands: %w", err, asked)
		}
		return asked
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	service := api.New(api.Config{Log: p.log, Store: p.store, Blobs: p.blobs, Elsewhere: p.elsewhere})
	return t.do(ctx, &work{
		parts: p, service: service, config: c, stopped: true, args: args, out: console,
		follows: func(e engine) bool { return p.store != nil && e.is(p.engine) },
	})
}

// doTask does a task that a command has asked for, beside requests.
func (n *node) doTask(ctx context.Context, r control.Request, out control.Reporter) error {
	t, found := tasks()[r.Task]
	if !found {
		return fmt.Errorf("the server knows no task %q: it is of another version than the command", r.Task)
	}
	if t.current {
		n.catchUp(ctx)
		if err := n.upToDate(); err != nil {
			return err
		}
	}
	return t.do(ctx, &work{
		parts: n.serving().parts(n.parts), service: n.service, config: n.config, follows: n.follows, args: r.Args, out: out,
	})
}
