package sigv4

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/api"
)

// timestampLayout is ISO 8601's basic format, the only one that X-Amz-Date may have.
const timestampLayout = "20060102T150405Z"

// serverTimeLayout is how error details give a time.
const serverTimeLayout = "2006-01-02T15:04:05Z"

// claim is what a request says of its own signature. Nothing in it is to be believed before the signature is found right.
type claim struct {
	credential
	presigned     bool
	timestamp     string // the signing time as it stands in the string to sign
	signedHeaders string // lower-case names joined by ";"
	signature     string // hex
	contentSHA256 string // only of a presigned request: its X-Amz-Content-Sha256 parameter
	token         string // X-Amz-Security-Token
}

// credential is the parsed form of ACCESSKEY/YYYYMMDD/REGION/SERVICE/aws4_request.
type credential struct {
	accessKey string // never empty
	scope     string // all that follows the access key
	date      string
}

// readClaim reads and checks all of a request's authentication that needs no secret. It gives nil for an anonymous
// request.
//
// The checks come in the order in which S3 makes them, so that a request with several faults gets the same answer.
func (v *Verifier) readClaim(r *http.Request) (*claim, error) {
	authorization := r.Header["Authorization"]
	signed := len(authorization) > 0 && authorization[0] != "" || len(authorization) > 1
	var query url.Values
	if r.URL.RawQuery != "" {
		// A parameter that net/url drops would be signed in one form and obeyed in another.
		q, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return nil, api.NewError(api.InvalidURI)
		}
		query = q
	}
	switch presigned, v2 := query.Has("X-Amz-Algorithm"), query.Has("Signature") && query.Has("AWSAccessKeyId"); {
	case signed && (presigned || v2 || len(authorization) > 1):
		return nil, api.InvalidArgumentf("Authorization", authorization[0], "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified")
	case signed:
		return v.readHeader(r, authorization[0])
	case presigned:
		return v.readQuery(query)
	case v2:
		return nil, ErrVersion2()
	}
	return nil, nil
}

// readHeader reads the claim of an Authorization header.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
func (v *Verifier) readHeader(r *http.Request, authorization string) (*claim, error) {
	scheme, components, ok := strings.Cut(authorization, " ")
	switch {
	case !ok:
		return nil, api.InvalidArgumentf("Authorization", authorization, "Authorization header is invalid -- one and only one ' ' (space) required")
	case strings.EqualFold(scheme, "AWS"):
		return nil, ErrVersion2()
	case strings.HasPrefix(scheme, "AWS4-ECDSA-"):
		return nil, errAsymmetric(scheme)
	case scheme != algorithm:
		return nil, api.InvalidArgumentf("Authorization", authorization, "Unsupported Authorization Type")
	}

	signedAt, timestamp, ok := requestTime(r.Header)
	if !ok {
		return nil, api.Errorf(api.AccessDenied, "AWS authentication requires a valid Date or x-amz-date header")
	}
	if now := v.now(); signedAt.Sub(now).Abs() > maxSkew {
		return nil, api.NewError(api.RequestTimeTooSkewed,
			api.Detail{Name: "RequestTime", Value: timestamp},
			api.Detail{Name: "ServerTime", Value: now.UTC().Format(serverTimeLayout)},
			api.Detail{Name: "MaxAllowedSkewMilliseconds", Value: "900000"})
	}

	c := &claim{timestamp: timestamp, token: r.Header.Get("X-Amz-Security-Token")}
	malformed := func(fault string) *api.Error {
		return api.Errorf(api.AuthorizationHeaderMalformed, "The authorization header is malformed; %s", fault)
	}
	var credential string
	for component := range strings.SplitSeq(components, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(component), "=")
		switch name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			c.signedHeaders = value
		case "Signature":
			c.signature = value
		default:
			return nil, malformed("the authorization header requires three components: Credential, SignedHeaders, and Signature.")
		}
	}
	if credential == "" || c.signedHeaders == "" || c.signature == "" {
		return nil, malformed("the authorization header requires three components: Credential, SignedHeaders, and Signature.")
	}
	var err error
	if c.credential, err = v.parseCredential(credential, malformed); err != nil {
		return nil, err
	}
	if c.date != timestamp[:len("20060102")] {
		return nil, malformed("Invalid credential date. Date is not the same as X-Amz-Date.")
	}
	return c, nil
}

// requestTime finds when a request with an Authorization header was signed: x-amz-date, and without that Date.
func requestTime(h http.Header) (at time.Time, timestamp string, ok bool) {
	if timestamp := h.Get("X-Amz-Date"); timestamp != "" {
		at, err := time.Parse(timestampLayout, timestamp)
		return at, timestamp, err == nil
	}
	date := h.Get("Date")
	if at, err := time.Parse(timestampLayout, date); err == nil {
		return at, date, true
	}
	at, err := http.ParseTime(date)
	return at, at.UTC().Format(timestampLayout), err == nil
}

// parseCredential splits a credential and checks that its scope is ours, all but the date.
func (v *Verifier) parseCredential(s string, malformed func(fault string) *api.Error) (credential, error) {
	// Taken from the end, since nothing but a convention keeps "/" out of an access key.
	rest, end, ok4 := cutLast(s)
	rest, serviceName, ok3 := cutLast(rest)
	rest, region, ok2 := cutLast(rest)
	accessKey, date, ok1 := cutLast(rest)
	switch {
	case !ok1 || !ok2 || !ok3 || !ok4 || accessKey == "":
		return credential{}, malformed(`the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`)
	case region == "":
		return credential{}, malformed("a non-empty region must be provided in the credential.")
	case region != v.region:
		err := malformed("the region '" + region + "' is wrong; expecting '" + v.region + "'")
		err.Details = append(err.Details, api.Detail{Name: "Region", Value: v.region})
		return credential{}, err
	case serviceName != service:
		return credential{}, malformed(`incorrect service "` + serviceName + `". This endpoint belongs to "s3".`)
	case end != terminator:
		return credential{}, malformed(`incorrect terminal "` + end + `". This endpoint uses "aws4_request".`)
	case len(date) != len("20060102"):
		return credential{}, malformed(`incorrect date format "` + date + `". This date in the credential must be in the format "yyyyMMdd".`)
	}
	return credential{accessKey: accessKey, scope: s[len(accessKey)+1:], date: date}, nil
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// ErrVersion2 is the answer to a signature of version 2 where only this one is accepted.
func ErrVersion2() *api.Error {
	return api.Errorf(api.InvalidRequest, "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
}

func errAsymmetric(what string) *api.Error {
	return api.Errorf(api.NotImplemented, "Asymmetric signatures (%s) are not supported. Please use AWS4-HMAC-SHA256.", what)
}
