package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/eventlog/feed"
)

// eventsBuffer is how many bytes of events are written at once.
const eventsBuffer = 64 << 10

// eventsCommands are the subcommands of "events", which is a command itself.
func eventsCommands() []command {
	return []command{
		{"verify", "prove that events are complete and unchanged", runEventsVerify},
	}
}

func runEvents(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		if c := named(eventsCommands(), args[0]); c != nil {
			return c.run(ctx, args[1:], stdout, stderr)
		}
	}
	flags := newConfigFlags("events")
	follow := flags.Bool(feed.ParamFollow, false, "go on with what happens until the command is interrupted, from now on unless --from is given")
	query := newQueryFlags(flags)
	query.param(feed.ParamBucket, "those about the bucket `NAME` and what is in it")
	query.param(feed.ParamPrefix, "those about keys that begin with `PREFIX`")
	query.param(feed.ParamType, "those of a `TYPE` such as object.created or object.*; several with commas, or one by one")
	query.param(feed.ParamActor, "those that an access key or an account `ID` has caused")
	query.span()
	c, err := flags.load(args, stderr)
	if err != nil {
		return err
	}
	if *follow {
		query.values.Set(feed.ParamFollow, strconv.FormatBool(*follow))
	}
	if err := query.check(); err != nil {
		fmt.Fprintf(stderr, "bleepstore events: %v\n", err)
		return errUsage
	}
	err = runTask(ctx, c, "events", query.args(), stdout, stderr)
	if *follow && ctx.Err() != nil { // which is how it ends
		return nil
	}
	return err
}

func runHistory(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newConfigFlags("history")
	query := newQueryFlags(flags)
	query.span()
	c, object, err := flags.loadWith("BUCKET/KEY", args, stderr)
	if err != nil {
		return err
	}
	bucket, key, _ := strings.Cut(object, "/")
	query.values.Set(feed.ParamBucket, bucket)
	query.values.Set(feed.ParamKey, key)
	err = query.check()
	if bucket == "" || key == "" {
		err = fmt.Errorf("%q is no BUCKET/KEY", object)
	}
	if err != nil {
		fmt.Fprintf(stderr, "bleepstore history: %v\n", err)
		return errUsage
	}
	return runTask(ctx, c, "events", query.args(), stdout, stderr)
}

// queryFlags are the flags that make a feed.Query.
type queryFlags struct {
	flags  *configFlags
	values url.Values
}

func newQueryFlags(flags *configFlags) *queryFlags { return &queryFlags{flags, url.Values{}} }

// param makes a flag of a parameter.
func (q *queryFlags) param(name, usage string) {
	q.flags.Func(name, usage, func(value string) error { q.values.Add(name, value); return nil })
}

// span makes the flags that say how much is printed, and how.
func (q *queryFlags) span() {
	q.bounds()
	q.param(feed.ParamLimit, "the first `N` of them")
	q.param(feed.ParamFormat, "as text (the default), json, cloudevents, s3 or eventbridge, which is `FORM`")
}

// bounds makes the flags that say where events begin and end.
func (q *queryFlags) bounds() {
	q.param(feed.ParamFrom, "from an id such as 17-0, a commit such as 17, a time or a duration ago, which is `WHERE`")
	q.param(feed.ParamTo, "up to and with an id, a commit, a time or a duration ago, which is `WHERE`")
}

// check tells what is wrong with the flags.
func (q *queryFlags) check() error {
	_, err := parseQuery(q.args())
	return err
}

// args are the arguments of a task that parseQuery reads. Durations are as of now, wherever the task is done.
func (q *queryFlags) args() map[string]string { return map[string]string{argQuery: q.values.Encode()} }

// argQuery is a query, in the form of the query of a URL.
const argQuery = "query"

func parseQuery(args map[string]string) (feed.Query, error) {
	values, err := url.ParseQuery(args[argQuery])
	if err != nil {
		return feed.Query{}, err
	}
	return feed.ParseQuery(values, feed.Query{Form: feed.Text}, time.Now())
}

// printEvents prints the events of a query. Those that are followed come as soon as they are there.
func printEvents(ctx context.Context, w *work) error {
	query, err := parseQuery(w.args)
	if err != nil {
		return err
	}
	if query.Follow && w.stopped {
		return fmt.Errorf("no server runs on %s, so there is nothing to follow", w.config.Data)
	}
	reader, err := feed.Open(ctx, w.history(), query)
	if err != nil {
		return err
	}
	defer reader.Close()
	out := bufio.NewWriterSize(w.out, eventsBuffer)
	for {
		events, err := reader.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && ctx.Err() != nil:
			return errors.New("the server is stopping, and no more events can be followed")
		case err != nil:
			return err
		}
		for i := range events {
			line, err := query.Form.Line(&events[i], feed.Origin{Region: w.config.Server.Region})
			if err != nil {
				return errors.Join(err, out.Flush()) // what came before it is sound
			}
			if _, err := out.Write(append(line, '\n')); err != nil {
				return err
			}
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
}
