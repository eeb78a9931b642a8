package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/api/notify"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// The arguments of the tasks about dead letters.
const (
	argTarget = "target" // its name
	argID     = "id"     // of a message; empty for all
)

// deadAtOnce is how many dead letters are read at once.
const deadAtOnce = 1000

var errNoTargets = errors.New("the configuration has no notifications.targets")

// notificationCommands are the subcommands of "notifications".
func notificationCommands() []command {
	return []command{
		{"list", "tell how the targets are", func(ctx context.Context, args []string, stdout, stderr io.Writer) error {
			c, err := newConfigFlags("notifications list").load(args, stderr)
			if err != nil {
				return err
			}
			return runTask(ctx, c, "notifications list", nil, stdout, stderr)
		}},
		{"dead", "print the dead letters of a target as lines of JSON", runDeadTask("notifications dead", false)},
		{"replay", "send dead letters of a target again", runDeadTask("notifications replay", true)},
		{"discard", "forget dead letters of a target", runDeadTask("notifications discard", true)},
	}
}

// runDeadTask runs a command about the dead letters of the target that its argument names or, if it may be about one alone, about
// that one.
func runDeadTask(name string, one bool) func(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	return func(ctx context.Context, args []string, stdout, stderr io.Writer) error {
		flags := newConfigFlags(name)
		var id string
		if one {
			flags.Func("id", "only the message with the `ID`", func(value string) error {
				if id = value; id == "" {
					return errors.New("it is empty: leave it out to mean all")
				}
				return nil
			})
		}
		c, target, err := flags.loadWith("TARGET", args, stderr)
		if err != nil {
			return err
		}
		return runTask(ctx, c, name, map[string]string{argTarget: target, argID: id}, stdout, stderr)
	}
}

// openNotifications opens what is kept about the targets of a stopped server, and its log.
func openNotifications(ctx context.Context, c *config.Config, out output) (*parts, error) {
	p, err := openLog(ctx, c, out)
	if err != nil {
		return nil, err
	}
	if p.notifier, err = openNotifier(c, p, false, out); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func listTargets(_ context.Context, w *work) error {
	if w.notifier == nil {
		return errNoTargets
	}
	for _, s := range w.notifier.Status() {
		fmt.Fprintf(w.out, "%s\n", s.ARN)
		fmt.Fprintf(w.out, "  position      %d, %d commits behind the log\n", s.Position, s.Behind)
		fmt.Fprintf(w.out, "  waiting       %d\n", s.Waiting)
		fmt.Fprintf(w.out, "  dead letters  %d\n", s.Dead)
		if !s.FailingSince.IsZero() {
			fmt.Fprintf(w.out, "  failing since %s\n", s.FailingSince.UTC().Format(time.RFC3339))
		}
		if s.Error != "" {
			fmt.Fprintf(w.out, "  error         %s\n", s.Error)
		}
	}
	return nil
}

func listDead(_ context.Context, w *work) error {
	if w.notifier == nil {
		return errNoTargets
	}
	for after := ""; ; {
		list, err := w.notifier.Dead(w.args[argTarget], after, deadAtOnce)
		if err != nil {
			return err
		}
		if err := writeDead(w.out, list); err != nil {
			return err
		}
		if len(list) < deadAtOnce {
			return nil
		}
		after = list[len(list)-1].ID
	}
}

func writeDead(out io.Writer, list []notify.Undelivered) error {
	var lines strings.Builder
	for i := range list {
		line, err := list[i].Line()
		if err != nil {
			return err
		}
		lines.Write(line)
	}
	_, err := io.WriteString(out, lines.String())
	return err
}

func replayDead(_ context.Context, w *work) error {
	if w.notifier == nil {
		return errNoTargets
	}
	replayed, err := w.notifier.Replay(w.args[argTarget], w.args[argID])
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "%d dead letters are sent again%s\n", replayed, whenItStarts(w))
	return nil
}

// whenItStarts says, of a stopped server, when that will be.
func whenItStarts(w *work) string {
	if w.stopped {
		return " when the server starts"
	}
	return ""
}

func discardDead(_ context.Context, w *work) error {
	if w.notifier == nil {
		return errNoTargets
	}
	discarded, err := w.notifier.Discard(w.args[argTarget], w.args[argID])
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "%d dead letters are gone\n", discarded)
	return nil
}
