package main

import (
	"context"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/internal/certs"
)

// loadCertificate reads the certificate and the key that a key of the configuration names. It returns nil if it names none.
func loadCertificate(key string, c config.TLS) (*certs.Certificate, error) {
	if !c.Enabled() {
		return nil, nil
	}
	certificate, err := certs.Load(c.Cert, c.Key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return certificate, nil
}

// watchCertificate serves a certificate as its files change, until the function is called that it returns. There may be none to
// watch. The name is that of its file.
func watchCertificate(certificate *certs.Certificate, name string, out output) (stop func()) {
	if certificate == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		certificate.Watch(ctx, certs.Notices{
			Serving: func(expires time.Time) {
				out.Info().Str("certificate", name).Time("expires", expires).Msg("serving a certificate")
			},
			Expiring: func(expires time.Time) {
				out.Warn().Str("certificate", name).Time("expires", expires).
					Msg("the certificate expires soon, or has: put another with its key into the files, and it is served without a restart")
			},
			Refused: func(err error) {
				out.Error().Err(err).Msg("the certificate is not replaced: the last one is served on, until the files are right")
			},
		})
	}()
	return func() {
		cancel()
		<-ended
	}
}
