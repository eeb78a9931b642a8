package s3

import (
	"os"
	"regexp"
	"testing"
)

func TestReadmeNamesEveryOperation(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range operations {
		if !regexp.MustCompile(`\b` + op.name + `\b`).Match(readme) {
			t.Errorf("README.md does not say what is supported of %s", op.name)
		}
	}
}
