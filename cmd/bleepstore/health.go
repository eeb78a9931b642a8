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
	flags.key("listen", "server.listen", "ask the server that listens on `HOST:PORT` (default 127.0.0.1:9000), unless server.admin_listen is set")
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
	key, listen := "server.listen", c.Server.Listen
	if c.Server.AdminListen != "" { // where the page is then
		key, listen = "server.admin_listen", c.Server.AdminListen
	}
	address, err := net.ResolveTCPAddr("tcp", listen)
	if err != nil {
		return fmt.Errorf("%s %s: %w", key, listen, err)
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
