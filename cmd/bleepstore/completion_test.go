package main

import (
	"strings"
	"testing"
)

func TestCompletion(t *testing.T) {
	tests := []struct {
		line string // words with one space between them; the last is what is completed
		want string // words in the order of the tables
	}{
		{"re", "restore rebase replay"},
		{"log", "log"},
		{"log t", "trim"},
		{"log re", "repair"},
		{"log trim ", ""},
		{"log trim --", "--age --bytes --config --data"},
		{"log trim --data /srv --a", "--age"},
		{"log trim --data ", ""},
		{"--l", "--listen"},
		{"--data /srv --l", "--listen"},
		{"serve --l", "--listen"},
		{"backup /mnt --", "--config --data"},
		{"log --", ""},
		{"version --", ""},
		{"nothing ", ""},
		{"nothing --", ""},
		{"help lo", "log"},
		{"help log v", "verify"},
		{"completion ", "bash zsh fish words"},
		{"completion words --", ""},
	}
	for _, test := range tests {
		var words []string
		for _, c := range candidates(t.Context(), strings.Split(test.line, " ")) {
			words = append(words, c.word)
		}
		if got := strings.Join(words, " "); got != test.want {
			t.Errorf("%q goes on with %q, want %q", test.line, got, test.want)
		}
	}
}
