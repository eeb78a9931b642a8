package api

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bleepstore/bleepstore/eventlog"
)

// IsAboutImported tells whether an error of an import is about what was to be imported, so that all else can be imported.
func IsAboutImported(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch e.Code {
	case SlowDown, ServiceUnavailable, InsufficientStorage, InternalError:
		return false
	}
	return true
}

// The pauses of Patiently.
const (
	minPause = 100 * time.Millisecond
	maxPause = 5 * time.Second
)

// Patiently does what a server may be too busy for, until it is not.
func Patiently(ctx context.Context, do func() error) error {
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		err := do()
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != SlowDown {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// headerName is a token of RFC 9110, in lower case.
var headerName = regexp.MustCompile("^[a-z0-9!#$%&'*+.^_`|~-]+$")

// CheckAttributes returns an error unless all attributes of an object that come from elsewhere can be told in headers.
func CheckAttributes(a *eventlog.Attributes) error {
	for _, value := range []string{
		a.ContentType, a.ContentEncoding, a.ContentLanguage, a.ContentDisposition, a.CacheControl, a.Expires, a.WebsiteRedirect,
	} {
		if !isHeaderValue(value) {
			return Errorf(InvalidRequest, "%q cannot be the value of a header.", value)
		}
	}
	for name, value := range a.Metadata {
		if !headerName.MatchString(name) || !isHeaderValue(value) {
			return Errorf(InvalidRequest, "The user metadata %q: %q cannot be the name and value of a header.", name, value)
		}
	}
	return nil
}

// isHeaderValue tells whether a text is UTF-8 and has no control characters but tabs.
func isHeaderValue(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}
