package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// greet says that the server is serving, and how to use it; events is where the public stream is, empty if nowhere. Secrets are not told, except the one that everybody knows.
func greet(o output, c *config.Config, endpoint, events string) {
	data, err := filepath.Abs(c.Data)
	if err != nil {
		data = c.Data
	}
	if c.Ephemeral() {
		data = "in memory: everything is gone when this process ends"
	}
	if o.people != nil {
		fmt.Fprint(o.people, greeting(c, endpoint, events, data))
		return
	}
	if c.Auth.UsesDefaultCredentials() {
		o.Warn().Msg("the credentials are the default ones, which everybody knows: " + ownCredentials)
	}
	line := o.Info().Str("endpoint", endpoint)
	if events != "" {
		line.Str("events", events)
	}
	line.Str("region", c.Server.Region).Str("data", data).Str("version", version()).Msg("serving")
}

func greeting(c *config.Config, endpoint, events, data string) string {
	credential := c.Auth.Credentials[0]
	secret, shown := "YOUR_SECRET_KEY", "(as configured)"
	if credential.IsDefault() {
		secret, shown = config.DefaultSecretKey, config.DefaultSecretKey
	}
	keys := make([]string, len(c.Auth.Credentials))
	for i, c := range c.Auth.Credentials {
		keys[i] = c.AccessKey
	}

	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("")
	line("BleepStore is serving.")
	line("")
	line("  Endpoint    %s", endpoint)
	if events != "" {
		line("  Events      %s", events)
	}
	line("  Region      %s", c.Server.Region)
	line("  Access key  %s", strings.Join(keys, ", "))
	line("  Secret key  %s", shown)
	line("  Data        %s", data)
	line("")
	if c.Auth.UsesDefaultCredentials() {
		line("  WARNING: these are the default credentials, which everybody knows. For more than a try,")
		line("  %s.", ownCredentials)
		line("")
	}
	line("  Make a bucket with the AWS CLI:")
	line("")
	line("    AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s aws --endpoint-url %s --region %s s3 mb s3://my-bucket",
		credential.AccessKey, secret, endpoint, c.Server.Region)
	line("")
	return b.String()
}
