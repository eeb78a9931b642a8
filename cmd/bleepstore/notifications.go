package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/admin"
	"github.com/bleepstore/bleepstore/api/notify"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// openNotifier opens what tells the targets of the configuration; nil if there are none. To look at what waits for them, they need
// no senders.
func openNotifier(c *config.Config, p *parts, senders bool, out output) (*notify.Notifier, error) {
	if len(c.Notifications.Targets) == 0 {
		return nil, nil
	}
	var targets []notify.Target
	for _, t := range c.Notifications.Targets {
		target := notify.Target{Name: t.Name, Type: t.Type, Timeout: t.Timeout}
		if target.Timeout == 0 {
			target.Timeout = config.DefaultTargetTimeout
		}
		if senders {
			var err error
			if target.Sender, err = newSender(t); err != nil {
				return nil, fmt.Errorf("target %s of notifications: %w", t.Name, err)
			}
		}
		targets = append(targets, target)
	}
	return notify.Open(notify.Config{
		Dir: c.NotificationsDir(), Targets: targets, Region: c.Server.Region, GiveUpAfter: c.Notifications.GiveUpAfter,
		Log: p.history(),
		Begin: func(ctx context.Context) (eventlog.Position, []*projections.Bucket, error) {
			return allBuckets(ctx, p.store)
		},
		Failed: func(target string, err error) {
			out.Warn().Str("target", target).Err(err).Msg("notifications are not delivered; will be tried again")
		},
		Recovered: func(target string) { out.Info().Str("target", target).Msg("notifications are delivered again") },
		Died: func(target string, messages int, reason string) {
			out.Error().Str("target", target).Int("messages", messages).Str("error", reason).
				Msg("notifications went to the dead letters: see \"bleepstore notifications dead\"")
		},
	})
}

func newSender(t config.NotificationTarget) (notify.Sender, error) {
	if t.Type == config.TargetNATS {
		return notify.NewNATS(notify.NATSConfig{
			URL: t.URL, Subject: t.Subject, CredentialsFile: t.CredentialsFile, User: t.User, Password: t.Password, CAFile: t.CAFile,
		})
	}
	return notify.NewWebhook(notify.WebhookConfig{URL: t.URL, Secret: t.Secret, Token: t.Token, CAFile: t.CAFile})
}

// bucketsAtOnce is how many buckets are read from a store at once.
const bucketsAtOnce = 1000

// allBuckets returns all buckets as of one position.
func allBuckets(ctx context.Context, store projections.MetadataStore) (pos eventlog.Position, all []*projections.Bucket, err error) {
	snapshot, err := store.Snapshot(ctx)
	if err != nil {
		return pos, nil, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	if pos, err = snapshot.Position(ctx); err != nil {
		return pos, nil, err
	}
	for after := ""; ; after = all[len(all)-1].Name {
		page, err := snapshot.Buckets(ctx, after, bucketsAtOnce)
		all = append(all, page...)
		if len(page) < bucketsAtOnce || err != nil {
			return pos, all, err
		}
	}
}

// openServed opens all parts of a server.
func openServed(ctx context.Context, c *config.Config, out output) (*parts, error) {
	p, err := openParts(ctx, c, out)
	if err != nil {
		return nil, err
	}
	if p.notifier, err = openNotifier(c, p, true, out); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// targets are those that buckets can be configured with; nil if there are none.
func (p *parts) targets() api.Targets {
	if p.notifier == nil {
		return nil
	}
	return p.notifier
}

// targetPrefix begins the names of the targets of notifications among the projections.
const targetPrefix = "notifications/"

// errTarget stands for what is wrong with a target where everybody can read it: more could tell where the target is.
var errTarget = errors.New("notifications are not delivered: \"bleepstore notifications list\" says more")

// targetProjections tell how the targets are that are told of what happens in buckets.
func (n *node) targetProjections() (list []admin.Projection) {
	if n.notifier == nil {
		return nil
	}
	for _, s := range n.notifier.Status() {
		p := admin.Projection{
			Engine: targetPrefix + s.Name, Position: s.Position, Behind: s.Behind, CaughtUp: s.Begun && s.Behind == 0,
		}
		if s.Error != "" {
			p.Err = errTarget
		}
		list = append(list, p)
	}
	return list
}
