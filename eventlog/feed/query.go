package feed

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Query says which events are wanted, and in which form. The zero Query is for all that there are.
type Query struct {
	Filter

	From   *Bound // the first event; nil for the first that there is or, with Follow, the next that comes
	To     *Bound // the last event; nil for the last that there is
	Limit  int    // how many events at most; 0 for all
	Follow bool   // wait for more at the end
	Form   Form
}

// Bound is a place in a log: an id or a time. One at the zero ID is before all events that there are.
type Bound struct {
	ID   ID
	Time time.Time // zero for ID
	Hash string    // what the hash of the commit of ID must begin with; see Event.Mark
}

// The parameters of a query, in the query of a URL and as flags of a command.
const (
	ParamBucket = "bucket"
	ParamPrefix = "prefix"
	ParamKey    = "key"
	ParamType   = "type" // several, or one with commas
	ParamActor  = "actor"
	ParamFrom   = "from"
	ParamTo     = "to"
	ParamLimit  = "limit"
	ParamFollow = "follow"
	ParamFormat = "format"
)

var params = []string{
	ParamBucket, ParamPrefix, ParamKey, ParamType, ParamActor, ParamFrom, ParamTo, ParamLimit, ParamFollow, ParamFormat,
}

// ParseQuery reads a query. What is left out is as in defaults. Times that are durations are before now. An error says what to
// write instead; an unknown parameter is one, since who misspells a filter must not get all events.
func ParseQuery(values url.Values, defaults Query, now time.Time) (Query, error) {
	q := defaults
	var errs []error
	read := func(name string, parse func(value string) error) {
		switch given := values[name]; {
		case len(given) > 1 && name != ParamType:
			errs = append(errs, fmt.Errorf("%s is given more than once", name))
		case len(given) > 0:
			if err := parse(strings.Join(given, ",")); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
	}
	text := func(to *string) func(string) error {
		return func(value string) error { *to = value; return nil }
	}
	read(ParamBucket, text(&q.Bucket))
	read(ParamPrefix, text(&q.Prefix))
	read(ParamKey, text(&q.Key))
	read(ParamActor, text(&q.Actor))
	read(ParamType, func(value string) error { q.Types = strings.Split(value, ","); return nil })
	read(ParamFrom, func(value string) (err error) { q.From, err = parseBound(value, now, 0); return err })
	read(ParamTo, func(value string) (err error) { q.To, err = parseBound(value, now, math.MaxInt); return err })
	read(ParamFormat, func(value string) (err error) { q.Form, err = ParseForm(value); return err })
	read(ParamLimit, func(value string) (err error) {
		if q.Limit, err = strconv.Atoi(value); err != nil || q.Limit < 0 {
			return fmt.Errorf("%q is no number of events", value)
		}
		return nil
	})
	read(ParamFollow, func(value string) (err error) {
		if q.Follow, err = strconv.ParseBool(value); err != nil {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		return nil
	})
	for name := range values {
		if !slices.Contains(params, name) {
			errs = append(errs, fmt.Errorf("there is no parameter %q: there are %s", name, strings.Join(params, ", ")))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Query{}, err
	}
	return q, q.Check()
}

// parseBound reads an id, the number of a commit, a time, or a duration before now. Index is of which event a number of a commit is.
func parseBound(text string, now time.Time, index int) (*Bound, error) {
	if id, err := ParseID(text); err == nil {
		if !strings.Contains(text, "-") && id.Seq > 0 {
			id.Index = index
		}
		return &Bound{ID: id}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return &Bound{Time: t}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return &Bound{Time: now.Add(-ago)}, nil
	}
	return nil, fmt.Errorf("%q must be the id of an event such as 17-0, the number of a commit, a time such as 2026-11-25T12:00:00Z, "+
		"or a duration such as 1h for that long ago", text)
}
