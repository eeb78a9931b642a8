package config

import (
	"os"
	"strings"
	"testing"
)

func TestReadmeNamesEverySetting(t *testing.T) {
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range Default().settings() {
		row := "| `" + s.key + "` | `" + s.env + "` |"
		if !strings.Contains(string(readme), row) {
			t.Errorf("the configuration reference in README.md has no row that begins with %q", row)
		}
	}
}
