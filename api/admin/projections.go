package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/api"
)

// Projection is how an engine is whose metadata the server keeps up to date with the log.
type Projection struct {
	Engine   string
	Place    string // where it keeps the metadata
	Serving  bool   // it answers requests
	Position uint64 // sequence of the last commit that it has applied
	Behind   uint64 // how many commits of the log it has not applied
	CaughtUp bool   // it has applied what the log held when it was opened
	Err      error  // what is wrong with it; nil if nothing is
}

// ErrNoProjection says that an engine is not kept up to date.
var ErrNoProjection = errors.New("the server keeps no such engine up to date; projections in the configuration lists those that it does")

// ConflictError says why an engine cannot serve now.
type ConflictError struct{ Reason string }

func (e *ConflictError) Error() string { return e.Reason }

// projection is the JSON form of a Projection.
type projection struct {
	Engine   string `json:"engine"`
	Place    string `json:"place,omitzero"` // only for administrators
	Status   string `json:"status"`
	Serving  bool   `json:"serving"`
	Position uint64 `json:"position"`
	Behind   uint64 `json:"behind"`
	CaughtUp bool   `json:"caught_up"`
	Error    string `json:"error,omitzero"`
}

// projections takes no longer than checks may: an engine that does not answer is told as one that is ill.
func (c Config) projections(ctx context.Context) []projection {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	var list []projection
	for _, p := range c.Projections(ctx) {
		form := projection{
			Engine: p.Engine, Place: p.Place, Status: statusOK, Serving: p.Serving, Position: p.Position, Behind: p.Behind, CaughtUp: p.CaughtUp,
		}
		if p.Err != nil {
			form.Status, form.Error = statusError, p.Err.Error()
		}
		list = append(list, form)
	}
	return list
}

// routes are the requests under /_/, by the patterns of http.ServeMux. Each is described in descriptions.
func (c Config) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /_/v1/projections": func(w http.ResponseWriter, r *http.Request) {
			answer(w, http.StatusOK, map[string]any{"projections": c.projections(r.Context())})
		},
		"POST /_/v1/projections/{engine}/serve": func(w http.ResponseWriter, r *http.Request) {
			if err := c.TakeOver(r.Context(), r.PathValue("engine")); err != nil {
				refuse(w, err)
				return
			}
			answer(w, http.StatusOK, map[string]any{"projections": c.projections(r.Context())})
		},
	}
}

// administration answers the requests under /_/, which are signed with Signature Version 4, as those of S3 are, by an
// administrator's key.
func (c Config) administration() http.Handler {
	mux := http.NewServeMux()
	for pattern, handle := range c.routes() {
		mux.HandleFunc(pattern, handle)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { empty(w, http.StatusNotFound) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.Authorize(r); err != nil {
			refuse(w, err)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// refuse answers with an error.
func refuse(w http.ResponseWriter, err error) {
	status, code := http.StatusInternalServerError, api.InternalError
	message := err.Error()
	if conflict, ok := errors.AsType[*ConflictError](err); ok {
		status, code, message = http.StatusConflict, "Conflict", conflict.Reason
	} else if errors.Is(err, ErrNoProjection) {
		status, code = http.StatusNotFound, "NoSuchProjection"
	} else if refusal, ok := errors.AsType[*api.Error](err); ok {
		status, code, message = refusal.Code.Status(), refusal.Code, refusal.Message
	}
	answer(w, status, map[string]any{"error": map[string]string{"code": string(code), "message": message}})
}

// answer answers with JSON.
func answer(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		panic(err) // strings and finite numbers always have a JSON form
	}
	header(w)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that is gone needs no answer; nothing is written for HEAD
}
