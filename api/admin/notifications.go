package admin

import (
	"errors"
	"net/http"
	"strconv"

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

func listTargets(n *notify.Notifier, w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, map[string]any{"targets": n.Status()})
	return nil
}

// listDead answers with a page of dead letters, and the id behind which the next one begins.
func listDead(n *notify.Notifier, w http.ResponseWriter, r *http.Request) error {
	limit := defaultDead
	if text := r.FormValue("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxDead {
			return api.Errorf(api.InvalidArgument, "limit is %q: want 1 to %d", text, maxDead)
		}
	}
	list, err := n.Dead(r.PathValue("target"), r.FormValue("after"), limit)
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
	replayed, err := n.Replay(r.PathValue("target"), r.FormValue("id"))
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, map[string]any{"replayed": replayed})
	return nil
}

func discardDead(n *notify.Notifier, w http.ResponseWriter, r *http.Request) error {
	discarded, err := n.Discard(r.PathValue("target"), r.FormValue("id"))
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, map[string]any{"discarded": discarded})
	return nil
}
