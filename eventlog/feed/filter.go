package feed

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bleepstore/bleepstore/eventlog"
)

// Filter chooses events. The zero Filter chooses all.
type Filter struct {
	Bucket string // those about this bucket and what is in it
	Prefix string // those about a key that begins with it
	Key    string // those about this key
	// Types are names of types of events, in which * stands for any text, such as object.*; empty for all.
	Types []string
	Actor string // those that this access key, or this account, caused
}

// Check returns an error that says what to write instead if the filter can choose nothing.
func (f *Filter) Check() error {
	for _, pattern := range f.Types {
		known := func(name string) bool {
			ok, err := path.Match(pattern, name)
			return ok && err == nil
		}
		if !slices.ContainsFunc(eventlog.Types(), known) {
			return fmt.Errorf("no event has type %q: the types are %s, and * stands for any text", pattern, strings.Join(eventlog.Types(), ", "))
		}
	}
	return nil
}

// Matches tells whether the filter chooses an event.
func (f *Filter) Matches(e *Event) bool {
	switch {
	case f.Bucket != "" && e.Bucket != f.Bucket:
		return false
	case f.Prefix != "" && (e.Key == "" || !strings.HasPrefix(e.Key, f.Prefix)):
		return false
	case f.Key != "" && e.Key != f.Key:
		return false
	case f.Actor != "" && e.Actor.AccessKey != f.Actor && e.Actor.Account != f.Actor:
		return false
	case len(f.Types) == 0:
		return true
	}
	return slices.ContainsFunc(f.Types, func(pattern string) bool {
		ok, _ := path.Match(pattern, e.Data.EventType()) // Check has seen the pattern
		return ok
	})
}
