package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

// connect returns a client of S3 and what sends its requests, of which there are none yet.
func connect(ctx context.Context, c Config) (*sdk.Client, *http.Client, error) {
	cfg, err := configure(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	base, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok { // there is only one where the environment asks for something, such as certificates
		base = awshttp.NewBuildableClient()
	}
	sender := newSender(base)
	return sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = &c.Endpoint
		}
		o.UsePathStyle = c.PathStyle
		o.HTTPClient = sender
		o.Retryer = newRetryer()
		o.Credentials = credentialsSource{cfg.Credentials}
		// Requests have their checksum as a header. The SDK would send one behind a body of chunks, which not all services of
		// S3's protocol understand.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		// Answers with a range, which all are, have no checksum.
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		o.Logger = logging.Nop{} // errors are returned
	}), sender, nil
}

// configure returns the configuration that the SDK finds for itself, with what c says instead.
func configure(ctx context.Context, c Config) (cfg aws.Config, err error) {
	options := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
	if c.Region != "" {
		options = append(options, config.WithRegion(c.Region))
	}
	if c.AccessKey != "" {
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, "")))
	}
	if cfg, err = config.LoadDefaultConfig(ctx, options...); err != nil {
		return cfg, fmt.Errorf("read the configuration of the AWS SDK: %w", err)
	}
	if cfg.Region == "" && c.Endpoint != "" {
		cfg.Region = "us-east-1" // which is what services without regions take
	}
	if cfg.Region == "" {
		return cfg, errors.New("no region: set storage.s3.region, or AWS_REGION in the environment")
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

// attempts is how often a request is made before its error is returned. The time between doubles from firstDelay on, and half
// of it is random, so that requests that failed together are not repeated together: for 0.8 to 1.6 seconds in all.
const (
	attempts   = 6
	firstDelay = 50 * time.Millisecond
)

// newRetryer repeats requests that failed for a cause that may pass. Unlike the SDK's, it does not stop to when many
// requests fail at the same time: those of one large blob do.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.Backoff = retry.BackoffDelayerFunc(func(failed int, _ error) (time.Duration, error) {
			delay := firstDelay << min(failed-1, attempts)
			return delay/2 + rand.N(delay/2), nil
		})
		o.RateLimiter = ratelimit.None
		o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			cut := errors.Is(err, io.ErrUnexpectedEOF) // within an answer
			if cut || isChangedOnItsWay(err) || statusOf(err) == http.StatusTooManyRequests {
				return aws.TrueTernary
			}
			return aws.UnknownTernary
		}))
	})
}

// newSender returns a client that trusts the certificates that the SDK's client trusts.
func newSender(base *awshttp.BuildableClient) *http.Client {
	transport := base.WithDialerOptions(func(d *net.Dialer) { d.Timeout = 5 * time.Second }).GetTransport()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 64, 64
	transport.WriteBufferSize = 128 << 10 // each of which is a system call
	// HTTP/2, which some services of S3's protocol speak, would send all blobs through one connection.
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	transport.ForceAttemptHTTP2 = false
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it would not be signed
	}
}
