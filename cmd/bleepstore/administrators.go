package main

import (
	"github.com/bleepstore/bleepstore/api/admin"
	"github.com/bleepstore/bleepstore/api/sigv4"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// administrators are the credentials of the configuration.
func administrators(c *config.Config) admin.Credentials {
	admins := make(map[string]bool)
	for _, credential := range c.Auth.Credentials {
		admins[credential.AccessKey] = credential.Admin
	}
	secrets := secretsOf(c.Auth)
	return admin.Credentials{
		Verifier:      sigv4.NewVerifier(c.Server.Region, secrets),
		Secrets:       secrets,
		Administrator: func(accessKey string) bool { return admins[accessKey] },
	}
}
