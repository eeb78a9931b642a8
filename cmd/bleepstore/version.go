package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

func runVersion(_ context.Context, args []string, stdout, stderr io.Writer) error {
	if err := parse(flag.NewFlagSet("version", flag.ContinueOnError), args, stderr); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "bleepstore %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	info, _ := debug.ReadBuildInfo()
	fmt.Fprintln(stdout, commitText(info))
	return nil
}

// version is what the Go tool recorded of the source: a tag, or the time and the hash of a commit.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return unknown
}

// unknown stands for what the Go tool did not record, because there was no repository or it was told not to look.
const unknown = "(unknown)"

// commitText tells from which commit the program was built. Info may be nil.
func commitText(info *debug.BuildInfo) string {
	settings := map[string]string{}
	if info != nil {
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
	}
	text := fmt.Sprintf("commit %s of %s", cmp.Or(settings["vcs.revision"], unknown), cmp.Or(settings["vcs.time"], unknown))
	if settings["vcs.modified"] == "true" {
		text += ", with changes that are not committed"
	}
	return text
}
