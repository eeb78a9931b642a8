// Package certs serves a TLS certificate that is renewed while the process runs.
package certs

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

const (
	// interval is how often the files are read. They are small, and reading them finds every way of replacing them: in place, by
	// rename as certbot does, and behind the symbolic links of a folder that Kubernetes swaps.
	interval = 10 * time.Second
	// warning is how long before its end a certificate is warned of, at most, and reminder how often.
	warning  = 7 * 24 * time.Hour
	reminder = 24 * time.Hour
	// warned is the share of its time in which a certificate is warned of whose time is short. What renews those does it with a
	// third of it left, or earlier.
	warned = 5
)

// Certificate is a certificate chain with its key, in two PEM files.
type Certificate struct {
	cert, key string // names of the files
	current   atomic.Pointer[tls.Certificate]
	served    sum // of what current was made of
}

// content is what is in both files, or why that cannot be read.
type content struct {
	cert, key []byte
	err       error
	sum       sum
}

// sum identifies a content.
type sum [sha256.Size]byte

// Load reads a certificate chain and its key. Errors name both files.
func Load(cert, key string) (*Certificate, error) {
	c := &Certificate{cert: cert, key: key}
	if err := c.serve(c.read()); err != nil {
		return nil, err
	}
	return c, nil
}

// Config is that of a server with the certificate, as it is at each handshake. It speaks TLS 1.2 and later.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{GetCertificate: c.GetCertificate, MinVersion: tls.VersionTLS12}
}

// GetCertificate is for tls.Config.
func (c *Certificate) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

// Expires is when the certificate ends that is served.
func (c *Certificate) Expires() time.Time { return c.current.Load().Leaf.NotAfter }

// isOld tells whether the certificate should have been renewed.
func (c *Certificate) isOld(now time.Time) bool {
	leaf := c.current.Load().Leaf
	return leaf.NotAfter.Sub(now) < min(warning, leaf.NotAfter.Sub(leaf.NotBefore)/warned)
}

// Notices are told what becomes of a certificate.
type Notices struct {
	Serving  func(expires time.Time) // from now on a certificate is served, that of the start included
	Expiring func(expires time.Time) // less than seven days are left, and less than a fifth of its time; told once a day
	Refused  func(err error)         // the files have changed, but not to a certificate with its key: the last one is served on
}

// Watch serves what is in the files as they change, until ctx ends. One goroutine at a time may watch.
func (c *Certificate) Watch(ctx context.Context, notices Notices) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var suspect, refused sum
	var reminded time.Time
	notices.Serving(c.Expires())
	for {
		if now := time.Now(); c.isOld(now) && now.Sub(reminded) >= reminder {
			reminded = now
			notices.Expiring(c.Expires())
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		found := c.read()
		if found.sum == c.served {
			suspect, refused = sum{}, sum{}
			continue
		}
		if found.sum == refused {
			continue // as was told
		}
		err := c.serve(found)
		switch {
		case err == nil:
			suspect, refused, reminded = sum{}, sum{}, time.Time{}
			notices.Serving(c.Expires())
		case found.sum == suspect:
			refused = found.sum
			notices.Refused(err)
		default: // one of the files may be about to be written
			suspect = found.sum
		}
	}
}

// read returns what is in the files.
func (c *Certificate) read() (found content) {
	if found.cert, found.err = os.ReadFile(c.cert); found.err == nil {
		found.key, found.err = os.ReadFile(c.key)
	}
	if found.err != nil {
		found.sum = sha256.Sum256([]byte(found.err.Error()))
		return found
	}
	cert, key := sha256.Sum256(found.cert), sha256.Sum256(found.key)
	found.sum = sha256.Sum256(append(cert[:], key[:]...))
	return found
}

// serve makes what was found what is served. If that cannot be, it changes nothing.
func (c *Certificate) serve(found content) error {
	err := found.err
	var loaded tls.Certificate
	if err == nil {
		loaded, err = tls.X509KeyPair(found.cert, found.key)
	}
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", c.cert, c.key, err)
	}
	c.current.Store(&loaded)
	c.served = found.sum
	return nil
}
