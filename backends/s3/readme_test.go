package s3_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/backends/s3"
)

// TestPolicy holds the policy in the README against the permissions that operations take.
func TestPolicy(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```json\n")
	block, _, _ := strings.Cut(rest, "```")
	var policy struct {
		Statement []struct{ Action []string }
	}
	if err := json.Unmarshal([]byte(block), &policy); err != nil {
		t.Fatal(err)
	}
	var allowed []string
	for _, s := range policy.Statement {
		allowed = append(allowed, s.Action...)
	}
	slices.Sort(allowed)
	if used := slices.Compact(slices.Sorted(maps.Values(s3.Actions))); !slices.Equal(allowed, used) {
		t.Errorf("the README allows\n%q, and a bucket uses\n%q", allowed, used)
	}
}
