package admin

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/notify"
)

// How many dead letters are listed at once.
const (
	defaultDead = 100
	maxDead     = 1000
)

// notifications makes a handler of what is about the targets of notifications; nil if there are none.
func (c Config) notifications(handle func(n *notify.Notifier, w http.ResponseWriter, r *http.Request) error) http.Handler {
	if c.Notifications == nil {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := handle(c.Notifications, w, r)
		switch {
		case errors.Is(err, notify.ErrNoTarget):
			err = &api.Error{Code: api.NoSuchKey, Message: err.Error()}
		case errors.Is(err, notify.ErrBusy):
			err = &ConflictError{Reason: err.Error()}
		}
		if err != nil {
			refuse(w, err)
		}
	})
}

// only returns the parameters of a request, of which there may be these. Another one, an empty one and one that is given twice are
// errors: who misspells an id, or has none, must not be understood to mean all.
func only(r *http.Request, names ...string) (map[string]string, error) {
	values, err := parameters(r)
	if err != nil {
		return nil, api.Errorf(api.InvalidArgument, "%v", err)
	}
	given := make(map[string]string)
	for name, list := range values {
		switch {
		case !slices.Contains(names, name):
			return nil, api.Errorf(api.InvalidArgument, "There is no parameter %q here, but %s.", name, strings.Join(names, ", "))
		case len(list) > 1 || list[0] == "":
			return nil, api.Errorf(api.InvalidArgument, "%s is to be given once, and with a value.", name)
		}
		given[name] = list[0]
	}
	return given, nil
}

func listTargets(n *notify.Notifier, w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, map[string]any{"targets": n.Status()})
	return nil
}

// listDead answers with a page of dead letters, and the id behind which the next one begins.
func listDead(n *notify.Notifier, w http.ResponseWriter, r *http.Request) error {
	given, err := only(r, "after", "limit")
	if err != nil {
		return err
	}
	limit := defaultDead
	if text := given["limit"]; text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxDead {
			return api.Errorf(api.InvalidArgument, "limit is %q: want 1 to %d", text, maxDead)
		}
	}
	list, err := n.Dead(r.PathValue("target"), given["after"], limit)
	if err != nil {
		return err
	}
	page := map[string]any{"dead_letters": list}
	if len(list) == limit {
		page["next"] = list[limit-1].ID
	}
	answer(w, http.StatusOK, page)
	return nil
}

func replayDead(n *notify.Notifier, w http.ResponseWriter, r *http.Request) error {
	given, err := only(r, "id")
	if err != nil {
		return err
	}
	replayed, err := n.Replay(r.PathValue("target"), given["id"])
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, map[string]any{"replayed": replayed})
	return nil
}

func discardDead(n *notify.Notifier, w http.ResponseWriter, r *http.Request) error {
	given, err := only(r, "id")
	if err != nil {
		return err
	}
	discarded, err := n.Discard(r.PathValue("target"), given["id"])
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, map[string]any{"discarded": discarded})
	return nil
}
