// Package gcloud has what clients of all services of Google Cloud are made with.
package gcloud

import (
	"encoding/json"
	"fmt"
	"os"

	"google.golang.org/api/option"
)

// CredentialsFile returns the option of a client that shows the credentials in a JSON file of Google's: the key of a service
// account, or any other kind. The operator names the file, so any kind is as good.
func CredentialsFile(file string) (option.ClientOption, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the credentials: %w", err)
	}
	var credentials struct {
		Type option.CredentialsType `json:"type"`
	}
	if err := json.Unmarshal(content, &credentials); err != nil {
		return nil, fmt.Errorf("the credentials in %s are not JSON: %w", file, err)
	}
	if credentials.Type == "" {
		return nil, fmt.Errorf("%s holds no credentials of Google's: its JSON has no type", file)
	}
	return option.WithAuthCredentialsFile(credentials.Type, file), nil
}
