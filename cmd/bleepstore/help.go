package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
)

const usage = `BleepStore is an S3-compatible object store whose source of truth is an event log.

Usage:

  bleepstore [COMMAND] [FLAGS]

Commands:

`

const usageEnd = `
"bleepstore help COMMAND" tells all about a command, "bleepstore serve -h" for instance the flags of the server. Flags win
over environment variables (BLEEPSTORE_...), which win over the configuration file; README.md has the configuration reference.
`

// runHelp prints what there is, or the page of a command, which its arguments name.
func runHelp(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		c, rest := find(args)
		if c == nil || len(rest) > 0 {
			fmt.Fprintf(stderr, "bleepstore help: no subcommand %q\n", strings.Join(args, " "))
			return errUsage
		}
		return c.run(ctx, []string{"-h"}, io.Discard, stdout)
	}
	if err := parse(flag.NewFlagSet("help", flag.ContinueOnError), args, stderr); err != nil {
		return err
	}
	fmt.Fprint(stdout, usage)
	printCommands(stdout, commands())
	fmt.Fprint(stdout, usageEnd)
	return nil
}

// find follows the names that words begin with, and returns the command that they name, or nil, and the words behind them.
func find(words []string) (found *command, rest []string) {
	path := ""
	for len(words) > 0 {
		next := named(subcommands(path), words[0])
		if next == nil {
			break
		}
		found, words = next, words[1:]
		path = strings.TrimSpace(path + " " + next.name)
	}
	return found, words
}

// named returns the command of a list that has a name, or nil.
func named(list []command, name string) *command {
	for i := range list {
		if list[i].name == name {
			return &list[i]
		}
	}
	return nil
}

func printCommands(w io.Writer, list []command) {
	for _, c := range list {
		fmt.Fprintf(w, "  %-12s%s\n", c.name, c.summary)
	}
}
