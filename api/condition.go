package api

import (
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/projections"
)

// ReadConditions are the conditional headers of a read (RFC 9110, section 13), as S3 evaluates them.
// The zero value holds always.
type ReadConditions struct {
	IfMatch           string // a list of ETags or "*"
	IfNoneMatch       string // a list of ETags or "*"
	IfModifiedSince   time.Time
	IfUnmodifiedSince time.Time
	// IfRange is the ETag of the only object of which a range is wanted; of another the whole is. Empty for any object.
	// A date counts as another object: it cannot tell two objects of one second apart.
	IfRange string
}

// rangeHolds tells whether a range of an object is wanted.
// See https://www.rfc-editor.org/rfc/rfc9110#name-if-range
func (c ReadConditions) rangeHolds(object *projections.Object) bool {
	return c.IfRange == "" || strings.Trim(c.IfRange, `"`) == object.ETag
}

// check returns PreconditionFailed or NotModified if the conditions do not hold for an object.
// An ETag that matches outweighs the date beside it.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (c ReadConditions) check(object *projections.Object) error {
	modified := object.Modified.Truncate(time.Second) // HTTP dates have no fractions
	switch {
	case c.IfMatch != "":
		if !matchesETag(c.IfMatch, object.ETag) {
			return preconditionFailed("If-Match")
		}
	case !c.IfUnmodifiedSince.IsZero() && modified.After(c.IfUnmodifiedSince):
		return preconditionFailed("If-Unmodified-Since")
	}
	switch {
	case c.IfNoneMatch != "":
		// A weak ETag is as good as a strong one here: proxies weaken those of what they compress.
		if matchesETag(strings.ReplaceAll(c.IfNoneMatch, `W/"`, `"`), object.ETag) {
			return &Error{Code: NotModified, Object: object}
		}
	case !c.IfModifiedSince.IsZero() && !modified.After(c.IfModifiedSince):
		return &Error{Code: NotModified, Object: object}
	}
	return nil
}

// checkSource is check for the source of a copy, for which every failure is PreconditionFailed.
func (c ReadConditions) checkSource(object *projections.Object) error {
	if c.check(object) != nil {
		return preconditionFailed("x-amz-copy-source-If-*")
	}
	return nil
}

// WriteConditions are the conditional headers of a write. The zero value holds always.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
type WriteConditions struct {
	IfMatch     string // the ETag that the current object must have, or "*" for any
	IfNoneMatch string // "*": there must be no current object; S3 takes nothing else
}

// check returns an error if the conditions do not hold for the current object of a key, nil if there is none.
func (c WriteConditions) check(key string, current *projections.Object) error {
	if c.IfNoneMatch != "" {
		if c.IfNoneMatch != "*" {
			return notImplementedHeader("If-None-Match")
		}
		if current != nil {
			return preconditionFailed("If-None-Match")
		}
	}
	if c.IfMatch != "" {
		if current == nil {
			return NewError(NoSuchKey, Detail{"Key", key})
		}
		if !matchesETag(c.IfMatch, current.ETag) {
			return preconditionFailed("If-Match")
		}
	}
	return nil
}

// DeleteConditions are what an object to delete must be like. The zero value holds always.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
type DeleteConditions struct {
	IfMatch      string    // the ETag, or "*" for any
	LastModified time.Time // in whole seconds; zero for any
	Size         *int64    // bytes; nil for any
}

// check returns an error if the conditions, of which there are some, do not hold for a version of a key, nil if there is
// none.
func (c DeleteConditions) check(key string, version *projections.Version) error {
	switch {
	case version == nil && c.IfMatch == "":
		return nil // what is not there has no other size or time
	case version == nil:
		return NewError(NoSuchKey, Detail{"Key", key})
	case c.IfMatch != "" && (version.DeleteMarker || !matchesETag(c.IfMatch, version.ETag)):
		return preconditionFailed("If-Match")
	case !c.LastModified.IsZero() && !version.Modified.Truncate(time.Second).Equal(c.LastModified.Truncate(time.Second)):
		return preconditionFailed("x-amz-if-match-last-modified-time")
	case c.Size != nil && (version.DeleteMarker || version.Size != *c.Size):
		return preconditionFailed("x-amz-if-match-size")
	}
	return nil
}

// matchesETag tells whether a list of ETags, as in If-Match, names etag. Quotes are optional, as on S3.
func matchesETag(list, etag string) bool {
	for candidate := range strings.SplitSeq(list, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.Trim(candidate, `"`) == etag {
			return true
		}
	}
	return false
}

func preconditionFailed(header string) *Error {
	return NewError(PreconditionFailed, Detail{"Condition", header})
}

func notImplementedHeader(header string) *Error {
	return NewError(NotImplemented, Detail{"Header", header})
}
