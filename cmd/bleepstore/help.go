package main

import (
	"context"
	"fmt"
	"io"
)

const usage = `BleepStore is an S3-compatible object store whose source of truth is an event log.

Usage:

  bleepstore [COMMAND] [FLAGS]

Commands:

`

const usageEnd = `
"bleepstore serve -h" lists the flags of the server. Flags win over environment variables (BLEEPSTORE_...), which win
over the configuration file; README.md has the configuration reference.
`

func runHelp(_ context.Context, _ []string, stdout, _ io.Writer) error {
	fmt.Fprint(stdout, usage)
	for _, c := range commands() {
		fmt.Fprintf(stdout, "  %-10s%s\n", c.name, c.summary)
	}
	fmt.Fprint(stdout, usageEnd)
	return nil
}
