// Package sigv4 authenticates requests that carry AWS Signature Version 4, in the Authorization header or in the query of
// a presigned URL, and decodes and verifies their payloads: whole-body hashes and every aws-chunked form.
//
// Errors are *api.Error with the codes, messages and details that Amazon S3 answers with. Where S3 documents nothing, they
// follow what S3 was observed to answer.
//
// See https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
package sigv4

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/api"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	service   = "s3"
	// terminator ends every credential scope.
	terminator = "aws4_request"
	// maxSkew is how far a request's time may be from ours, either way.
	maxSkew = 15 * time.Minute
	// maxExpires is the longest life of a presigned URL.
	maxExpires = 7 * 24 * time.Hour
)

// Keys finds the secret of an access key; ok is false when there is no such key. It is called on every signed request, by
// many goroutines at once.
type Keys func(accessKey string) (secret string, ok bool)

// Verifier authenticates requests for one region. It is safe for concurrent use.
type Verifier struct {
	region string
	keys   Keys
	now    func() time.Time
	derive keyCache
}

// NewVerifier makes a Verifier of requests signed for a region, such as "us-east-1", by any of the keys.
func NewVerifier(region string, keys Keys) *Verifier {
	return &Verifier{region: region, keys: keys, now: time.Now}
}

// Verified is an authenticated request, or an anonymous one.
type Verified struct {
	// AccessKey is who signed the request. It is empty when nobody did: whether the anonymous may do what they ask is for
	// the caller to decide.
	AccessKey string

	// Body is the payload without its aws-chunked framing. It is verified as it is read, so nothing read from it may take
	// effect before it has returned io.EOF. Instead of io.EOF it returns an *api.Error when a hash, a signature, the length
	// or the trailer does not hold, or when the client went away.
	//
	// When Length is not negative, the last byte is handed out only after everything has been verified, and io.EOF comes
	// with it.
	Body io.Reader

	// Length is the number of bytes that Body holds, or -1 when only its end will tell.
	Length int64

	// Chunked tells that the payload came in the aws-chunked encoding, which is no part of what is stored: see
	// StripAWSChunked.
	Chunked bool

	trailer http.Header
}

// Trailer gives the headers that followed an aws-chunked payload: the x-amz-checksum-* which x-amz-trailer announced.
// It is empty until Body has returned io.EOF. The values have come as the client sent them (signed, when the chunks were);
// whether a checksum is that of the content is for the caller to check.
func (v *Verified) Trailer() http.Header { return v.trailer }

// Unsigned gives the payload of a request that nobody signed, or whose signature leaves out the payload. Errors:
// InvalidArgument and InvalidRequest for a framing that cannot be understood.
func Unsigned(r *http.Request) (*Verified, error) {
	p, err := anonymousPayload(r)
	if err != nil {
		return nil, err
	}
	return p.open(r, nil)
}

// Signed tells whether a request says that it carries this version's signature, be that true or not.
func Signed(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-") || r.URL.Query().Has("X-Amz-Algorithm")
}

// Verify authenticates a request as net/http's server delivers it: the URL, Host and headers must not have been changed.
// It does not read the body; the Verified's Body does.
//
// A request with neither an Authorization header nor an X-Amz-Algorithm parameter is anonymous.
//
// Errors: InvalidArgument, InvalidRequest and InvalidURI for what cannot be understood, NotImplemented for asymmetric
// signatures (SigV4A), AuthorizationHeaderMalformed, AuthorizationQueryParametersError, AccessDenied (no date, expired,
// not yet valid, headers left unsigned), RequestTimeTooSkewed, InvalidAccessKeyId, InvalidToken, SignatureDoesNotMatch.
func (v *Verifier) Verify(r *http.Request) (*Verified, error) {
	c, err := v.readClaim(r)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return Unsigned(r)
	}

	p, err := claimedPayload(r, c)
	if err != nil {
		return nil, err
	}
	secret, ok := v.keys(c.accessKey)
	if !ok {
		return nil, api.NewError(api.InvalidAccessKeyID, api.Detail{Name: "AWSAccessKeyId", Value: c.accessKey})
	}
	// Only permanent credentials exist here, so a session token can belong to none of them.
	if c.token != "" {
		return nil, api.NewError(api.InvalidToken)
	}
	key := v.derive.signingKey(c.accessKey, secret, c.date, v.region)
	if err := checkSignature(r, c, p, key); err != nil {
		return nil, err
	}
	if err := checkSignedHeaders(r, c); err != nil {
		return nil, err
	}
	return p.open(r, &signer{claim: c, key: key})
}
