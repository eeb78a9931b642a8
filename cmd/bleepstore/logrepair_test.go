package main

import (
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// Of the engines of which nobody notices it later, it is said at once that they may have what is lost.
func TestTellLost(t *testing.T) {
	c, err := config.Load("", []string{
		"BLEEPSTORE_DATA=" + t.TempDir(), "BLEEPSTORE_PROJECTIONS=dynamodb,sqlite,memory", "BLEEPSTORE_METADATA_DYNAMODB_TABLE=far",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	tellLost(c, 5, 7, &said)
	if got := said.String(); strings.Count(got, "WARNING") != 2 || !strings.Contains(got, "commits 5 to 7") || !strings.Contains(got, "table far of DynamoDB") {
		t.Errorf("said is %q", got)
	}
}
