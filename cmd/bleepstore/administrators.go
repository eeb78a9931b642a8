package main

import (
	"io"
	"net/http"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/sigv4"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// administrators returns what tells whether a request is signed by a key that is an administrator's.
func administrators(c *config.Config) func(r *http.Request) error {
	admin := make(map[string]bool)
	for _, credential := range c.Auth.Credentials {
		admin[credential.AccessKey] = credential.Admin
	}
	verifier := sigv4.NewVerifier(c.Server.Region, secretsOf(c.Auth))
	return func(r *http.Request) error {
		verified, err := verifier.Verify(r)
		if err != nil {
			return err
		}
		if !admin[verified.AccessKey] {
			return &api.Error{Code: api.AccessDenied, Message: "Only a key with admin: true in auth.credentials of the configuration may do this."}
		}
		_, err = io.Copy(io.Discard, verified.Body) // which is verified as it is read
		return err
	}
}
