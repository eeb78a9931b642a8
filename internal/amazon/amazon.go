// Package amazon has what clients of all services of AWS are made with.
package amazon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/logging"
)

// Load returns the configuration that the SDK finds for itself, with a region and a key where they are not empty. The region of the
// result may be empty.
func Load(ctx context.Context, region, accessKey, secretKey string) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})} // errors are returned
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	if accessKey != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(accessKey, secretKey, "")))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return cfg, fmt.Errorf("read the configuration of the AWS SDK: %w", err)
	}
	return cfg, nil
}

// CredentialsError says that there are no credentials to sign a request with.
type CredentialsError struct{ error }

// Unwrap gives the cause.
func (e *CredentialsError) Unwrap() error { return e.error }

// CredentialsOf returns the credentials of a configuration, whose errors are *CredentialsError.
func CredentialsOf(cfg aws.Config) aws.CredentialsProvider { return source{cfg.Credentials} }

type source struct{ aws.CredentialsProvider }

func (s source) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := s.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		err = &CredentialsError{err}
	}
	return found, err
}

// NewRetryer repeats requests that failed for a cause that may pass, or for one that passes says of, so often in all. Wait tells
// the time after so many failed attempts. Unlike the SDK's, it does not stop to when many requests fail at the same time: those of
// one large write do.
func NewRetryer(attempts int, wait func(failed int) time.Duration, passes func(error) bool) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.Backoff = retry.BackoffDelayerFunc(func(failed int, _ error) (time.Duration, error) { return wait(failed), nil })
		o.RateLimiter = ratelimit.None
		o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if errors.Is(err, io.ErrUnexpectedEOF) || passes(err) { // the first is of a connection that was cut within an answer
				return aws.TrueTernary
			}
			return aws.UnknownTernary
		}))
	})
}

// Transport returns a client that trusts the certificates that the SDK's client trusts, to be changed.
func Transport(cfg aws.Config) *awshttp.BuildableClient {
	if client, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok { // which is so only where the environment asks for something
		return client
	}
	return awshttp.NewBuildableClient()
}

// NoRedirect is for http.Client.CheckRedirect: a request that is redirected would not be signed.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
