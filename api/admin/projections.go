package admin

import (
	"context"
	"errors"
	"net/http"
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

func (c Config) listProjections(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, map[string]any{"projections": c.projections(r.Context())})
}

func (c Config) takeOver(w http.ResponseWriter, r *http.Request) {
	if err := c.TakeOver(r.Context(), r.PathValue("engine")); err != nil {
		refuse(w, err)
		return
	}
	c.listProjections(w, r)
}
