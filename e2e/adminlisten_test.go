package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// fetchAs asks for a page as somebody with a password, or as nobody, and returns its status and content.
func fetchAs(t testing.TB, user *url.Userinfo, target string) (int, string) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	u.User = user
	answer, err := http.Get(u.String())
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(readAll(t, answer.Body))
}

func TestAnAddressForAllThatIsNotS3(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{env: []string{
		"BLEEPSTORE_SERVER_ADMIN_LISTEN=127.0.0.1:0", "BLEEPSTORE_SERVER_MAX_CONNECTIONS=4",
	}})
	root := url.UserPassword(accessKey, secretKey)

	for _, path := range []string{"/healthz", "/readyz", "/health", "/_/v1/projections"} {
		status, _ := fetchAs(t, root, s.admin+path)
		want(t, "status of "+path, status, 200)
		// There it is a bucket, which an Authorization header that is none of S3 is no key to.
		status, body := fetchAs(t, nil, s.endpoint+path)
		if status == 200 || !strings.Contains(body, "<Error>") {
			t.Errorf("%s beside S3: status %d, %s", path, status, body)
		}
	}
	for _, path := range []string{"/", "/bucket/key", "/debug/pprof/"} {
		status, _ := fetchAs(t, root, s.admin+path)
		want(t, "status of "+path, status, 404)
	}
	status, _ := fetchAs(t, nil, s.admin+"/_/debug/pprof/heap")
	want(t, "status of a profile for nobody", status, 401)

	t.Run("pprof", func(t *testing.T) {
		address := strings.Replace(s.admin, "http://", "http://"+root.String()+"@", 1)
		out, err := exec.Command("go", "tool", "pprof", "-top", "-symbolize=none", address+"/_/debug/pprof/heap").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "Type: inuse_space") {
			t.Errorf("%v: %s", err, out)
		}
	})

	t.Run("connections", func(t *testing.T) {
		client := s.client()
		var open []net.Conn
		eventually(t, "one connection is too many", func() error {
			conn, err := net.Dial("tcp", s.address())
			if err != nil {
				return nil // closed before it was seen to be open
			}
			t.Cleanup(func() { conn.Close() })
			open = append(open, conn)
			_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			if _, err := conn.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
				return fmt.Errorf("connection %d stays open: %w", len(open), err)
			}
			return nil
		})
		if len(open) > 5 {
			t.Errorf("connection %d is the first one that is closed, want the fifth or an earlier one", len(open))
		}
		status, _ := fetchAs(t, nil, s.admin+"/readyz")
		want(t, "status of /readyz", status, 200)
		for _, conn := range open {
			conn.Close()
		}
		eventually(t, "there is room again", func() error {
			_, err := client.ListBuckets(t.Context(), nil)
			return err
		})
	})
	s.stop(t)
}
