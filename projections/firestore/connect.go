package firestore

import (
	"time"

	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/bleepstore/bleepstore/internal/gcloud"
	"github.com/bleepstore/bleepstore/internal/tracing"
)

// connectionOptions are the options of a client that say where it connects to and as whom.
func connectionOptions(c Config) ([]option.ClientOption, error) {
	options := []option.ClientOption{
		option.WithTelemetryDisabled(), // nobody collects it
		// A connection on which nothing arrives any more is given up: at once if it is in use on Linux, where the time-out is
		// also that of data that was sent, and otherwise after this time.
		option.WithGRPCDialOption(grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute, Timeout: 10 * time.Second})),
	}
	for _, traced := range tracing.GRPC() {
		options = append(options, option.WithGRPCDialOption(traced))
	}
	if c.Endpoint != "" {
		return append(options,
			option.WithEndpoint(c.Endpoint),
			option.WithoutAuthentication(),
			option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials()))), nil
	}
	if c.CredentialsFile == "" {
		return options, nil
	}
	credentials, err := gcloud.CredentialsFile(c.CredentialsFile)
	if err != nil {
		return nil, err
	}
	return append(options, credentials), nil
}
