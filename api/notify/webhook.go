package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/internal/tracing"
)

// WebhookConfig is how a webhook is reached.
type WebhookConfig struct {
	URL    string
	Secret string // see ParseSecret; empty for no signature
	Token  string // is sent as a bearer token; empty for none
	CAFile string // PEM file of the authorities that the server's certificate may be of; empty for the system's
}

// secretPrefix marks secrets of Standard Webhooks.
const secretPrefix = "whsec_"

// The lengths of secrets that the specification wants, in bytes.
const (
	minSecret = 24
	maxSecret = 64
)

// ParseSecret reads a secret of the form that Standard Webhooks has: whsec_ and base64 of 24 to 64 bytes.
// See https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
func ParseSecret(text string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	secret, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(secret) < minSecret || len(secret) > maxSecret {
		return nil, fmt.Errorf("it is not %s and base64 of %d to %d bytes: echo %[1]s$(openssl rand -base64 32) makes one", secretPrefix, minSecret, maxSecret)
	}
	return secret, nil
}

// sign returns the signature of a message that is sent at a time, in the form of the header webhook-signature.
func sign(secret []byte, m Message, timestamp string) string {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.", m.ID, timestamp)
	mac.Write(m.Body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// maxAnswer is how many bytes of an answer are read, so that its connection can be used again.
const maxAnswer = 64 << 10

// told is how many bytes of an answer an error repeats.
const told = 200

// webhook sends messages by POST.
type webhook struct {
	config    WebhookConfig
	secret    []byte            // nil for no signature
	transport http.RoundTripper // with the trace of the request that has a test event sent
	close     func()
}

// NewWebhook makes a Sender to an HTTP server. Nothing is sent yet.
func NewWebhook(c WebhookConfig) (Sender, error) {
	w := &webhook{config: c}
	var err error
	if c.Secret != "" {
		if w.secret, err = ParseSecret(c.Secret); err != nil {
			return nil, fmt.Errorf("read the secret: %w", err)
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = maxInFlight
	if transport.TLSClientConfig, err = tlsConfig(c.CAFile); err != nil {
		return nil, err
	}
	w.transport, w.close = tracing.Transport(transport), transport.CloseIdleConnections
	return w, nil
}

// tlsConfig trusts the authorities in a PEM file or, without a name, those of the system.
func tlsConfig(caFile string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificates of authorities: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate in PEM", caFile)
	}
	return c, nil
}

// Send implements Sender. The transport is used without an http.Client: redirects are not followed, because they could lead
// anywhere.
func (w *webhook) Send(ctx context.Context, m Message) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.config.URL, bytes.NewReader(m.Body))
	if err != nil {
		return &Failure{Reason: "The target cannot be reached", Err: err}
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "BleepStore")
	r.Header.Set("Webhook-Id", m.ID)
	r.Header.Set("Webhook-Timestamp", timestamp)
	if w.secret != nil {
		r.Header.Set("Webhook-Signature", sign(w.secret, m, timestamp))
	}
	if w.config.Token != "" {
		r.Header.Set("Authorization", "Bearer "+w.config.Token)
	}
	answer, err := w.transport.RoundTrip(r)
	if errors.Is(err, context.DeadlineExceeded) {
		return &Failure{Reason: "The target did not answer in time", Err: err}
	}
	if err != nil {
		return &Failure{Reason: "The target cannot be reached", Err: err}
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // the status says all
	if answer.StatusCode/100 == 2 {
		return nil
	}
	f := &Failure{Reason: fmt.Sprintf("The target answered with status %d", answer.StatusCode), Refused: refuses(answer.StatusCode)}
	if text := bytes.TrimSpace(body[:min(len(body), told)]); len(text) > 0 {
		f.Err = fmt.Errorf("%q", text)
	}
	return f
}

// refuses tells whether a status says that this message will not be taken later either. Others with 4 in front are about the
// target: 401, 403 and 404 come of a wrong secret, or of a proxy while the target is being deployed.
func refuses(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// Close implements Sender.
func (w *webhook) Close() { w.close() }
