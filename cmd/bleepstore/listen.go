package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/internal/limit"
)

// ownCredentials is the way out of the default credentials.
const ownCredentials = "set BLEEPSTORE_ACCESS_KEY and BLEEPSTORE_SECRET_KEY, or auth.credentials in the configuration file"

// maxAdminConnections is how many connections may be open at once to an address that has no S3. They are not counted
// with those of S3, so that operators get through to a server that has too many.
const maxAdminConnections = 256

// listeners are the addresses that the server has taken.
type listeners struct {
	s3    *limit.Listener
	admin *limit.Listener // nil if what is not S3 has no address of its own
}

// listen takes the server's addresses.
func listen(c *config.Config, out output) (l listeners, err error) {
	if l.s3, err = listenOn(c, "server.listen", c.Server.Listen, c.Server.Connections(limit.OpenFiles()), out); err != nil {
		return l, err
	}
	if c.Server.AdminListen != "" {
		l.admin, err = listenOn(c, "server.admin_listen", c.Server.AdminListen, maxAdminConnections, out)
		if err != nil {
			return l, errors.Join(err, l.s3.Close())
		}
	}
	return l, nil
}

// listenOn takes the address that a key of the configuration has. It refuses one that others can reach while a secret is one
// that everybody knows.
func listenOn(c *config.Config, key, name string, most int64, out output) (*limit.Listener, error) {
	address, err := resolve(key, name, c.Auth)
	if err != nil {
		return nil, err
	}
	listener, err := net.ListenTCP("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	seldom := out.Sample(&zerolog.BurstSampler{Burst: 1, Period: time.Minute})
	return limit.NewListener(listener, most, func() {
		seldom.Warn().Stringer("address", listener.Addr()).Int64("connections", most).
			Msg("closing connections as they come, because so many are open; server.max_connections is how many those of S3 may be")
	}), nil
}

// resolve finds the address that a setting names. It refuses one that others can reach while a secret is one that everybody knows.
func resolve(key, listen string, auth config.Auth) (*net.TCPAddr, error) {
	address, err := net.ResolveTCPAddr("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", key, listen, err)
	}
	if !address.IP.IsLoopback() && auth.UsesDefaultCredentials() {
		return nil, fmt.Errorf("%s: refusing to listen on %s with the default credentials, which everybody knows: %s, "+
			"or listen on a loopback address such as 127.0.0.1:9000", key, listen, ownCredentials)
	}
	return address, nil
}

// endpoint is the URL under which a client on this machine finds what listens.
func endpoint(c *config.Config, listener net.Listener) string {
	return urlOf(c, listener.Addr().(*net.TCPAddr))
}

// urlOf is the URL under which a client on this machine finds the server at an address.
func urlOf(c *config.Config, address *net.TCPAddr) string {
	scheme := "http"
	if c.Server.TLS.Enabled() {
		scheme = "https"
	}
	return scheme + "://" + nearby(address)
}

// nearby is HOST:PORT under which a client on this machine finds who listens on an address.
func nearby(listening net.Addr) string {
	address := listening.(*net.TCPAddr)
	host := address.IP.String()
	if len(address.IP) == 0 || address.IP.IsUnspecified() {
		host = "127.0.0.1" // stands for every interface of the machine
	}
	return net.JoinHostPort(host, strconv.Itoa(address.Port))
}

// endpoints are the URLs of all that listens.
type endpoints struct {
	s3    string
	admin string // empty if what is not S3 has no address of its own

	events string // of the public stream; empty if nobody can subscribe
}

func (l listeners) endpoints(c *config.Config) endpoints {
	e := endpoints{s3: endpoint(c, l.s3)}
	if l.admin != nil {
		e.admin = endpoint(c, l.admin)
	}
	return e
}
