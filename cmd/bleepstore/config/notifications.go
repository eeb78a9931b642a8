package config

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/api/notify"
)

// Notifications are about telling others what happens in buckets.
type Notifications struct {
	// GiveUpAfter is how long a message is tried before it goes to the dead letters.
	GiveUpAfter time.Duration `yaml:"give_up_after"`
	// Targets are where the configurations of buckets can have messages sent to.
	Targets []NotificationTarget `yaml:"targets"`
}

// NotificationTarget is where messages can be sent to.
type NotificationTarget struct {
	Name string `yaml:"name"` // is in its ARN
	Type string `yaml:"type"` // one of TargetTypes
	// URL is that of a webhook, or of NATS servers, with commas between them.
	URL string `yaml:"url"`
	// Timeout is how long it may take to answer; 0 for DefaultTargetTimeout.
	Timeout time.Duration `yaml:"timeout"`
	// CAFile is a PEM file of the authorities that the server's certificate may be of; empty for the system's.
	CAFile string `yaml:"ca_file"`

	// Of a webhook.

	Secret string `yaml:"secret"` // signs messages; see notify.ParseSecret
	Token  string `yaml:"token"`  // is sent as a bearer token
	// AllowHTTP tells whether a URL of another machine may be http.
	AllowHTTP bool `yaml:"allow_http"`

	// Of NATS.

	Subject string `yaml:"subject"` // which a stream must have
	// CredentialsFile has a user's JWT and key, as nsc writes them.
	CredentialsFile string `yaml:"credentials_file"`
	User            string `yaml:"user"`
	Password        string `yaml:"password"`
}

// The types of targets.
const (
	TargetWebhook = "webhook"
	TargetNATS    = "nats"
)

// TargetTypes are those that can be chosen.
var TargetTypes = []string{TargetWebhook, TargetNATS}

// DefaultTargetTimeout is the time-out of targets that have no other.
const DefaultTargetTimeout = 10 * time.Second

// NotificationsDir is the folder of what targets are still to be sent.
func (c *Config) NotificationsDir() string { return filepath.Join(c.base(), "notifications") }

var (
	targetNameForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	subjectForm    = regexp.MustCompile(`^[!-)+-=?-~]+$`) // ASCII that can be seen, without * and >
)

func (n *Notifications) validate(v *validation) {
	v.that(n.GiveUpAfter >= time.Second, "notifications.give_up_after", n.GiveUpAfter, "at least 1s")
	seen := make(map[string]bool)
	for i := range n.Targets {
		t := &n.Targets[i]
		key := fmt.Sprintf("notifications.targets[%d].", i)
		v.that(targetNameForm.MatchString(t.Name), key+"name", t.Name, "1 to 64 letters, digits or any of . _ -")
		v.that(!seen[t.Name], key+"name", t.Name, "a name that is not in the list already")
		seen[t.Name] = true
		v.that(t.Timeout == 0 || t.Timeout >= time.Second && t.Timeout <= time.Hour, key+"timeout", t.Timeout, "1s to 1h")
		v.oneOf(key+"type", t.Type, TargetTypes)
		switch t.Type {
		case TargetWebhook:
			t.validateWebhook(v, key)
		case TargetNATS:
			t.validateNATS(v, key)
		}
	}
}

func (t *NotificationTarget) validateWebhook(v *validation, key string) {
	u, err := url.Parse(t.URL)
	ok := err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http")
	v.that(ok, key+"url", redactedURL(t.URL), "a URL that begins with https://, without a user in it")
	if ok && u.Scheme == "http" {
		v.that(t.AllowHTTP || isLoopback(u.Hostname()), key+"url", t.URL,
			"https for another machine, where others could read what happens in buckets; allow_http: true lets them")
	}
	if t.Secret != "" {
		_, err := notify.ParseSecret(t.Secret)
		v.that(err == nil, key+"secret", fmt.Sprintf("%d characters", len(t.Secret)),
			"whsec_ and base64 of 24 to 64 bytes: echo whsec_$(openssl rand -base64 32) makes one")
	}
	v.that(t.Subject+t.CredentialsFile+t.User+t.Password == "", key+"type", t.Type, "nats for a subject, credentials_file, user or password")
}

func (t *NotificationTarget) validateNATS(v *validation, key string) {
	for part := range strings.SplitSeq(t.URL, ",") {
		u, err := url.Parse(strings.TrimSpace(part))
		ok := err == nil && u.Host != "" && u.User == nil && (u.Scheme == "nats" || u.Scheme == "tls")
		v.that(ok, key+"url", redactedURL(t.URL), "a URL that begins with nats:// or tls://, without a user in it, or several with commas between them")
	}
	v.that(subjectForm.MatchString(t.Subject) && !slices.Contains(strings.Split(t.Subject, "."), ""), key+"subject", t.Subject,
		"a subject without wildcards, such as events.objects")
	v.that((t.User == "") == (t.Password == ""), key+"user", t.User, "one with a password, or neither")
	v.that(t.User == "" || t.CredentialsFile == "", key+"user", t.User, "none beside a credentials_file")
	v.that(t.Secret+t.Token == "" && !t.AllowHTTP, key+"type", t.Type, "webhook for a secret, a token or allow_http")
}

// redactedURL is a URL without the password that may be in it.
func redactedURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "no URL"
	}
	return u.Redacted()
}

// isLoopback tells whether a host is this machine, whatever names are resolved to.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
