package main

import (
	"bytes"
	"maps"
	"strings"
	"testing"
)

// everyCommand passes the name of each command below another to visit, with those above it.
func everyCommand(above string, visit func(name string)) {
	for _, c := range subcommands(above) {
		name := strings.TrimSpace(above + " " + c.name)
		visit(name)
		everyCommand(name, visit)
	}
}

func TestEveryCommandHasAPage(t *testing.T) {
	left := maps.Clone(pages)
	everyCommand("", func(name string) {
		p, found := left[name]
		delete(left, name)
		if !found || len(p.synopsis) == 0 || len(p.examples) == 0 {
			t.Errorf("pages has no synopsis or no example of %q", name)
		}
		if name == "help" {
			return // its page is the list of all
		}
		var asked, helped, none bytes.Buffer
		if status := run(t.Context(), append(strings.Fields(name), "-h"), &none, &asked); status != exitOK {
			t.Errorf("%s -h: status %d", name, status)
		}
		if status := run(t.Context(), append([]string{"help"}, strings.Fields(name)...), &helped, &none); status != exitOK {
			t.Errorf("help %s: status %d", name, status)
		}
		if none.Len() > 0 || asked.String() != helped.String() {
			t.Errorf("%s -h and help %s differ, or print to where they should not: %s", name, name, &none)
		}
		for _, part := range append(p.synopsis, "bleepstore "+name+" - ", p.about, p.examples[0].line, "Exit status:") {
			if !strings.Contains(helped.String(), part) {
				t.Errorf("%q is not in the page of %s:\n%s", part, name, &helped)
			}
		}
	})
	for name := range left {
		t.Errorf("there is a page of %q, which is no command", name)
	}
}

// TestExamplesParse finds flags in the pages that no command has.
func TestExamplesParse(t *testing.T) {
	for name, p := range pages {
		c, _ := find(strings.Fields(name))
		if c == nil {
			continue // TestEveryCommandHasAPage tells
		}
		known := map[string]bool{}
		for _, f := range flagsOf(t.Context(), c) {
			known[f.word] = true
		}
		lines := p.synopsis
		for _, e := range p.examples {
			lines = append(lines, e.line)
		}
		for _, line := range lines {
			for word := range strings.FieldsSeq(line) {
				if flag := strings.Trim(word, "[];"); strings.HasPrefix(flag, "--") && !known[flag] {
					t.Errorf("%s has no flag %s, which is in %q", name, flag, line)
				}
			}
		}
	}
}
