package cosmos

import (
	"context"
	"errors"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// credential tells by its errors that there was no token for a request, which was then not sent.
type credential struct{ azcore.TokenCredential }

func newCredential() (azcore.TokenCredential, error) {
	c, err := azidentity.NewDefaultAzureCredential(nil)
	return credential{c}, err
}

// GetToken implements azcore.TokenCredential.
func (c credential) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := c.TokenCredential.GetToken(ctx, options)
	if err != nil {
		err = &credentialError{err}
	}
	return token, err
}

type credentialError struct{ error }

func (e *credentialError) Unwrap() error { return e.error }

func isCredential(err error) bool { return errors.As(err, new(*credentialError)) }
