package notify

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The example is of the libraries of Standard Webhooks.
func TestSign(t *testing.T) {
	secret, err := ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	m := Message{ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", Body: []byte(`{"test": 2432232314}`)}
	if got := sign(secret, m, "1614265330"); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("signature %s", got)
	}
}

func TestParseSecret(t *testing.T) {
	for _, text := range []string{
		"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_c2hvcnQ=", "whsec_" + strings.Repeat("AAAA", 22),
	} {
		if _, err := ParseSecret(text); err == nil {
			t.Errorf("%q is a secret", text)
		}
	}
}

func TestAnswersOfWebhooks(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	var status int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer t0ken" {
			t.Errorf("authorization %q", got)
		}
		w.Header().Set("Location", elsewhere.URL)
		w.WriteHeader(status)
		for range 1000 { // more than is read
			_, _ = w.Write([]byte(strings.Repeat("no ", 1000)))
		}
	}))
	defer server.Close()
	w, err := NewWebhook(WebhookConfig{URL: server.URL, Token: "t0ken"})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for code, want := range map[int]struct{ taken, refused bool }{
		200: {true, false}, 202: {true, false}, 301: {}, 307: {}, 400: {false, true}, 401: {}, 403: {}, 404: {}, 408: {}, 410: {false, true},
		413: {false, true}, 415: {false, true}, 422: {false, true}, 425: {}, 429: {}, 500: {}, 503: {},
	} {
		status = code
		err := w.Send(t.Context(), Message{ID: "id", Body: []byte("{}")})
		if taken := err == nil; taken != want.taken {
			t.Errorf("status %d: %v", code, err)
			continue
		}
		f, ok := err.(*Failure) //nolint:errorlint // nothing wraps it
		if !want.taken && (!ok || f.Refused != want.refused || len(f.Error()) > 1000 || strings.Contains(f.Reason, "no ")) {
			t.Errorf("status %d: %+v", code, err)
		}
	}
}
