package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// healthTimeout is how long a server may take to say that it is ready.
const healthTimeout = 5 * time.Second

func runHealth(ctx context.Context, args []string, _, stderr io.Writer) error {
	flags := newConfigFlags("health")
	flags.key("listen", "server.listen", "ask the server that listens on `HOST:PORT` (default 127.0.0.1:9000)")
	c, err := flags.load(args, stderr)
	if err != nil {
		return err
	}
	return askReady(ctx, c)
}

// askReady returns nil if the server that runs with a configuration says that it is ready.
func askReady(ctx context.Context, c *config.Config) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	address, err := net.ResolveTCPAddr("tcp", c.Server.Listen)
	if err != nil {
		return fmt.Errorf("server.listen %s: %w", c.Server.Listen, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, urlOf(c, address)+"/"+api.ReadyPage, nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{
		// The certificate has the names by which others find this machine, and nothing secret is asked or told.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	defer client.CloseIdleConnections()
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the server whether it is ready: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the server is not ready: %s answers %s; /%s tells why", request.URL, answer.Status, api.HealthPage)
	}
	return nil
}
