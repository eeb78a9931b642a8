package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

// page is what the help of a command says beside its summary and its flags.
type page struct {
	// synopsis has what may follow the name of the command, a line for each way to call it.
	synopsis []string
	// about says what the command does, in paragraphs.
	about string
	// examples are command lines, and what they are for.
	examples []example
}

type example struct{ what, line string }

// The sections that the pages of all commands have which read the configuration.
const (
	environmentSection = `
Environment:
  BLEEPSTORE_ACCESS_KEY, BLEEPSTORE_SECRET_KEY
        take the place of auth.credentials
  BLEEPSTORE_DATA, BLEEPSTORE_LISTEN, BLEEPSTORE_REGION, ...
        a key of the configuration, as the configuration reference in README.md names it
  Flags win over the environment, which wins over the configuration file.
`
	filesSection = `
Files:
  DIR/control
        the socket through which commands reach the server that runs on the data folder
  DIR/lock
        held by the process that has the data folder in use
  DIR/log, DIR/archive, DIR/metadata*, DIR/blobs
        the event log, its archive, the metadata and the objects, unless the configuration says otherwise
`
	exitSection = `
Exit status:
  0     all was done
  1     something failed, which the standard error tells
  2     the command line is wrong
`
)

// printPage writes the manual of the command whose flags these are.
func printPage(w io.Writer, flags *flag.FlagSet) {
	name := flags.Name()
	c, _ := find(strings.Fields(name))
	p := pages[name]
	fmt.Fprintf(w, "bleepstore %s - %s\n\nUsage:\n", name, c.summary)
	for _, line := range p.synopsis {
		fmt.Fprintln(w, strings.TrimRight("  bleepstore "+name+" "+line, " "))
	}
	if p.about != "" {
		fmt.Fprintf(w, "\n%s\n", p.about)
	}
	if below := subcommands(name); len(below) > 0 {
		fmt.Fprint(w, "\nCommands:\n")
		printCommands(w, below)
	}
	printFlagSection(w, flags)
	if len(p.examples) > 0 {
		fmt.Fprint(w, "\nExamples:\n")
		for _, e := range p.examples {
			fmt.Fprintf(w, "  # %s\n  %s\n", e.what, e.line)
		}
	}
	if flags.Lookup("config") != nil {
		fmt.Fprint(w, environmentSection, filesSection)
	}
	fmt.Fprint(w, exitSection)
}

func printFlagSection(w io.Writer, flags *flag.FlagSet) {
	title := "\nFlags:\n"
	flags.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		fmt.Fprintf(w, "%s  %s\n        %s\n", title, strings.TrimSpace("--"+f.Name+" "+value), usage)
		title = ""
	})
}

// printFlags writes a line for each flag: its name and, behind a tabulator, what it means.
func printFlags(w io.Writer, flags *flag.FlagSet) {
	flags.VisitAll(func(f *flag.Flag) {
		_, usage := flag.UnquoteUsage(f)
		fmt.Fprintf(w, "--%s\t%s\n", f.Name, usage)
	})
}
