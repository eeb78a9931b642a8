// Package sigv2 authenticates requests that carry AWS Signature Version 2 in the form that Amazon S3 had of it: in the
// Authorization header, in the query of a presigned URL, or in a form. Old clients use it, and newer ones still do for
// presigned URLs of endpoints that are not Amazon's.
//
// It signs what is asked for, by whom and when, but not the payload.
//
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
package sigv2

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/sigv4"
)

// maxSkew is how far the time of a request with an Authorization header may be from ours, either way.
const maxSkew = 15 * time.Minute

// serverTimeLayout is how error details give a time.
const serverTimeLayout = "2006-01-02T15:04:05Z"

// Verifier authenticates requests. It is safe for concurrent use.
type Verifier struct {
	domain string
	keys   sigv4.Keys
	now    func() time.Time
}

// NewVerifier makes a Verifier of requests signed by any of the keys. Hosts below domain, if it is not empty, name a
// bucket, which is signed as part of the path.
func NewVerifier(domain string, keys sigv4.Keys) *Verifier {
	return &Verifier{domain: domain, keys: keys, now: time.Now}
}

// scheme begins an Authorization header.
const scheme = "AWS "

// Signed tells whether a request carries this version's signature, and no other's.
func Signed(r *http.Request) bool {
	authorization, inHeader := r.Header["Authorization"]
	if !strings.Contains(r.URL.RawQuery, "Signature=") {
		return inHeader && len(authorization) == 1 && strings.HasPrefix(authorization[0], scheme)
	}
	query := r.URL.Query()
	return !inHeader && query.Has("Signature") && query.Has("AWSAccessKeyId") && !query.Has("X-Amz-Algorithm")
}

// claim is what a request says of its own signature.
type claim struct {
	accessKey string
	signature string
	date      string // the line of the string to sign
	presigned bool
}

// Verify authenticates a request that is Signed, as net/http's server delivers it. It does not read the body.
//
// Errors: AccessDenied (no date, no expiry, expired), InvalidArgument for what cannot be understood, RequestTimeTooSkewed,
// InvalidAccessKeyId, InvalidToken, SignatureDoesNotMatch, and those of sigv4.Unsigned.
func (v *Verifier) Verify(r *http.Request) (*sigv4.Verified, error) {
	read := v.readHeader
	if len(r.Header["Authorization"]) == 0 {
		read = v.readQuery
	}
	c, err := read(r)
	if err != nil {
		return nil, err
	}
	// Only permanent credentials exist here, so a session token can belong to none of them.
	if r.Header.Get("X-Amz-Security-Token") != "" || r.URL.Query().Has("x-amz-security-token") {
		return nil, api.NewError(api.InvalidToken)
	}
	if err := v.check(r, c); err != nil {
		return nil, err
	}
	verified, err := sigv4.Unsigned(r)
	if err == nil {
		verified.AccessKey = c.accessKey
	}
	return verified, err
}

// VerifyForm checks the signature of a form, which is one of its policy in the form that the form has it: base64. Only
// permanent credentials exist here, so a session token can belong to none.
// Errors: InvalidAccessKeyId, InvalidToken, SignatureDoesNotMatch.
func (v *Verifier) VerifyForm(accessKey, policy, signature, token string) error {
	secret, err := v.secret(accessKey)
	if err == nil && token != "" {
		err = api.NewError(api.InvalidToken)
	}
	if err == nil && !signs(secret, policy, signature) {
		err = mismatch(accessKey, policy, signature)
	}
	return err
}

// readHeader reads the claim of an Authorization header: "AWS AccessKeyId:Signature".
func (v *Verifier) readHeader(r *http.Request) (*claim, error) {
	authorization := r.Header.Get("Authorization")
	accessKey, signature, ok := strings.Cut(strings.TrimPrefix(authorization, scheme), ":")
	if !ok || accessKey == "" {
		return nil, api.InvalidArgumentf("Authorization", authorization,
			"AWS authorization header is invalid.  Expected AwsAccessKeyId:signature")
	}
	c := &claim{accessKey: accessKey, signature: signature}
	date := r.Header.Get("X-Amz-Date")
	if date == "" {
		date = r.Header.Get("Date")
		c.date = date // x-amz-date is signed among the headers instead
	}
	at, ok := parseDate(date)
	if !ok {
		return nil, api.Errorf(api.AccessDenied, "AWS authentication requires a valid Date or x-amz-date header")
	}
	if now := v.now(); at.Sub(now).Abs() > maxSkew {
		return nil, api.NewError(api.RequestTimeTooSkewed,
			api.Detail{Name: "RequestTime", Value: date},
			api.Detail{Name: "ServerTime", Value: now.UTC().Format(serverTimeLayout)},
			api.Detail{Name: "MaxAllowedSkewMilliseconds", Value: strconv.FormatInt(maxSkew.Milliseconds(), 10)})
	}
	return c, nil
}

// parseDate reads the forms of dates that clients were seen to send.
func parseDate(text string) (time.Time, bool) {
	for _, layout := range []string{http.TimeFormat, time.RFC1123Z, time.RFC1123, "20060102T150405Z"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// readQuery reads the claim of a presigned URL.
func (v *Verifier) readQuery(r *http.Request) (*claim, error) {
	query := r.URL.Query()
	c := &claim{
		accessKey: query.Get("AWSAccessKeyId"), signature: query.Get("Signature"), date: query.Get("Expires"), presigned: true,
	}
	if err := checkParameters(r); err != nil {
		return nil, err
	}
	if c.date == "" {
		return nil, api.Errorf(api.AccessDenied,
			"Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters")
	}
	seconds, err := strconv.ParseInt(c.date, 10, 64)
	if err != nil {
		return nil, api.Errorf(api.AccessDenied, "Invalid date (should be seconds since epoch): %s", c.date)
	}
	if now, expires := v.now(), time.Unix(seconds, 0); now.After(expires) {
		return nil, &api.Error{
			Code: api.AccessDenied, Message: "Request has expired",
			Details: []api.Detail{
				{Name: "Expires", Value: expires.UTC().Format(serverTimeLayout)},
				{Name: "ServerTime", Value: now.UTC().Format(serverTimeLayout)},
			},
		}
	}
	return c, nil
}

// check compares the claim's signature with the one that the key makes of the request.
func (v *Verifier) check(r *http.Request, c *claim) error {
	secret, err := v.secret(c.accessKey)
	if err != nil {
		return err
	}
	resource := v.resource(r)
	resources := []string{resource}
	if isBucket(resource) {
		resources = append(resources, resource+"/") // botocore signs a bucket so, however it addresses it
	}
	for _, resource := range resources {
		if signs(secret, stringToSign(r, c, resource, subresources), c.signature) {
			return nil
		}
		// Some clients do not sign sub-resources that are younger than this version. That must not make a change of another
		// one, and a URL that was given away must have all that it is about in its signature.
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		if reads && !c.presigned && signs(secret, stringToSign(r, c, resource, oldSubresources), c.signature) {
			return nil
		}
	}
	return mismatch(c.accessKey, stringToSign(r, c, resource, subresources), c.signature)
}

func (v *Verifier) secret(accessKey string) (string, error) {
	secret, ok := v.keys(accessKey)
	if !ok {
		return "", api.NewError(api.InvalidAccessKeyID, api.Detail{Name: "AWSAccessKeyId", Value: accessKey})
	}
	return secret, nil
}

// signs tells whether signature, in base64, is that of a text, in a time that says nothing about where it differs.
func signs(secret, text, signature string) bool {
	given, err := base64.StdEncoding.DecodeString(signature)
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(text))
	return err == nil && hmac.Equal(mac.Sum(nil), given)
}

// mismatch shows what should have been signed, so that the client's author can compare.
func mismatch(accessKey, text, signature string) error {
	return api.NewError(api.SignatureDoesNotMatch,
		api.Detail{Name: "AWSAccessKeyId", Value: accessKey},
		api.Detail{Name: "StringToSign", Value: text},
		api.Detail{Name: "SignatureProvided", Value: signature},
		api.Detail{Name: "StringToSignBytes", Value: fmt.Sprintf("% x", text)})
}
