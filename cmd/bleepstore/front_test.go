package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

func status(f *front) int {
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	return w.Code
}

func answer(code int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
}

func TestFrontChangesItsHandler(t *testing.T) {
	var f front
	f.set(answer(503))
	if got := status(&f); got != 503 {
		t.Errorf("status %d, want that of the first handler", got)
	}
	f.set(answer(200))
	if got := status(&f); got != 200 {
		t.Errorf("status %d, want that of the second handler", got)
	}
}

func TestDrainWaitsForRequests(t *testing.T) {
	var f front
	began, finish, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	f.set(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(began)
		<-finish
	}))
	go func() {
		defer close(ended)
		status(&f)
	}()
	<-began

	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if f.drain(impatient) {
		t.Error("drained while a request is being answered")
	}
	close(finish)
	if !f.drain(t.Context()) {
		t.Error("not drained, though the request has ended")
	}
	<-ended
}

func TestAfterDrainNoHandlerRuns(t *testing.T) {
	var f front
	f.set(answer(200))
	if !f.drain(t.Context()) {
		t.Fatal("not drained")
	}
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("a late request ended with %v, want it to be cut off", got)
		}
	}()
	status(&f)
}
