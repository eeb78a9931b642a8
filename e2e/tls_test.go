package e2e

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"testing"
)

// replaceBy puts the certificate and the key of other into the files of c, and trusts its authority from now on.
func (c *certificates) replaceBy(t testing.TB, other *certificates) {
	t.Helper()
	for to, from := range map[string]string{c.certFile: other.certFile, c.keyFile: other.keyFile} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	c.authority = other.authority
}

func TestACertificateIsReplacedWithoutARestart(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{certs: newCertificates(t), env: []string{"BLEEPSTORE_SERVER_ADMIN_LISTEN=127.0.0.1:0"}})
	kept := &http.Client{Transport: s.transport()}
	ask := func(client *http.Client) error {
		answer, err := client.Get(s.endpoint)
		if err == nil {
			readAll(t, answer.Body)
		}
		return err
	}
	if err := ask(kept); err != nil {
		t.Fatal(err)
	}
	s.certs.replaceBy(t, newCertificates(t))
	eventually(t, "the other certificate is served", func() error { return ask(&http.Client{Transport: s.transport()}) })
	eventually(t, "the other certificate is served there too", func() error {
		conn, err := tls.Dial("tcp", s.admin[len("https://"):], &tls.Config{RootCAs: s.certs.authority})
		if err == nil {
			conn.Close()
		}
		return err
	})
	if err := ask(kept); err != nil {
		t.Errorf("a connection with the first certificate: %v", err)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{certs: newCertificates(t)})
	for version, accepted := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		config := &tls.Config{RootCAs: s.certs.authority, MinVersion: version, MaxVersion: version}
		conn, err := tls.Dial("tcp", s.address(), config)
		if err == nil {
			conn.Close()
		}
		if _, refused := errors.AsType[*net.OpError](err); accepted != (err == nil) || !accepted && !refused {
			t.Errorf("version %s: %v", tls.VersionName(version), err)
		}
	}
}
