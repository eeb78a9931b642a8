package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/projections/dynamodb"
)

// readmeBlock returns the only block of code in the README that holds a text.
func readmeBlock(t *testing.T, language, text string) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, rest := range strings.Split(string(readme), "```"+language+"\n")[1:] {
		if block, _, _ := strings.Cut(rest, "```"); strings.Contains(block, text) {
			found = append(found, block)
		}
	}
	if len(found) != 1 {
		t.Fatalf("the README has %d blocks with %q, want one", len(found), text)
	}
	return found[0]
}

// TestPolicy holds the policy in the README against what a table asks for.
func TestPolicy(t *testing.T) {
	t.Parallel()
	var policy struct {
		Statement []struct{ Action []string }
	}
	if err := json.Unmarshal([]byte(readmeBlock(t, "json", "Statement")), &policy); err != nil {
		t.Fatal(err)
	}
	p := newProxy(t)
	exercise(t, openClosed(t, emulated("table", p.URL)))
	var used []string
	for operation := range p.requests {
		used = append(used, "dynamodb:"+operation)
	}
	slices.Sort(used)
	if allowed := policy.Statement[0].Action; !slices.Equal(allowed, used) {
		t.Errorf("the README allows\n%q, and a table uses\n%q", allowed, used)
	}
}

// TestCreateCommand holds the command in the README against that in errors.
func TestCreateCommand(t *testing.T) {
	said := strings.ReplaceAll(strings.TrimSpace(readmeBlock(t, "sh", "create-table")), "\\\n  ", "")
	if want := fmt.Sprintf(dynamodb.CreateCommand, "--region eu-central-1 --table-name bleepstore"); said != want {
		t.Errorf("the README says\n%s, and errors say\n%s", said, want)
	}
}
