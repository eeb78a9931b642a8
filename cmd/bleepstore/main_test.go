package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	tests := []struct {
		name   string
		args   []string
		status int
		stdout string // part of it
		stderr string
	}{
		{"help", []string{"help"}, exitOK, "serve", ""},
		{"help as a flag", []string{"--help"}, exitOK, "serve", ""},
		{"version", []string{"version"}, exitOK, "bleepstore ", ""},
		{"flags of the server", []string{"serve", "-h"}, exitOK, "", "-listen"},
		{"unknown subcommand", []string{"server"}, exitUsage, "", `no subcommand "server"`},
		{"unknown flag", []string{"--port=1"}, exitUsage, "", "-port"},
		{"argument too many", []string{"serve", "data"}, exitUsage, "", `unexpected argument "data"`},
		{"argument of version", []string{"version", "-x"}, exitUsage, "", "-x"},
		{"no configuration file", []string{"--config", "/no/such/file"}, exitFailed, "", "/no/such/file"},
		{"public with the default credentials", []string{"--listen", ":0"}, exitFailed, "", "BLEEPSTORE_SECRET_KEY"},
		{"without a data folder", []string{"serve", "--data", ""}, exitFailed, "", "data"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := run(t.Context(), test.args, &stdout, &stderr); status != test.status {
				t.Errorf("status %d, want %d", status, test.status)
			}
			if !strings.Contains(stdout.String(), test.stdout) {
				t.Errorf("standard output is %q, want %q in it", &stdout, test.stdout)
			}
			if !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("standard error is %q, want %q in it", &stderr, test.stderr)
			}
		})
	}
}
