package buckettest_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
)

// TestProxy asks a service that echoes through a proxy.
func TestProxy(t *testing.T) {
	got := ""
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = string(body)
		_, _ = w.Write(body)
	}))
	defer service.Close()
	p := buckettest.NewProxy(t, service.URL)
	client := http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()

	tests := []struct {
		name           string
		fault          buckettest.Fault
		status         int // 0 for none
		answer         string
		asked          string // what the service is asked
		wantErr, noEOF bool
		patience       time.Duration // of the client
	}{
		{name: "none", status: 200, answer: "abcdef", asked: "abcdef"},
		{name: "answer", fault: buckettest.Answer(503, "no", "X-Some", "thing"), status: 503, answer: "no"},
		{name: "lost request", fault: buckettest.LoseRequest, wantErr: true},
		{name: "lost answer", fault: buckettest.LoseAnswer, wantErr: true, asked: "abcdef"},
		{name: "cut", fault: buckettest.Cut(2), status: 200, answer: "ab", asked: "abcdef", noEOF: true},
		{name: "flipped answer", fault: buckettest.FlipAnswer(2), status: 200, answer: "abbdef", asked: "abcdef"},
		{name: "flipped request", fault: buckettest.FlipRequest(0), status: 200, answer: "`bcdef", asked: "`bcdef"},
		{name: "hang", fault: p.Hang, wantErr: true, patience: 50 * time.Millisecond},
		{name: "stall", fault: p.Stall(3), status: 200, answer: "abc", asked: "abcdef", noEOF: true, patience: 500 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got = ""
			client.Timeout = tt.patience
			p.Fail(buckettest.Method("POST"), 1, tt.fault)
			response, err := client.Post(p.URL+"/a?b", "text/plain", strings.NewReader("abcdef"))
			if (err != nil) != tt.wantErr || got != tt.asked {
				t.Fatalf("%v, and the service was asked %q", err, got)
			}
			if want := []string{"POST /a?b"}; !slices.Equal(p.Requests(), want) {
				t.Errorf("requests: %q, want %q", p.Requests(), want)
			}
			if err != nil {
				return
			}
			defer response.Body.Close()
			var answer bytes.Buffer
			_, err = answer.ReadFrom(response.Body)
			if response.StatusCode != tt.status || answer.String() != tt.answer || (err != nil) != tt.noEOF {
				t.Errorf("answer %d %q, %v", response.StatusCode, answer.String(), err)
			}
			if tt.noEOF && errors.Is(err, io.EOF) {
				t.Errorf("it ended as if it were whole: %v", err)
			}
			client.Timeout = 0
			if response, err := client.Post(p.URL, "text/plain", nil); err != nil || response.StatusCode != 200 {
				t.Errorf("the next request fails too: %v", err)
			}
		})
	}
}
