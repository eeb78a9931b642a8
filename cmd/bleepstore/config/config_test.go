package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// write makes a configuration file.
func write(t *testing.T, yaml string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "bleepstore.yaml")
	if err := os.WriteFile(name, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func load(t *testing.T, yaml string, environ []string, flags map[string]string) *config.Config {
	t.Helper()
	c, err := config.Load(write(t, yaml), environ, flags)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	c, err := config.Load("", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	checks := []struct{ key, got, want string }{
		{"server.listen", c.Server.Listen, "127.0.0.1:9000"},
		{"server.region", c.Server.Region, "us-east-1"},
		{"data", c.Data, "data"},
		{"access key", c.Auth.Credentials[0].AccessKey, "bleepstore"},
		{"secret key", c.Auth.Credentials[0].SecretKey, "bleepstore-secret"},
		{"metadata.engine", c.Metadata.Engine, "pebble"},
		{"storage.backend", c.Storage.Backend, "local"},
		{"log folder", c.LogDir(), filepath.Join("data", "log")},
		{"metadata folder", c.MetadataPlace(), filepath.Join("data", "metadata")},
		{"blob folder", c.BlobDir(), filepath.Join("data", "blobs")},
		{"archive.backend", c.Archive.Backend, "folder"},
		{"archive folder", c.ArchiveDir(), filepath.Join("data", "archive")},
	}
	for _, check := range checks {
		if check.got != check.want {
			t.Errorf("%s is %q, want %q", check.key, check.got, check.want)
		}
	}
	if !c.Auth.UsesDefaultCredentials() {
		t.Error("the defaults are not seen as default credentials")
	}
}

func TestFlagsWinOverEnvironmentOverFileOverDefaults(t *testing.T) {
	const file = "server: {listen: 'file:1', region: file-1}\ndata: /file\n"
	environ := []string{"BLEEPSTORE_LISTEN=env:2", "BLEEPSTORE_REGION=env-2", "PATH=/bin"}
	flags := map[string]string{"server.listen": "flag:3"}

	c := load(t, file, environ, flags)
	if c.Server.Listen != "flag:3" {
		t.Errorf("listen is %q, want the flag's", c.Server.Listen)
	}
	if c.Server.Region != "env-2" {
		t.Errorf("region is %q, want the environment's", c.Server.Region)
	}
	if c.Data != "/file" {
		t.Errorf("data is %q, want the file's", c.Data)
	}
	if c.Server.ShutdownTimeout != 10*time.Second {
		t.Errorf("shutdown_timeout is %v, want the default", c.Server.ShutdownTimeout)
	}
}

func TestEverySectionOfTheFile(t *testing.T) {
	c := load(t, `
data: /srv/bleepstore
server:
  listen: :443
  domain: s3.example.com
  region: eu-central-1
  tls: {cert: server.pem, key: server.key}
  shutdown_timeout: 1m30s
  admin_listen: 127.0.0.1:9001
  max_connections: 1000
  max_requests: 100
auth:
  credentials:
    - {access_key: alice, secret_key: alice-secret}
    - access_key: bob
      secret_key: bob-secret
      id: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
      name: Bob
log: {path: /fast/log}
metadata: {engine: pebble, pebble: {path: /fast/metadata}, cosmos: {endpoint: 'https://name.documents.azure.com/'}}
projections: [sqlite, cosmos]
storage:
  backend: s3
  reap_after: 2h
  scrub_interval: 24h
  timeout: 10s
  cache: {size: 1GiB, path: /fast/cache}
  local: {path: /big/blobs}
  memory: {limit: 512MiB}
  s3: {bucket: b, prefix: p/, region: eu-north-1, endpoint: 'https://s3.example.com', access_key: a, secret_key: s, path_style: true}
  gcs: {bucket: b, prefix: p/, endpoint: 'http://localhost:1', credentials_file: c.json}
  azblob: {container: c, prefix: p/, account: a, endpoint: 'http://localhost:2', key: k, sas: s, connection_string: cs}
logging: {level: debug, format: json}
`, nil, nil)
	want := config.Config{
		Data: "/srv/bleepstore",
		Server: config.Server{
			Listen: ":443", Domain: "s3.example.com", Region: "eu-central-1",
			TLS: config.TLS{Cert: "server.pem", Key: "server.key"}, ShutdownTimeout: 90 * time.Second,
			AdminListen: "127.0.0.1:9001", MaxConnections: 1000, MaxRequests: 100,
		},
		Log: config.Log{Path: "/fast/log"},
		Metadata: config.Metadata{
			Engine: "pebble", Pebble: config.Folder{Path: "/fast/metadata"},
			DynamoDB:  config.DynamoDB{Table: "bleepstore"},
			Firestore: config.Firestore{Database: "(default)", Collection: "bleepstore"},
			Cosmos:    config.Cosmos{Endpoint: "https://name.documents.azure.com/", Database: "bleepstore", Container: "metadata"},
		},
		Projections: config.Names{"sqlite", "cosmos"},
		Storage: config.Storage{
			Backend: "s3", ReapAfter: 2 * time.Hour, ScrubInterval: 24 * time.Hour, Timeout: 10 * time.Second,
			Cache: config.Cache{Size: 1 << 30, Path: "/fast/cache"},
			Local: config.LocalStorage{Path: "/big/blobs"}, Memory: config.MemoryStorage{Limit: 512 << 20},
			S3: config.S3Storage{
				Bucket: "b", Prefix: "p/", Region: "eu-north-1", Endpoint: "https://s3.example.com", AccessKey: "a", SecretKey: "s", PathStyle: true,
			},
			GCS: config.GCSStorage{Bucket: "b", Prefix: "p/", Endpoint: "http://localhost:1", CredentialsFile: "c.json"},
			AzBlob: config.AzBlobStorage{
				Container: "c", Prefix: "p/", Account: "a", Endpoint: "http://localhost:2", Key: "k", SAS: "s", ConnectionString: "cs",
			},
		},
		Logging: config.Logging{Level: "debug", Format: "json"},
	}
	if c.Server != want.Server || c.Log != want.Log || c.Metadata != want.Metadata || c.Storage != want.Storage ||
		c.Logging != want.Logging || c.Data != want.Data || !slices.Equal(c.Projections, want.Projections) {
		t.Errorf("configuration is\n%+v, want\n%+v", *c, want)
	}
	if len(c.Auth.Credentials) != 2 {
		t.Fatalf("%d credentials, want the two of the file and no default", len(c.Auth.Credentials))
	}
	bob := c.Auth.Credentials[1].Account()
	if bob.ID != c.Auth.Credentials[1].ID || bob.Name != "Bob" {
		t.Errorf("account of bob is %+v", bob)
	}
	if found, ok := c.Auth.Owner(bob.ID); !ok || found != bob {
		t.Errorf("found %+v, %v, want %+v", found, ok, bob)
	}
	if found, ok := c.Auth.Owner("nobody"); ok {
		t.Errorf("found %+v for an id that nobody has", found)
	}
	if c.LogDir() != "/fast/log" || c.MetadataPlace() != "/fast/metadata" || c.BlobDir() != "/big/blobs" {
		t.Errorf("folders are %s, %s, %s", c.LogDir(), c.MetadataPlace(), c.BlobDir())
	}
}

func TestAccountDefaultsToTheAccessKey(t *testing.T) {
	account := config.Credential{AccessKey: "bleepstore"}.Account()
	// printf bleepstore | sha256sum
	const want = "e84dbe1a08df33766744f18555a3d451924510c67f92dea60fc329794d4694a2"
	if account.ID != want || account.Name != "bleepstore" {
		t.Errorf("account is %+v, want %q and the access key", account, want)
	}
}

func TestEnvironment(t *testing.T) {
	c := load(t, "auth: {credentials: [{access_key: file, secret_key: file-secret}]}", []string{
		"BLEEPSTORE_DATA=/env",
		"BLEEPSTORE_ACCESS_KEY=env", "BLEEPSTORE_SECRET_KEY=env-secret",
		"BLEEPSTORE_METADATA_ENGINE=memory", "BLEEPSTORE_PROJECTIONS=sqlite, jsonl",
		"BLEEPSTORE_SERVER_TLS_CERT=c.pem", "BLEEPSTORE_SERVER_TLS_KEY=k.pem",
		"BLEEPSTORE_SERVER_SHUTDOWN_TIMEOUT=3s",
		"BLEEPSTORE_STORAGE_MEMORY_LIMIT=2GiB",
		"AWS_ACCESS_KEY_ID=not-for-servers", "AWS_SECRET_ACCESS_KEY=not-for-servers", "AWS_REGION=mars-1",
		"BLEEPSTORE_SERVICE_HOST=10.0.0.1", "BLEEPSTORE_PORT=tcp://10.0.0.1:9000", "BLEEPSTORE_PORT_9000_TCP_PORT=9000",
	}, nil)
	if len(c.Auth.Credentials) != 1 || c.Auth.Credentials[0] != (config.Credential{AccessKey: "env", SecretKey: "env-secret", Admin: true}) {
		t.Errorf("credentials are not just the environment's: %d, first %q", len(c.Auth.Credentials), c.Auth.Credentials[0].AccessKey)
	}
	if c.Data != "/env" || c.Metadata.Engine != "memory" || !slices.Equal(c.Projections, []string{"sqlite", "jsonl"}) || c.Server.TLS != (config.TLS{Cert: "c.pem", Key: "k.pem"}) ||
		c.Server.ShutdownTimeout != 3*time.Second || c.Storage.Memory.Limit != 2<<30 {
		t.Errorf("the environment is not in the configuration: %+v", *c)
	}
	if c.Server.Region != "us-east-1" {
		t.Errorf("region is %q, want the default whatever AWS_REGION says", c.Server.Region)
	}
}

func TestBlobsInMemoryKeepNothing(t *testing.T) {
	c := load(t, "storage: {backend: memory}", nil, nil)
	if !c.Ephemeral() {
		t.Error("not ephemeral")
	}
	if c.HasArchive() {
		t.Error("what is gone with the process is archived")
	}
	for _, dir := range []string{c.LogDir(), c.MetadataPlace()} {
		if filepath.Dir(dir) != c.EphemeralDir() {
			t.Errorf("folder %s is not in %s", dir, c.EphemeralDir())
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name    string
		file    string
		environ []string
		flags   map[string]string
		want    []string // all of them are in the error
	}{
		{name: "unknown key", file: "server:\n  lisen: :9000\n", want: []string{"bleepstore.yaml", "line 2", `"lisen"`}},
		{name: "unknown section", file: "sever: {}\n", want: []string{"bleepstore.yaml", "line 1", `"sever"`}},
		{name: "two unknown keys", file: "a: 1\nb: 2\n", want: []string{`"a"`, `"b"`}},
		{name: "key twice", file: "data: a\ndata: b\n", want: []string{"bleepstore.yaml", `"data" already defined`}},
		{name: "not YAML", file: "data: [\n", want: []string{"bleepstore.yaml", "line"}},
		{name: "two documents", file: "data: a\n---\ndata: b\n", want: []string{"bleepstore.yaml", "one YAML document"}},
		{name: "targets", file: `notifications: {give_up_after: 1ms, targets: [
  {name: a b, type: webhook, url: "http://example.com/", secret: short}, {name: x, type: webhook, url: "https://u:hidden@example.com/", subject: s},
  {name: x, type: nats, url: "http://example.com", subject: "a.*", user: u, token: t}, {name: y, type: kafka}]}`, want: []string{
			"give_up_after", "[0].name", `[0].url is "http://example.com/"`, "allow_http", "[0].secret", "whsec_", "[1].url", "[1].type", "[2].name",
			"[2].url", "[2].subject", "[2].user", "[2].type", "[3].type", "webhook, nats",
		}},
		{name: "wrong type", file: "server: {shutdown_timeout: soon}\n", want: []string{"bleepstore.yaml", "line 1", "soon"}},
		{name: "wrong size in the file", file: "storage: {memory: {limit: 5 apples}}\n", want: []string{"5 apples", "GiB"}},

		{name: "unknown variable", environ: []string{"BLEEPSTORE_LISEN=:9000"}, want: []string{"BLEEPSTORE_LISEN"}},
		{name: "second name for a key", environ: []string{"BLEEPSTORE_SERVER_LISTEN=:9000"}, want: []string{"BLEEPSTORE_SERVER_LISTEN"}},
		{name: "access key alone", environ: []string{"BLEEPSTORE_ACCESS_KEY=alice"}, want: []string{"BLEEPSTORE_SECRET_KEY"}},
		{
			name: "wrong duration", environ: []string{"BLEEPSTORE_SERVER_SHUTDOWN_TIMEOUT=10"},
			want: []string{"BLEEPSTORE_SERVER_SHUTDOWN_TIMEOUT", "server.shutdown_timeout", "unit"},
		},
		{name: "wrong size", environ: []string{"BLEEPSTORE_STORAGE_MEMORY_LIMIT=-1"}, want: []string{"storage.memory.limit", "-1"}},
		{name: "size too large", environ: []string{"BLEEPSTORE_STORAGE_MEMORY_LIMIT=9000000TiB"}, want: []string{"9000000TiB"}},

		{name: "no data folder", flags: map[string]string{"data": ""}, want: []string{`data is ""`, "folder"}},
		{name: "no port", flags: map[string]string{"server.listen": "localhost"}, want: []string{"server.listen", `"localhost"`, "HOST:PORT"}},
		{name: "port out of range", flags: map[string]string{"server.listen": ":65536"}, want: []string{"server.listen", ":65536"}},
		{name: "engine", file: "metadata: {engine: oracle}", want: []string{"metadata.engine", `"oracle"`, "pebble, memory"}},
		{
			name: "two engines in one folder", file: "data: d\nmetadata: {sqlite: {path: d/metadata/}}\nprojections: [jsonl, sqlite]\n",
			want: []string{"metadata.sqlite.path", `"d/metadata/"`, "another folder than that of pebble"},
		},
		{name: "backend", file: "storage: {backend: tape}", want: []string{"storage.backend", `"tape"`, "local, memory"}},
		{name: "level", file: "logging: {level: loud}", want: []string{"logging.level", `"loud"`, "debug, info, warn, error"}},
		{name: "format of the access log", file: "access_log: {format: clf}", want: []string{"access_log.format", `"clf"`, "off, json, s3"}},
		{name: "file of no access log", file: "access_log: {path: access.log}", want: []string{"access_log.path", "access.log", "off"}},
		{name: "traces to nowhere", file: "tracing: {endpoint: 'collector:4318'}", want: []string{"tracing.endpoint", "collector:4318", "URL"}},
		{name: "more than all requests", file: "tracing: {sample: 1.5}", want: []string{"tracing.sample", "1.5", "0 to 1"}},
		{name: "no number of requests", environ: []string{"BLEEPSTORE_TRACING_SAMPLE=NaN"}, want: []string{"tracing.sample", "NaN"}},
		{name: "format", file: "logging: {format: xml}", want: []string{"logging.format", `"xml"`, "auto, text, json"}},
		{name: "region", file: "server: {region: US East}", want: []string{"server.region", `"US East"`}},
		{name: "domain", file: "server: {domain: 'http://s3.example.com'}", want: []string{"server.domain"}},
		{name: "certificate without key", file: "server: {tls: {cert: a.pem}}", want: []string{"server.tls", "a.pem", "both"}},
		{name: "no port for the rest", file: "server: {admin_listen: localhost}", want: []string{"server.admin_listen", `"localhost"`, "HOST:PORT"}},
		{name: "fewer than no connections", file: "server: {max_connections: -1}", want: []string{"server.max_connections", "-1"}},
		{name: "no number of requests", environ: []string{"BLEEPSTORE_SERVER_MAX_REQUESTS=many"}, want: []string{"server.max_requests", "many"}},
		{name: "endless shutdown", file: "server: {shutdown_timeout: 2h}", want: []string{"server.shutdown_timeout", "2h"}},
		{name: "cloud without a bucket", file: "storage: {backend: s3}", want: []string{"storage.s3.bucket"}},
		{name: "cloud without a container", file: "storage: {backend: azblob}", want: []string{"storage.azblob.container"}},
		{name: "half of a key", file: "storage: {s3: {access_key: a}}", want: []string{"storage.s3.access_key"}},
		{name: "odd prefix", file: "storage: {gcs: {prefix: /a}}", want: []string{"storage.gcs.prefix", "/a"}},
		{name: "cache of a local disk", file: "storage: {cache: {size: 1GiB}}", want: []string{"storage.cache.size"}},
		{name: "cache of a byte", file: "storage: {backend: gcs, gcs: {bucket: b}, cache: {size: 1}}", want: []string{"storage.cache.size"}},
		{name: "no time for clouds", file: "storage: {timeout: 1ms}", want: []string{"storage.timeout"}},
		{name: "memory of no size", file: "storage: {memory: {limit: 0}}", want: []string{"storage.memory.limit"}},
		{
			name: "log that outlives its blobs",
			file: "storage: {backend: memory}\nlog: {path: /log}\nmetadata: {pebble: {path: /m}, jsonl: {path: /j}, sqlite: {path: /s}}\n",
			want: []string{"log.path", "metadata.pebble.path", "metadata.jsonl.path", "metadata.sqlite.path", "outlive"},
		},
		{name: "place of the archive", file: "archive: {backend: tape}", want: []string{"archive.backend", `"tape"`, "folder, storage"}},
		{
			name: "folder of an archive in the storage", file: "archive: {backend: storage, path: /archive}",
			want: []string{"archive.path", "/archive", "archive.backend", "where the blobs are"},
		},
		{name: "segment of no size", file: "archive: {segment_size: 1KiB}", want: []string{"archive.segment_size", `"1KiB"`, "64KiB"}},
		{name: "nobody may use it", file: "auth: {credentials: []}", want: []string{"auth.credentials"}},
		{
			name: "several at once", file: "metadata: {engine: a}\nstorage: {backend: b}\n",
			want: []string{"metadata.engine", "storage.backend"},
		},
		{
			name: "access key twice",
			file: "auth: {credentials: [{access_key: a, secret_key: secret-1}, {access_key: a, secret_key: secret-2}]}",
			want: []string{"auth.credentials[1].access_key", `"a"`},
		},
		{
			name: "access key with a slash", environ: []string{"BLEEPSTORE_ACCESS_KEY=a/b", "BLEEPSTORE_SECRET_KEY=long-enough"},
			want: []string{"auth.credentials[0].access_key", "a/b"},
		},
		{
			name: "canonical id", file: "auth: {credentials: [{access_key: a, secret_key: secret-1, id: a/b}]}",
			want: []string{"auth.credentials[0].id", "128"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Load(write(t, test.file), test.environ, test.flags)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestErrorsKeepSecrets(t *testing.T) {
	_, err := config.Load("", []string{"BLEEPSTORE_ACCESS_KEY=alice", "BLEEPSTORE_SECRET_KEY=hushush"}, nil)
	if err == nil {
		t.Fatal("a secret of 7 characters is taken")
	}
	if !strings.Contains(err.Error(), "secret_key") || strings.Contains(err.Error(), "hushush") {
		t.Errorf("error %q, want one that names secret_key and not its value", err)
	}
}

func TestMissingFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "none.yaml")
	if _, err := config.Load(name, nil, nil); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("error %v, want one that names %s", err, name)
	}
}

func TestEmptyFileSetsNothing(t *testing.T) {
	if c := load(t, "# nothing here\n", nil, nil); c.Server != config.Default().Server {
		t.Errorf("server is %+v, want the default", c.Server)
	}
}
