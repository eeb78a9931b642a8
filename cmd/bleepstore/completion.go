package main

import (
	"bytes"
	"context"
	_ "embed" // for the scripts
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The scripts are short: they ask "completion words", so that they know what the program knows that is installed.
var (
	//go:embed completion/bleepstore.bash
	bashCompletion string
	//go:embed completion/bleepstore.zsh
	zshCompletion string
	//go:embed completion/bleepstore.fish
	fishCompletion string
)

// completionCommands are the subcommands of "completion".
func completionCommands() []command {
	return []command{
		{"bash", "print the script for bash", printScript("bash", bashCompletion)},
		{"zsh", "print the script for zsh", printScript("zsh", zshCompletion)},
		{"fish", "print the script for fish", printScript("fish", fishCompletion)},
		{"words", "print with what a command line can go on", runCompletionWords},
	}
}

func printScript(shell, script string) func(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	return func(_ context.Context, args []string, stdout, stderr io.Writer) error {
		if err := parse(flag.NewFlagSet("completion "+shell, flag.ContinueOnError), args, stderr); err != nil {
			return err
		}
		_, err := io.WriteString(stdout, script)
		return err
	}
}

// runCompletionWords has no flags of its own: its arguments are of another command line.
func runCompletionWords(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 || len(args) == 1 && (asksHelp(args[0]) || args[0] == listFlags) {
		return read(flag.NewFlagSet("completion words", flag.ContinueOnError), args, stderr)
	}
	for _, c := range candidates(ctx, args) {
		fmt.Fprintf(stdout, "%s\t%s\n", c.word, c.meaning)
	}
	return nil
}

// candidate is something with which a command line can go on.
type candidate struct{ word, meaning string }

// candidates returns with what the last of the words of a command line can go on.
func candidates(ctx context.Context, words []string) []candidate {
	before, last := words[:len(words)-1], words[len(words)-1]
	if len(before) > 0 && before[0] == "help" {
		before = before[1:]
	}
	c, rest := find(before)
	if len(before) == 0 || strings.HasPrefix(before[0], "-") {
		c = &commands()[0] // which needs no name
	}
	var all []candidate
	switch {
	case strings.HasPrefix(last, "-") && c != nil:
		all = flagsOf(ctx, c)
	case len(rest) == 0:
		for _, c := range subcommands(strings.Join(before, " ")) {
			all = append(all, candidate{c.name, c.summary})
		}
	}
	return slices.DeleteFunc(all, func(c candidate) bool { return !strings.HasPrefix(c.word, last) })
}

// flagsOf returns the flags of a command.
func flagsOf(ctx context.Context, c *command) []candidate {
	var list bytes.Buffer
	if err := c.run(ctx, []string{listFlags}, io.Discard, &list); !errors.Is(err, flag.ErrHelp) {
		return nil
	}
	var all []candidate
	for line := range strings.Lines(list.String()) {
		name, meaning, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		all = append(all, candidate{name, meaning})
	}
	return all
}
