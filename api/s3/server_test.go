package s3

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/rs/zerolog"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/apitest"
	"github.com/bleepstore/bleepstore/api/sigv2"
	"github.com/bleepstore/bleepstore/api/sigv4"
	"github.com/bleepstore/bleepstore/backends"
	blobs "github.com/bleepstore/bleepstore/backends/memory"
	"github.com/bleepstore/bleepstore/eventlog"
)

const (
	testKey    = "test"
	testSecret = "test-secret"
	testRegion = "us-east-1"
	testDomain = "s3.test"
)

// testAccounts are the accounts that a test server knows, by their access keys.
var testAccounts = map[string]eventlog.Owner{
	testKey: {ID: "c0ffee", Name: "tester"},
	"alt":   {ID: "decaf", Name: "alternative"},
}

// testServer is the handler over a real Service, behind a real HTTP server, and who asks it.
type testServer struct {
	t    testing.TB
	url  string
	logs *logBuffer
	key  string // access key that signs requests; empty for requests without credentials
}

// as is the same server, asked by another.
func (s *testServer) as(key string) *testServer {
	other := *s
	other.key = key
	return &other
}

// anonymous is the same server, asked by somebody without credentials.
func (s *testServer) anonymous() *testServer { return s.as("") }

// logBuffer keeps what is logged.
type logBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *logBuffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.all.String()
	b.all.Reset()
	return s
}

// newService makes a Service over a blob backend. It lives as long as the test.
func newService(t testing.TB, blobs backends.Backend) *api.Service {
	t.Helper()
	account := func(id string) (eventlog.Owner, bool) {
		for _, owner := range testAccounts {
			if owner.ID == id {
				return owner, true
			}
		}
		return eventlog.Owner{}, false
	}
	service, _, _ := apitest.New(t, api.Config{Region: testRegion, Account: account, Blobs: blobs, Targets: testTargets{}})
	return service
}

// testConfig serves a Service, which may be nil if no operation gets that far.
func testConfig(service *api.Service, logs io.Writer) Config {
	keys := func(key string) (string, bool) {
		_, ok := testAccounts[key]
		return testSecret, ok
	}
	return Config{
		Service:  service,
		Verifier: sigv4.NewVerifier(testRegion, keys),
		V2:       sigv2.NewVerifier(testDomain, keys),
		Accounts: testAccounts,
		Region:   testRegion,
		Domain:   testDomain,
		Log:      zerolog.New(logs).Level(zerolog.DebugLevel),
		Ready:    func() error { return nil },
	}
}

// newServer starts a server with an empty store.
func newServer(t testing.TB) *testServer {
	t.Helper()
	logs := new(logBuffer)
	return serve(t, testConfig(newService(t, blobs.New(1<<30)), logs), logs)
}

func serve(t testing.TB, config Config, logs *logBuffer) *testServer {
	t.Helper()
	server := httptest.NewServer(New(config))
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return &testServer{t: t, url: server.URL, logs: logs, key: testKey}
}

// newBucket starts a server that has a bucket of that name.
func newBucket(t testing.TB, name string) *testServer {
	t.Helper()
	s := newServer(t)
	s.do("PUT", "/"+name, "").want(200, "")
	return s
}

// answer is what came back for a request.
type answer struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	body   string
}

// request makes a request that is not signed. Headers are "Name: value".
func (s *testServer) request(method, target, body string, headers ...string) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Add(name, value)
	}
	return r
}

// do sends a request, signed if there is somebody to sign it.
func (s *testServer) do(method, target, body string, headers ...string) *answer {
	s.t.Helper()
	r := s.request(method, target, body, headers...)
	if s.key == "" {
		return s.send(r)
	}
	sum := sha256.Sum256([]byte(body))
	s.sign(r, hex.EncodeToString(sum[:]))
	return s.send(r)
}

func (s *testServer) sign(r *http.Request, payload string) {
	s.t.Helper()
	r.Header.Set("X-Amz-Content-Sha256", payload)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	credentials := aws.Credentials{AccessKeyID: s.key, SecretAccessKey: testSecret}
	if err := signer.SignHTTP(s.t.Context(), credentials, r, payload, "s3", testRegion, time.Now()); err != nil {
		s.t.Fatal(err)
	}
}

// transport leaves answers as they are, and sends no body that the server does not want.
var transport = &http.Transport{DisableCompression: true, ExpectContinueTimeout: time.Minute}

func (s *testServer) send(r *http.Request) *answer {
	s.t.Helper()
	response, err := transport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	a := &answer{
		t: s.t, what: r.Method + " " + r.URL.RequestURI(), status: response.StatusCode, header: response.Header, body: string(body),
	}
	checkDocumented(s.t, r, a)
	return a
}

// want checks the status and, if it is not empty, the error code.
func (a *answer) want(status int, code string) *answer {
	a.t.Helper()
	if a.status != status || code != "" && a.element("Code") != code {
		a.t.Fatalf("%s: got %d, want %d %s; body: %s", a.what, a.status, status, code, a.body)
	}
	return a
}

// element returns the text of the first element of that name, wherever it is.
func (a *answer) element(name string) string {
	if all := a.elements(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// elements returns the texts of all elements of that name.
func (a *answer) elements(name string) []string {
	a.t.Helper()
	var texts []string
	decoder := xml.NewDecoder(strings.NewReader(a.body))
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return texts
		}
		if err != nil {
			a.t.Fatalf("%s: %v in %s", a.what, err, a.body)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == name {
			var text struct {
				Text string `xml:",chardata"`
			}
			if err := decoder.DecodeElement(&text, &start); err != nil {
				a.t.Fatalf("%s: %v in %s", a.what, err, a.body)
			}
			texts = append(texts, text.Text)
		}
	}
}
