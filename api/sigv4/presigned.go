package sigv4

import (
	"net/url"
	"strconv"
	"time"

	"github.com/bleepstore/bleepstore/api"
)

// readQuery reads the claim of a presigned URL.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
func (v *Verifier) readQuery(query url.Values) (*claim, error) {
	malformed := func(fault string) *api.Error {
		return api.Errorf(api.AuthorizationQueryParametersError, "%s", fault)
	}
	switch name := query.Get("X-Amz-Algorithm"); name {
	case algorithm:
	case "AWS4-ECDSA-P256-SHA256":
		return nil, errAsymmetric(name)
	default:
		return nil, malformed(`X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"`)
	}
	for _, name := range []string{"X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires"} {
		if query.Get(name) == "" {
			return nil, malformed("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
		}
	}

	c := &claim{
		presigned:     true,
		timestamp:     query.Get("X-Amz-Date"),
		signedHeaders: query.Get("X-Amz-SignedHeaders"),
		signature:     query.Get("X-Amz-Signature"),
		contentSHA256: query.Get("X-Amz-Content-Sha256"),
		token:         query.Get("X-Amz-Security-Token"),
	}
	signedAt, err := time.Parse(timestampLayout, c.timestamp)
	if err != nil {
		return nil, malformed(`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`)
	}
	seconds, err := strconv.ParseInt(query.Get("X-Amz-Expires"), 10, 64)
	switch {
	case err != nil:
		return nil, malformed("X-Amz-Expires should be a number")
	case seconds < 0:
		return nil, malformed("X-Amz-Expires must be non-negative")
	case seconds > int64(maxExpires/time.Second):
		return nil, malformed("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
	}
	if err := checkLifetime(v.now(), signedAt, time.Duration(seconds)*time.Second); err != nil {
		return nil, err
	}

	inCredential := func(fault string) *api.Error {
		return malformed("Error parsing the X-Amz-Credential parameter; " + fault)
	}
	if c.credential, err = v.parseCredential(query.Get("X-Amz-Credential"), inCredential); err != nil {
		return nil, err
	}
	if day := c.timestamp[:len("20060102")]; c.date != day {
		return nil, malformed(`Invalid credential date "` + c.date + `". This date is not the same as X-Amz-Date: "` + day + `".`)
	}
	return c, nil
}

// checkLifetime refuses a presigned URL before its time, give or take the skew of clocks, and after it.
func checkLifetime(now, signedAt time.Time, life time.Duration) error {
	expires := signedAt.Add(life)
	denied := func(message string, first api.Detail) error {
		err := api.Errorf(api.AccessDenied, "%s", message)
		err.Details = []api.Detail{
			first,
			{Name: "Expires", Value: expires.Format(serverTimeLayout)},
			{Name: "ServerTime", Value: now.UTC().Format(serverTimeLayout)},
		}
		return err
	}
	switch {
	case signedAt.Sub(now) > maxSkew:
		return denied("Request is not yet valid", api.Detail{Name: "X-Amz-Date", Value: strconv.FormatInt(signedAt.UnixMilli(), 10)})
	case now.After(expires):
		return denied("Request has expired", api.Detail{Name: "X-Amz-Expires", Value: strconv.FormatInt(int64(life/time.Second), 10)})
	}
	return nil
}
