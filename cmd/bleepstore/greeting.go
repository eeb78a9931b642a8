package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// greet says that the server is serving, and how to use it. Secrets are not told, except the one that everybody knows.
func greet(o output, c *config.Config, at endpoints) {
	data, err := filepath.Abs(c.Data)
	if err != nil {
		data = c.Data
	}
	if c.Ephemeral() {
		data = "in memory: everything is gone when this process ends"
	}
	if o.people != nil {
		fmt.Fprint(o.people, greeting(c, at, data))
		return
	}
	if c.Auth.UsesDefaultCredentials() {
		o.Warn().Msg("the credentials are the default ones, which everybody knows: " + ownCredentials)
	}
	line := o.Info().Str("endpoint", at.s3)
	if at.admin != "" {
		line.Str("admin", at.admin)
	}
	if at.events != "" {
		line.Str("events", at.events)
	}
	line.Str("region", c.Server.Region).Str("data", data).Str("version", version()).Msg("serving")
}

func greeting(c *config.Config, at endpoints, data string) string {
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
	line("  Endpoint    %s", at.s3)
	if at.admin != "" {
		line("  Admin       %s", at.admin)
	}
	if at.events != "" {
		line("  Events      %s", at.events)
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
		credential.AccessKey, secret, at.s3, c.Server.Region)
	line("")
	return b.String()
}
