package api

import (
	"context"
	"slices"
	"strings"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// maxCORSRules is how many rules a bucket can have.
const maxCORSRules = 100

// maxCORSID is how long the ID of a rule can be, in characters.
const maxCORSID = 255

// corsMethods are the methods that rules can allow.
var corsMethods = []string{"GET", "PUT", "HEAD", "POST", "DELETE"}

// CORSRequest is what a page of another origin asks for, or asks whether it may ask for.
type CORSRequest struct {
	Origin  string
	Method  string
	Headers []string // names, in lower case
}

// AllowCORS returns the first of the rules that allows a request, nil if none does.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
func AllowCORS(rules []eventlog.CORSRule, r CORSRequest) *eventlog.CORSRule {
	for i := range rules {
		if rule := &rules[i]; allowsCORS(rule, r) {
			return rule
		}
	}
	return nil
}

func allowsCORS(rule *eventlog.CORSRule, r CORSRequest) bool {
	matches := func(pattern string) bool { return matchesCORS(pattern, r.Origin) }
	if !slices.Contains(rule.AllowedMethods, r.Method) || !slices.ContainsFunc(rule.AllowedOrigins, matches) {
		return false
	}
	for _, header := range r.Headers {
		matches := func(pattern string) bool { return matchesCORS(strings.ToLower(pattern), header) }
		if !slices.ContainsFunc(rule.AllowedHeaders, matches) {
			return false
		}
	}
	return true
}

// matchesCORS tells whether text is what a pattern says, in which a "*" stands for any text, also for none.
func matchesCORS(pattern, text string) bool {
	before, after, wild := strings.Cut(pattern, "*")
	if !wild {
		return text == pattern
	}
	return len(text) >= len(before)+len(after) && strings.HasPrefix(text, before) && strings.HasSuffix(text, after)
}

// CORS returns the rules of a bucket, none if it has none. They are no secret: whoever asks may know what a page may do.
// Errors: NoSuchBucket.
func (s *Service) CORS(ctx context.Context, bucket string) ([]eventlog.CORSRule, error) {
	b, err := s.bucket(ctx, Caller{Operation: "OptionsObject"}, bucket)
	if err != nil {
		return nil, err
	}
	return b.CORS, nil
}

// PutBucketCORS replaces the rules of a bucket about pages of other origins. Errors: NoSuchBucket, AccessDenied, and
// MalformedXML and InvalidRequest for rules that are none.
func (s *Service) PutBucketCORS(ctx context.Context, by Caller, bucket string, rules []eventlog.CORSRule) error {
	if err := checkCORS(rules); err != nil {
		return err
	}
	return s.configure(ctx, by, bucket, func(*projections.Bucket) (eventlog.Data, error) {
		return &eventlog.BucketCORSSet{Bucket: bucket, Rules: rules}, nil
	})
}

// DeleteBucketCORS removes the rules of a bucket about pages of other origins. Errors: NoSuchBucket, AccessDenied.
func (s *Service) DeleteBucketCORS(ctx context.Context, by Caller, bucket string) error {
	return s.configure(ctx, by, bucket, func(b *projections.Bucket) (eventlog.Data, error) {
		if len(b.CORS) == 0 {
			return nil, nil
		}
		return &eventlog.BucketCORSDeleted{Bucket: bucket}, nil
	})
}

// checkCORS returns an error unless the rules are such that a bucket can have them. What a rule lacks comes before what
// is wrong in one.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html
func checkCORS(rules []eventlog.CORSRule) error {
	if len(rules) == 0 || len(rules) > maxCORSRules {
		return NewError(MalformedXML)
	}
	for _, rule := range rules {
		if len(rule.AllowedMethods) == 0 || len(rule.AllowedOrigins) == 0 || len([]rune(rule.ID)) > maxCORSID ||
			rule.MaxAge != nil && *rule.MaxAge < 0 {
			return NewError(MalformedXML)
		}
	}
	for _, rule := range rules {
		if err := checkCORSRule(rule); err != nil {
			return err
		}
	}
	return nil
}

func checkCORSRule(rule eventlog.CORSRule) error {
	for _, method := range rule.AllowedMethods {
		if !slices.Contains(corsMethods, method) {
			return Errorf(InvalidRequest, "Found unsupported HTTP method in CORS config. Unsupported method is %s", method)
		}
	}
	for _, origin := range rule.AllowedOrigins {
		if strings.Count(origin, "*") > 1 {
			return Errorf(InvalidRequest, `AllowedOrigin "%s" can not have more than one wildcard.`, origin)
		}
	}
	for _, header := range rule.AllowedHeaders {
		if strings.Count(header, "*") > 1 {
			return Errorf(InvalidRequest, `AllowedHeader "%s" can not have more than one wildcard.`, header)
		}
	}
	for _, header := range rule.ExposeHeaders {
		if strings.Contains(header, "*") {
			return Errorf(InvalidRequest,
				`ExposeHeader "%s" contains wildcard. We currently do not support wildcard for ExposeHeader.`, header)
		}
	}
	return nil
}
