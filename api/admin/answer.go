package admin

import (
	"errors"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/api"
)

// refuse answers with an error.
func refuse(w http.ResponseWriter, err error) {
	status, code := http.StatusInternalServerError, api.InternalError
	message := err.Error()
	if unauthorized, ok := errors.AsType[*unauthorizedError](err); ok {
		w.Header().Set("WWW-Authenticate", challenge)
		status, code, message = http.StatusUnauthorized, "Unauthorized", unauthorized.message
	} else if conflict, ok := errors.AsType[*ConflictError](err); ok {
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

func empty(w http.ResponseWriter, status int) {
	header(w)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
}

// header sets what all pages have in common: an answer is only true now.
func header(w http.ResponseWriter) { w.Header().Set("Cache-Control", "no-store") }

// fresh is a page that others make, whose answers are only true now either.
func fresh(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header(w)
		page.ServeHTTP(w, r)
	})
}
