package firestore

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// connectionOptions are the options of a client that say where it connects to and as whom.
func connectionOptions(c Config) ([]option.ClientOption, error) {
	options := []option.ClientOption{
		option.WithTelemetryDisabled(), // nobody collects it
		// A connection on which nothing arrives any more is given up: at once if it is in use on Linux, where the time-out is
		// also that of data that was sent, and otherwise after this time.
		option.WithGRPCDialOption(grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute, Timeout: 10 * time.Second})),
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
	kind, err := credentialsType(c.CredentialsFile)
	if err != nil {
		return nil, err
	}
	return append(options, option.WithAuthCredentialsFile(kind, c.CredentialsFile)), nil
}

// credentialsType returns which kind of credentials a file holds. The operator names the file, so any kind is as good.
func credentialsType(file string) (option.CredentialsType, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the credentials: %w", err)
	}
	var credentials struct {
		Type option.CredentialsType `json:"type"`
	}
	if err := json.Unmarshal(content, &credentials); err != nil {
		return "", fmt.Errorf("the credentials in %s are not JSON: %w", file, err)
	}
	if credentials.Type == "" {
		return "", fmt.Errorf("%s holds no credentials of Google's: its JSON has no type", file)
	}
	return credentials.Type, nil
}
