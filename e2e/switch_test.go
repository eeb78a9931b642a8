package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/go-json-experiment/json"
)

// administer sends a signed request for administration and returns the status and the body of the answer.
func (s *server) administer(t testing.TB, method, path, access, secret string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.endpoint+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := credentials.NewStaticCredentialsProvider(access, secret, "").Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of no bytes
	request.Header.Set("X-Amz-Content-Sha256", nothing)
	if err := v4.NewSigner().SignHTTP(t.Context(), key, request, nothing, "s3", region, time.Now()); err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// projection is what the server says of an engine.
type projection struct {
	Engine   string `json:"engine"`
	Serving  bool   `json:"serving"`
	Position uint64 `json:"position"`
	Behind   uint64 `json:"behind"`
	CaughtUp bool   `json:"caught_up"`
	Error    string `json:"error"`
}

func (s *server) projections(t testing.TB) map[string]projection {
	t.Helper()
	status, body := s.administer(t, http.MethodGet, "/_/v1/projections", accessKey, secretKey)
	want(t, "status", status, http.StatusOK)
	var answer struct {
		Projections []projection `json:"projections"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	engines := make(map[string]projection)
	for _, p := range answer.Projections {
		engines[p.Engine] = p
	}
	return engines
}

// takeOver has an engine serve, as soon as it can.
func (s *server) takeOver(t testing.TB, engine string) {
	t.Helper()
	eventually(t, engine+" serves", func() error {
		if status, body := s.administer(t, http.MethodPost, "/_/v1/projections/"+engine+"/serve", accessKey, secretKey); status != http.StatusOK {
			return fmt.Errorf("status %d: %s", status, body)
		}
		return nil
	})
	if !s.projections(t)[engine].Serving {
		t.Fatalf("%s does not serve: %+v", engine, s.projections(t))
	}
}

// Engines take over from each other under load: no request fails, what is read and listed is what was written last, and in the
// end all have the same. The next start goes by the configuration.
func TestSwitchUnderLoad(t *testing.T) {
	t.Parallel()
	engines := startEngines(t)
	dir := t.TempDir()
	var env, names []string
	for _, e := range engines {
		env = append(env, e.at(dir)...)
		names = append(names, e.name)
	}
	state := acknowledgedState{dir: dir, env: append(env, "BLEEPSTORE_PROJECTIONS="+strings.Join(names, ","))}
	s := state.start(t)
	state.bucket, state.bodies = newBucket(t, s.client()), make(map[string][]byte)

	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	var mu sync.Mutex // guards state.bodies
	for i := range 4 {
		writers.Go(func() {
			c := s.client()
			for n := 0; ctx.Err() == nil && !t.Failed(); n++ {
				key, body := fmt.Sprintf("%d/%d", i, n%50), randomBytes(10+n%100)
				put(t, c, state.bucket, key, body)
				wantBytes(t, get(t, c, state.bucket, key), body)
				mu.Lock()
				state.bodies[key] = body
				mu.Unlock()
				if n%10 == 0 {
					page, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &state.bucket, Prefix: aws.String(fmt.Sprintf("%d/", i))})
					if err != nil {
						t.Errorf("list: %v", err)
						return
					}
					want(t, "number of keys", len(page.Contents), min(n+1, 50))
				}
			}
		})
	}
	for range 2 {
		for _, engine := range append(names, "pebble") {
			s.takeOver(t, engine)
		}
	}
	stop()
	writers.Wait()
	eventually(t, "all engines have applied all", func() error {
		for name, p := range s.projections(t) {
			if p.Behind > 0 || p.Error != "" {
				return fmt.Errorf("%s: %+v", name, p)
			}
		}
		return nil
	})
	out, err := state.run(t, "replay", "--to", names[0])
	if err == nil || !strings.Contains(out, "up to date already") {
		t.Errorf("the server replays into what it has open: %v\n%s", err, out)
	}
	s.stop(t)
	for _, name := range names {
		wantContains(t, state.mustRun(t, "replay", "--to", name, "--verify"), "the same as the server's")
	}
	for _, e := range engines {
		s = state.start(t, "BLEEPSTORE_METADATA_ENGINE="+e.name, "BLEEPSTORE_PROJECTIONS=")
		if err := state.check(t, s); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
		s.stop(t)
	}
}

// An engine that cannot be reached slows nobody down, and does not take over; the health page says what is wrong with it.
func TestABrokenProjection(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{env: []string{
		"BLEEPSTORE_PROJECTIONS=dynamodb", "BLEEPSTORE_METADATA_DYNAMODB_ENDPOINT=http://127.0.0.1:1", "BLEEPSTORE_METADATA_DYNAMODB_REGION=us-east-1",
		"BLEEPSTORE_METADATA_DYNAMODB_ACCESS_KEY=a", "BLEEPSTORE_METADATA_DYNAMODB_SECRET_KEY=b",
	}})
	c := s.client()
	bucket := newBucket(t, c)
	put(t, c, bucket, "key", []byte("content"))
	eventually(t, "the failure is told", func() error {
		if p := s.projections(t)["dynamodb"]; !strings.Contains(p.Error, "DynamoDB") || p.Behind == 0 {
			return fmt.Errorf("%+v", p)
		}
		return nil
	})
	if err := s.ready(); err != nil {
		t.Error(err)
	}
	status, body := s.administer(t, http.MethodPost, "/_/v1/projections/dynamodb/serve", accessKey, secretKey)
	if status != http.StatusConflict || !strings.Contains(body, "cannot take over") {
		t.Errorf("status %d: %s", status, body)
	}
	put(t, c, bucket, "key", []byte("more"))
	wantBytes(t, get(t, c, bucket, "key"), []byte("more"))
	s.stop(t)
}

// An engine that was well and is away now does not take over either, and the answer says what is wrong with it. Writes do not
// wait for it.
func TestAProjectionThatIsAway(t *testing.T) {
	t.Parallel()
	cloud, engine := countRequests(t)
	dir := t.TempDir()
	s := startServer(t, options{dir: dir, env: append(engine.at(dir), "BLEEPSTORE_PROJECTIONS=dynamodb")})
	c := s.client()
	bucket := newBucket(t, c)
	eventually(t, "the table is up to date", func() error {
		if p := s.projections(t)["dynamodb"]; !p.CaughtUp || p.Behind > 0 {
			return fmt.Errorf("%+v", p)
		}
		return nil
	})
	cloud.away.Store(true)
	put(t, c, bucket, "key", []byte("content"))
	status, body := s.administer(t, http.MethodPost, "/_/v1/projections/dynamodb/serve", accessKey, secretKey)
	if status != http.StatusConflict || !strings.Contains(body, "cannot take over: DynamoDB table") {
		t.Errorf("status %d: %s", status, body)
	}
	wantBytes(t, get(t, c, bucket, "key"), []byte("content"))
	cloud.away.Store(false)
	s.stop(t)
}

func TestOnlyAdministratorsAdminister(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{config: `
auth:
  credentials:
    - {access_key: root, secret_key: root-secret, admin: true}
    - {access_key: user, secret_key: user-secret}
`})
	const path = "/_/v1/projections"
	for _, test := range []struct {
		method, path, access, secret string
		status                       int
		says                         string
	}{
		{"GET", path, "root", "root-secret", 200, `"engine":"pebble"`},
		{"GET", path, "user", "user-secret", 403, "AccessDenied"},
		{"GET", path, "root", "wrong-secret", 403, "SignatureDoesNotMatch"},
		{"GET", path, "nobody", "root-secret", 403, "InvalidAccessKeyId"},
		{"POST", path + "/pebble/serve", "root", "root-secret", 200, `"serving":true`},
		{"POST", path + "/sqlite/serve", "root", "root-secret", 404, "projections in the configuration"},
		{"POST", path + "/sqlite/serve", "user", "user-secret", 403, "admin: true"},
		{"GET", "/_/v1/nothing", "root", "root-secret", 404, ""},
	} {
		status, body := s.administer(t, test.method, test.path, test.access, test.secret)
		if status != test.status || !strings.Contains(body, test.says) {
			t.Errorf("%s %s by %s: status %d, want %d: %s", test.method, test.path, test.access, status, test.status, body)
		}
	}
	answer, err := http.Get(s.endpoint + path)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	want(t, "status for the anonymous", answer.StatusCode, http.StatusUnauthorized)
}
