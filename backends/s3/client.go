package s3

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/bleepstore/bleepstore/internal/amazon"
	"github.com/bleepstore/bleepstore/internal/tracing"
)

// connect returns a client of S3 and what sends its requests, of which there are none yet.
func connect(ctx context.Context, c Config) (*sdk.Client, *http.Client, error) {
	cfg, err := amazon.Load(ctx, c.Region, c.AccessKey, c.SecretKey)
	if err != nil {
		return nil, nil, err
	}
	if cfg.Region == "" && c.Endpoint != "" {
		cfg.Region = "us-east-1" // which is what services without regions take
	}
	if cfg.Region == "" {
		return nil, nil, errors.New("no region: set storage.s3.region, or AWS_REGION in the environment")
	}
	sender := newSender(cfg)
	return sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = &c.Endpoint
		}
		o.UsePathStyle = c.PathStyle
		o.HTTPClient = sender
		o.Retryer = amazon.NewRetryer(attempts, backoff, isPassing)
		o.Credentials = amazon.CredentialsOf(cfg)
		// Requests have their checksum as a header. The SDK would send one behind a body of chunks, which not all services of
		// S3's protocol understand.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		// Answers with a range, which all are, have no checksum.
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		o.Logger = logging.Nop{} // errors are returned
	}), sender, nil
}

// attempts is how often a request is made before its error is returned. The time between doubles from firstDelay on, and half
// of it is random, so that requests that failed together are not repeated together: for 0.8 to 1.6 seconds in all.
const (
	attempts   = 6
	firstDelay = 50 * time.Millisecond
)

func backoff(failed int) time.Duration {
	delay := firstDelay << min(failed-1, attempts)
	return delay/2 + rand.N(delay/2)
}

// isPassing tells whether an error passes of which the SDK does not say so.
func isPassing(err error) bool {
	return isChangedOnItsWay(err) || statusOf(err) == http.StatusTooManyRequests
}

// newSender returns what sends requests.
func newSender(cfg aws.Config) *http.Client {
	transport := amazon.Transport(cfg).WithDialerOptions(func(d *net.Dialer) { d.Timeout = 5 * time.Second }).GetTransport()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 64, 64
	transport.WriteBufferSize = 128 << 10 // each of which is a system call
	// HTTP/2, which some services of S3's protocol speak, would send all blobs through one connection.
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	transport.ForceAttemptHTTP2 = false
	return &http.Client{Transport: tracing.Transport(transport), CheckRedirect: amazon.NoRedirect}
}
