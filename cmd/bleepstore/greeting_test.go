package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// said is what greet writes in a format.
func said(c *config.Config, format string) string {
	var b bytes.Buffer
	c.Logging.Format = format
	greet(newOutput(c.Logging, &b), c, endpoints{s3: "http://127.0.0.1:9000", admin: "http://127.0.0.1:9001"})
	return b.String()
}

func TestGreetingIsReadyToPaste(t *testing.T) {
	const line = "AWS_ACCESS_KEY_ID=bleepstore AWS_SECRET_ACCESS_KEY=bleepstore-secret " +
		"aws --endpoint-url http://127.0.0.1:9000 --region us-east-1 s3 mb s3://my-bucket\n"
	if got := said(config.Default(), config.FormatText); !strings.Contains(got, line) {
		t.Errorf("greeting is\n%s\nwant in it\n%s", got, line)
	}
}

func TestGreetingWarnsOfDefaultCredentials(t *testing.T) {
	own := config.Default()
	own.Auth.Credentials = []config.Credential{{AccessKey: "alice", SecretKey: "hushushush"}}
	for _, format := range []string{config.FormatText, config.FormatJSON} {
		if got := said(config.Default(), format); !strings.Contains(got, "everybody knows") || !strings.Contains(got, "BLEEPSTORE_SECRET_KEY") {
			t.Errorf("with the default credentials, %s is said without a warning:\n%s", format, got)
		}
		if got := said(own, format); strings.Contains(got, "everybody knows") {
			t.Errorf("with own credentials, %s is said with a warning:\n%s", format, got)
		}
	}
}

func TestGreetingKeepsSecrets(t *testing.T) {
	c := config.Default()
	c.Auth.Credentials = append(c.Auth.Credentials, config.Credential{AccessKey: "alice", SecretKey: "hushushush"})
	swapped := config.Default()
	swapped.Auth.Credentials = c.Auth.Credentials[1:]
	for _, format := range []string{config.FormatText, config.FormatJSON} {
		for _, c := range []*config.Config{c, swapped} {
			if got := said(c, format); strings.Contains(got, "hushushush") {
				t.Errorf("%s tells a secret:\n%s", format, got)
			}
		}
	}
}

func TestProgramsFindTheEndpoint(t *testing.T) {
	var found bool
	for line := range strings.Lines(said(config.Default(), config.FormatJSON)) {
		var record struct{ Level, Message, Endpoint, Admin string }
		if err := json.Unmarshal([]byte(line), &record, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		if record.Message == "serving" && record.Admin == "http://127.0.0.1:9001" && record.Endpoint == "http://127.0.0.1:9000" && record.Level == "info" {
			found = true
		}
	}
	if !found {
		t.Error(`no line with the message "serving" and the endpoints`)
	}
}

func TestGreetingSaysThatNothingIsKept(t *testing.T) {
	c := config.Default()
	c.Storage.Backend = config.BackendMemory
	for _, format := range []string{config.FormatText, config.FormatJSON} {
		if got := said(c, format); !strings.Contains(got, "gone when this process ends") {
			t.Errorf("%s does not say that everything goes:\n%s", format, got)
		}
	}
}
