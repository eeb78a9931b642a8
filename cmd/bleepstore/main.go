// Bleepstore is an S3-compatible object store whose source of truth is an event log.
//
// This package only configures and wires: each subcommand is a file, what they do is in the packages beside cmd.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// command is a subcommand.
type command struct {
	name, summary string
	run           func(ctx context.Context, args []string, stdout, stderr io.Writer) error
}

// commands lists the subcommands, the default one first.
func commands() []command {
	return []command{
		{"serve", "run the server (the default)", runServe},
		{"log", "look at the event log, verify, export, trim or repair it", runGroup("log")},
		{"notifications", "look after the targets of bucket notifications", runGroup("notifications")},
		{"events", "print what happened to buckets and objects, or follow it", runEvents},
		{"history", "print all that happened to one object", runHistory},
		{"backup", "copy all that a server holds to a folder, also while it serves", runBackup},
		{"restore", "fill a new data folder with a backup", runRestore},
		{"export", "write objects and metadata to a folder, in a form that others can read", runExport},
		{"import", "bring in an export, a bucket of a cloud without copying it, or blobs whose log is lost", runImport},
		{"rebase", "move all blobs to another storage, also while the server serves", runRebase},
		{"replay", "apply the log to another metadata engine", runReplay},
		{"scrub", "read all objects, and check their bytes", runScrub},
		{"stacks", "print what the goroutines of a running server are doing", runStacks},
		{"health", "ask whether the server answers requests", runHealth},
		{"version", "print the version of this program", runVersion},
		{"completion", "print what makes a shell complete command lines", runGroup("completion")},
		{"help", "print this text, or what is to be known of a command", runHelp},
	}
}

// subcommands lists the commands below one that has some; none for any other. The program itself has an empty name.
func subcommands(name string) []command {
	switch name {
	case "":
		return commands()
	case "log":
		return logCommands()
	case "notifications":
		return notificationCommands()
	case "events":
		return eventsCommands()
	case "completion":
		return completionCommands()
	}
	return nil
}

// The exit statuses of the process.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// errUsage says that the command line is wrong, and that this was printed already.
var errUsage = errors.New("usage")

func main() {
	// The first signal asks to stop; from then on a signal has its usual effect, and ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run finds the subcommand, runs it, and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	name := commands()[0].name
	if len(args) > 0 {
		switch first := args[0]; {
		case asksHelp(first):
			name, args = "help", nil
		case !strings.HasPrefix(first, "-"):
			name, args = first, args[1:]
		}
	}
	for _, c := range commands() {
		if c.name != name {
			continue
		}
		err := c.run(ctx, args, stdout, stderr)
		switch {
		case err == nil || errors.Is(err, flag.ErrHelp):
			return exitOK
		case errors.Is(err, errUsage):
			return exitUsage
		}
		fmt.Fprintf(stderr, "bleepstore: %v\n", err)
		return exitFailed
	}
	fmt.Fprintf(stderr, "bleepstore: no subcommand %q; \"bleepstore help\" lists them\n", name)
	return exitUsage
}

// runGroup makes the command of which others are subcommands: it runs the one that its first argument names.
func runGroup(name string) func(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	return func(ctx context.Context, args []string, stdout, stderr io.Writer) error {
		if len(args) > 0 {
			for _, c := range subcommands(name) {
				if c.name == args[0] {
					return c.run(ctx, args[1:], stdout, stderr)
				}
			}
			if asksHelp(args[0]) || args[0] == listFlags {
				return read(flag.NewFlagSet(name, flag.ContinueOnError), args[:1], stderr)
			}
			fmt.Fprintf(stderr, "bleepstore %s: no subcommand %q\n", name, args[0])
		}
		printPage(stderr, flag.NewFlagSet(name, flag.ContinueOnError))
		return errUsage
	}
}

// asksHelp tells whether an argument is the flag that package flag knows without being told.
func asksHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

// listFlags, as the only argument, has a command print its flags instead of reading them: printFlags says how. It is for the
// completion of command lines.
const listFlags = "--list-flags"

// read reads the flags of a subcommand, and leaves the arguments behind them to the caller.
func read(flags *flag.FlagSet, args []string, stderr io.Writer) error {
	if len(args) == 1 && args[0] == listFlags {
		printFlags(stderr, flags)
		return flag.ErrHelp
	}
	flags.SetOutput(stderr)
	flags.Usage = func() {} // a page would hide what is wrong
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		printPage(stderr, flags)
		return err
	case err != nil: // flags has printed it
		fmt.Fprintf(stderr, "\"bleepstore %s -h\" tells which flags there are\n", flags.Name())
		return errUsage
	}
	return nil
}

// parse reads the flags of a subcommand, which takes no other arguments.
func parse(flags *flag.FlagSet, args []string, stderr io.Writer) error {
	if err := read(flags, args, stderr); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "bleepstore %s: unexpected argument %q\n", flags.Name(), flags.Arg(0))
		return errUsage
	}
	return nil
}

// parseWith reads the flags of a subcommand and the one argument that it takes, which flags may follow, unless they are enough.
func parseWith(flags *flag.FlagSet, what string, enough func() bool, args []string, stderr io.Writer) (string, error) {
	switch err := read(flags, args, stderr); {
	case err != nil:
		return "", err
	case enough():
		return "", parse(flags, flags.Args(), stderr)
	case flags.NArg() == 0:
		fmt.Fprintf(stderr, "bleepstore %s: %s is missing\n", flags.Name(), what)
		return "", errUsage
	}
	argument := flags.Arg(0)
	return argument, parse(flags, flags.Args()[1:], stderr)
}
