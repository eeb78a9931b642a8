package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/logging"
)

// connect returns a client of DynamoDB and what sends its requests, of which there are none yet.
func connect(ctx context.Context, c Config, attempt time.Duration) (*sdk.Client, *sender, error) {
	cfg, err := configure(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	client, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok { // there is only one where the environment asks for something, such as certificates
		client = awshttp.NewBuildableClient()
	}
	sender := newSender(client, attempt)
	return sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = &c.Endpoint
		}
		o.HTTPClient = sender
		o.Retryer = newRetryer()
		o.Credentials = credentialsSource{cfg.Credentials}
		// The SDK only logs a checksum that does not match, and takes a missing one for such. TLS guards the answers.
		o.DisableValidateResponseChecksum = true
		o.Logger = logging.Nop{} // errors are returned
	}), sender, nil
}

// configure returns the configuration that the SDK finds for itself, with what c says instead.
func configure(ctx context.Context, c Config) (cfg aws.Config, err error) {
	var options []func(*config.LoadOptions) error
	if c.Region != "" {
		options = append(options, config.WithRegion(c.Region))
	}
	switch {
	case c.AccessKey != "" && c.SecretKey != "":
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, "")))
	case c.AccessKey != "" || c.SecretKey != "":
		return cfg, errors.New("an access key and a secret key belong together, and one is missing")
	}
	if cfg, err = config.LoadDefaultConfig(ctx, options...); err != nil {
		return cfg, fmt.Errorf("read the configuration of the AWS SDK: %w", err)
	}
	if cfg.Region == "" {
		return cfg, errors.New("no region: set it, or AWS_REGION in the environment")
	}
	return cfg, nil
}

// credentialsSource marks errors of a source of credentials.
type credentialsSource struct{ aws.CredentialsProvider }

func (s credentialsSource) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := s.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		err = &credentialsError{err}
	}
	return found, err
}

// credentialsError says that there are no credentials to sign a request with.
type credentialsError struct{ error }

func (e *credentialsError) Unwrap() error { return e.error }

// attempts is how often a request is made before its error is returned: with the delays between, for 3 to 6 seconds and
// the time that the answers take.
const attempts = 8

// newRetryer repeats requests that failed for a cause that may pass. Unlike the SDK's, it does not stop to when many
// requests fail at the same time, as those of one large write do.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) { return backoff(attempt), nil })
		o.RateLimiter = ratelimit.None
		o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if errors.Is(err, io.ErrUnexpectedEOF) { // the connection was cut within an answer
				return aws.TrueTernary
			}
			return aws.UnknownTernary
		}))
	})
}

// sender sends requests. It tells those who made them when one may have reached the service but got no answer.
type sender struct{ http.Client }

// newSender returns a sender that trusts the certificates that the SDK's client trusts. It gives an attempt a fixed time.
func newSender(base *awshttp.BuildableClient, attempt time.Duration) *sender {
	transport := base.WithDialerOptions(func(d *net.Dialer) { d.Timeout = 3 * time.Second }).GetTransport()
	transport.MaxIdleConnsPerHost = transport.MaxIdleConns
	// A request that goes out while the service closes an idle connection gets no answer. Be the first to close it.
	transport.IdleConnTimeout = 15 * time.Second
	return &sender{http.Client{
		Transport: transport, Timeout: attempt,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it would not be signed
	}}
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
