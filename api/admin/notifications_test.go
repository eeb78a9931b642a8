package admin_test

import (
	"net/http"
	"testing"

	"github.com/bleepstore/bleepstore/api/notify"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
)

// Who misspells the id of a dead letter, or has none, does not mean all of them.
func TestAllDeadLettersAreMeantWhereNoIDIs(t *testing.T) {
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	n, err := notify.Open(notify.Config{
		Dir: t.TempDir(), Targets: []notify.Target{{Name: "hook", Type: "webhook"}},
		Log: archive.NewHistory(log, func() *archive.Archive { return nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	c := well()
	c.Notifications = n
	const dead = "/_/v1/notifications/hook/dead"
	for _, test := range []struct {
		method, url string
		status      int
	}{
		{"DELETE", dead, 200},
		{"DELETE", dead + "?id=1", 200},
		{"DELETE", dead + "?id=", 400},
		{"DELETE", dead + "?ID=1", 400},
		{"DELETE", dead + "?id=1&id=2", 400},
		{"DELETE", dead + "?%", 400},
		{"POST", dead + "/replay", 200},
		{"POST", dead + "/replay?id=", 400},
		{"POST", dead + "/replay?message=1", 400},
		{"GET", dead + "?after=1&limit=2", 200},
		{"GET", dead + "?limit=0", 400},
		{"GET", dead + "?before=1", 400},
	} {
		answer := ask(c, test.method, test.url)
		if answer.Body.Close(); answer.StatusCode != test.status {
			t.Errorf("%s %s: %s, want %d", test.method, test.url, http.StatusText(answer.StatusCode), test.status)
		}
	}
}
