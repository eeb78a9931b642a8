// Package postpolicy reads and applies the policies of forms that browsers post to S3: who signs a policy allows everybody
// who has it to post what it describes.
//
// See https://docs.aws.amazon.com/AmazonS3/latest/developerguide/sigv4-HTTPPOSTConstructPolicy.html. Where that is silent,
// answers are those that Amazon S3 was observed to give.
package postpolicy

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/api"
)

// Policy says until when what may be posted.
type Policy struct {
	expiration time.Time
	conditions []condition
	// MinLength and MaxLength bound the size of the file, in bytes. MaxLength is -1 where nothing does.
	MinLength, MaxLength int64
}

// condition is one that a field must meet. Its text is how an error shows it.
type condition struct {
	field  string // in lower case
	value  string
	prefix bool // the field begins with value, rather than being it
	never  bool // nothing meets the condition
	text   string
}

// uncovered are the fields that no condition needs to be about, beside those that begin with one of uncoveredPrefixes.
var uncovered = map[string]bool{
	"awsaccesskeyid": true, "file": true, "policy": true, "signature": true, "x-amz-signature": true,
}

// uncoveredPrefixes begin the names of fields that are ignored, and of checksums: those can only make an upload fail that
// would not store what was meant.
var uncoveredPrefixes = []string{"x-ignore-", "x-amz-checksum-"}

// Check tells whether the fields of a form, by their names in lower case, are what the policy allows now. Among them must
// be the bucket, which forms need not have. Every field must be covered by a condition. An error is AccessDenied.
func (p *Policy) Check(now time.Time, fields map[string]string) error {
	if now.After(p.expiration) {
		return denied("Policy expired.")
	}
	covered := make(map[string]bool)
	for _, c := range p.conditions {
		covered[c.field] = true
		if value, ok := fields[c.field]; !ok || !c.holds(value) {
			return denied("Policy Condition failed: " + c.text)
		}
	}
	var extra []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		ignored := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		if !covered[name] && !uncovered[name] && !slices.ContainsFunc(uncoveredPrefixes, ignored) {
			extra = append(extra, name)
		}
	}
	if extra != nil {
		return denied("Extra input fields: " + strings.Join(extra, ", "))
	}
	return nil
}

func (c *condition) holds(value string) bool {
	switch {
	case c.never:
		return false
	case !c.prefix:
		return value == c.value
	case c.field == "content-type": // may be a list, of which each must begin so
		for entry := range strings.SplitSeq(value, ",") {
			if !strings.HasPrefix(strings.TrimSpace(entry), c.value) {
				return false
			}
		}
		return true
	}
	return strings.HasPrefix(value, c.value)
}

func denied(reason string) *api.Error {
	return api.Errorf(api.AccessDenied, "Invalid according to Policy: %s", reason)
}
