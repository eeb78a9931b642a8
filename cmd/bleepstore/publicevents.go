package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/rs/zerolog"

	"github.com/bleepstore/bleepstore/api/admin"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog/public"
	"github.com/bleepstore/bleepstore/internal/certs"
)

// eventsName is the public stream of events among the projections.
const eventsName = "events"

const (
	// subscriberLines is how many lines about subscribers are logged in subscriberPeriod at most: they cause them.
	subscriberLines  = 20
	subscriberPeriod = time.Minute
)

// openEvents opens the public stream of events, with a certificate unless that is nil; it returns nil if there is none.
func openEvents(ctx context.Context, c *config.Config, p *parts, certificate *certs.Certificate, out output) (*public.Publisher, error) {
	if c.Events.Listen == "" {
		return nil, nil
	}
	address, err := resolve("events.listen", c.Events.Listen, c.Auth)
	if err != nil {
		return nil, err
	}
	var secure *tls.Config
	if certificate != nil {
		secure = certificate.Config()
	}
	if certificate == nil && !address.IP.IsLoopback() {
		return nil, fmt.Errorf("events.listen: refusing to listen on %s without TLS, because subscribers send their secret keys: "+
			"set events.tls.cert and events.tls.key, or listen on a loopback address such as 127.0.0.1:4222", c.Events.Listen)
	}
	host := ""
	if address.IP != nil {
		host = address.IP.String()
	}
	settings := public.Config{
		Dir: c.EventsDir(), Address: net.JoinHostPort(host, fmt.Sprint(address.Port)), TLS: secure,
		MaxAge: c.Events.MaxAge, MaxBytes: int64(c.Events.MaxBytes),
		Log: p.log.ID(), History: p.history(),
		Retry: output{Logger: out.With().Str("projection", eventsName).Logger(), metrics: out.metrics}.retry(eventsName),
	}
	for _, credential := range c.Auth.Credentials {
		settings.Keys = append(settings.Keys, public.Key{
			AccessKey: credential.AccessKey, SecretKey: credential.SecretKey,
			Account: credential.Account().ID, Admin: credential.Admin,
		})
	}
	sampled := out.Sample(&zerolog.BurstSampler{Burst: subscriberLines, Period: subscriberPeriod})
	settings.Warn = func(text string) {
		sampled.Warn().Str("projection", eventsName).Str("nats", text).Msg("the NATS server says")
	}
	events, err := public.Listen(ctx, settings)
	if err != nil {
		return nil, fmt.Errorf("events.listen %s: %w", c.Events.Listen, err)
	}
	return events, nil
}

// eventsEndpoint is the URL under which a subscriber on this machine finds the public stream; empty if there is none.
func (n *node) eventsEndpoint() string {
	if n.public == nil {
		return ""
	}
	scheme := "nats"
	if n.config.EventsTLS().Enabled() {
		scheme = "tls"
	}
	return scheme + "://" + nearby(n.public.Addr())
}

// eventsProjection tells how the public stream is.
func (n *node) eventsProjection() admin.Projection {
	position := n.public.Position().Seq
	return admin.Projection{
		Engine: eventsName, Place: n.config.EventsDir(), Position: position, Behind: n.behind(position),
		CaughtUp: position >= n.began.Seq, Err: n.public.Err(),
	}
}
