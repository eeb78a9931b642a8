package sigv4

import (
	"time"

	"github.com/bleepstore/bleepstore/api"
)

// Form is what a form that a browser posts says of its signature.
// See https://docs.aws.amazon.com/AmazonS3/latest/developerguide/sigv4-authentication-HTTPPOST.html
type Form struct {
	Policy     string // as the form has it, in base64: this is what is signed
	Algorithm  string // x-amz-algorithm
	Credential string // x-amz-credential
	Date       string // x-amz-date
	Signature  string // x-amz-signature
	Token      string // x-amz-security-token
}

// VerifyForm checks the signature of a form's policy and returns who signed it. What the policy says, and until when it
// holds, is for the caller to check.
//
// Errors: InvalidArgument for what cannot be understood, InvalidToken, InvalidAccessKeyId, SignatureDoesNotMatch.
func (v *Verifier) VerifyForm(f Form) (accessKey string, err error) {
	malformed := func(fault string) *api.Error {
		return api.InvalidArgumentf("X-Amz-Credential", f.Credential, "%s", fault)
	}
	if f.Algorithm != algorithm {
		return "", api.InvalidArgumentf("X-Amz-Algorithm", f.Algorithm, "X-Amz-Algorithm only supports %q", algorithm)
	}
	credential, err := v.parseCredential(f.Credential, malformed)
	if err != nil {
		return "", err
	}
	if _, err := time.Parse(timestampLayout, f.Date); err != nil || f.Date[:len("20060102")] != credential.date {
		return "", api.InvalidArgumentf("X-Amz-Date", f.Date,
			"X-Amz-Date must be formatted via ISO8601 Long format, with the date of the credential")
	}
	secret, ok := v.keys(credential.accessKey)
	if !ok {
		return "", api.NewError(api.InvalidAccessKeyID, api.Detail{Name: "AWSAccessKeyId", Value: credential.accessKey})
	}
	// Only permanent credentials exist here, so a session token can belong to none of them.
	if f.Token != "" {
		return "", api.NewError(api.InvalidToken)
	}
	key := v.derive.signingKey(credential.accessKey, secret, credential.date, v.region)
	if !newMAC(key).signs([]byte(f.Policy), []byte(f.Signature)) {
		return "", errSignature(&claim{credential: credential}, f.Policy, f.Signature, "")
	}
	return credential.accessKey, nil
}
