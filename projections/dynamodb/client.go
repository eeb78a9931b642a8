package dynamodb

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/logging"

	"github.com/bleepstore/bleepstore/internal/amazon"
	"github.com/bleepstore/bleepstore/internal/tracing"
)

// attempts is how often a request is made before its error is returned: with the delays between, for 3 to 6 seconds and
// the time that the answers take.
const attempts = 8

// connect returns a client of DynamoDB and what sends its requests, of which there are none yet.
func connect(ctx context.Context, c Config, attempt time.Duration) (*sdk.Client, *sender, error) {
	if (c.AccessKey == "") != (c.SecretKey == "") {
		return nil, nil, errors.New("an access key and a secret key belong together, and one is missing")
	}
	cfg, err := amazon.Load(ctx, c.Region, c.AccessKey, c.SecretKey)
	if err != nil {
		return nil, nil, err
	}
	if cfg.Region == "" {
		return nil, nil, errors.New("no region: set it, or AWS_REGION in the environment")
	}
	sender := newSender(cfg, attempt)
	return sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = &c.Endpoint
		}
		o.HTTPClient = sender
		o.Retryer = amazon.NewRetryer(attempts, backoff, func(error) bool { return false })
		o.Credentials = amazon.CredentialsOf(cfg)
		// The SDK only logs a checksum that does not match, and takes a missing one for such. TLS guards the answers.
		o.DisableValidateResponseChecksum = true
		o.Logger = logging.Nop{} // errors are returned
	}), sender, nil
}

// sender sends requests. It tells those who made them when one may have reached the service but got no answer.
type sender struct{ http.Client }

// newSender returns a sender that gives an attempt a fixed time.
func newSender(cfg aws.Config, attempt time.Duration) *sender {
	transport := amazon.Transport(cfg).WithDialerOptions(func(d *net.Dialer) { d.Timeout = 3 * time.Second }).GetTransport()
	transport.MaxIdleConnsPerHost = transport.MaxIdleConns
	// A request that goes out while the service closes an idle connection gets no answer. Be the first to close it.
	transport.IdleConnTimeout = 15 * time.Second
	return &sender{http.Client{Transport: tracing.Transport(transport), Timeout: attempt, CheckRedirect: amazon.NoRedirect}}
}

// unansweredKey is of the func() in a context that is called when a request got no answer.
type unansweredKey struct{}

// Do sends a request, as the SDK wants it sent.
func (s *sender) Do(r *http.Request) (*http.Response, error) {
	response, err := s.Client.Do(r)
	if err != nil && !isDial(err) {
		if note, ok := r.Context().Value(unansweredKey{}).(func()); ok {
			note()
		}
	}
	return response, err
}

// isDial tells whether an error is one of connecting, so that nothing was sent.
func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
