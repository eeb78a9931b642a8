package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"strconv"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// ownCredentials is the way out of the default credentials.
const ownCredentials = "set BLEEPSTORE_ACCESS_KEY and BLEEPSTORE_SECRET_KEY, or auth.credentials in the configuration file"

// listen takes the server's address. It refuses one that others can reach while a secret is one that everybody knows.
func listen(c *config.Config) (*net.TCPListener, error) {
	address, err := resolve("server.listen", c.Server.Listen, c.Auth)
	if err != nil {
		return nil, err
	}
	listener, err := net.ListenTCP("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("server.listen: %w", err)
	}
	return listener, nil
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

// loadTLS reads the server's certificate and key. It returns nil if there are none to read.
func loadTLS(c config.TLS) (*tls.Config, error) {
	if !c.Enabled() {
		return nil, nil
	}
	certificate, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fmt.Errorf("server.tls, with cert %s and key %s: %w", c.Cert, c.Key, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, nil
}

// endpoint is the URL under which a client on this machine finds the server.
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
