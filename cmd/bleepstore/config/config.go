// Package config is the configuration of a bleepstore process: what can be set, where it is read from, what is allowed.
package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
)

// Config is everything that can be set. Each scalar has a key, its path in the YAML file such as server.tls.cert, and an
// environment variable: BLEEPSTORE_ and the key in capitals, or the shorter name in the env tag.
type Config struct {
	// Data is the folder under which everything is kept, unless a path elsewhere says otherwise.
	Data     string   `yaml:"data"`
	Server   Server   `yaml:"server"`
	Auth     Auth     `yaml:"auth"`
	Log      Log      `yaml:"log"`
	Archive  Archive  `yaml:"archive"`
	Events   Events   `yaml:"events"`
	Snapshot Snapshot `yaml:"snapshot"`
	Metadata Metadata `yaml:"metadata"`
	// Projections are further engines of Engines that the server keeps up to date with the log, each where Metadata says, so
	// that they can be looked at, and can take over.
	Projections Names     `yaml:"projections"`
	Multipart   Multipart `yaml:"multipart"`
	Storage     Storage   `yaml:"storage"`
	Logging     Logging   `yaml:"logging"`
	AccessLog   AccessLog `yaml:"access_log"`
	Tracing     Tracing   `yaml:"tracing"`
	// Notifications are about telling others what happens in buckets.
	Notifications Notifications `yaml:"notifications"`
}

// Server is how clients reach the server.
type Server struct {
	// Listen is the address to listen on, HOST:PORT. Port 0 takes a free one; an empty host means every interface.
	Listen string `yaml:"listen" env:"LISTEN"`
	// AdminListen is the address, in the same form, of all that is not S3. Empty for the one of Listen, beside S3.
	AdminListen string `yaml:"admin_listen"`
	// Domain makes BUCKET.Domain in the Host header name a bucket; empty for path-style addresses only.
	Domain string `yaml:"domain"`
	// Region is the region that clients sign for, and that of all buckets.
	Region string `yaml:"region" env:"REGION"`
	TLS    TLS    `yaml:"tls"`
	// ObjectOwnership is that of new buckets whose makers say nothing else, one of Ownerships; empty for no ownership
	// controls, so that objects belong to who writes them and ACLs have effect.
	ObjectOwnership string `yaml:"object_ownership"`
	// ShutdownTimeout is how long requests in flight may take to finish when the process is asked to stop.
	ShutdownTimeout time.Duration `yaml:"shutdown_timeout"`
	// MaxConnections is how many connections to Listen may be open at once; 0 for what Connections says.
	MaxConnections int64 `yaml:"max_connections"`
	// MaxRequests is how many requests of S3 may be answered at once; 0 for what Requests says.
	MaxRequests int64 `yaml:"max_requests"`
}

// The limits of a server that was told none, where it may open enough files: a request may have one open beside its
// connection.
const (
	defaultConnections = 16384
	defaultRequests    = 4096
)

// Connections is how many connections may be open at once, in a process that may open that many files.
func (s Server) Connections(files int64) int64 {
	return cmp.Or(s.MaxConnections, min(defaultConnections, files/2))
}

// Requests is how many requests of S3 may be answered at once, in a process that may open that many files.
func (s Server) Requests(files int64) int64 {
	return cmp.Or(s.MaxRequests, min(defaultRequests, files/4))
}

// TLS names the PEM files of the server's certificate chain and key. Without them the server speaks plain HTTP.
type TLS struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// Enabled tells whether the server speaks HTTPS.
func (t TLS) Enabled() bool { return t.Cert != "" }

// Auth is who may use the server.
type Auth struct {
	// Credentials are the access keys that the server knows. In the environment, BLEEPSTORE_ACCESS_KEY and
	// BLEEPSTORE_SECRET_KEY together replace all of them by one.
	Credentials []Credential `yaml:"credentials"`
	// SignatureV2 tells whether requests signed with AWS Signature Version 2 are accepted beside those with Version 4. It
	// does not sign payloads.
	SignatureV2 bool `yaml:"signature_v2"`
}

// Credential is an access key with its secret, and the account that it belongs to.
type Credential struct {
	AccessKey string `yaml:"access_key"`
	SecretKey string `yaml:"secret_key"`
	// ID is the account's canonical user id; empty for the hex SHA-256 of the access key. Keys of one account share it.
	ID string `yaml:"id"`
	// Name is the account's display name; empty for the access key.
	Name string `yaml:"name"`
	// Admin tells whether the key may be used for administration, under /_/.
	Admin bool `yaml:"admin"`
}

// Account returns the account that the credential belongs to.
func (c Credential) Account() eventlog.Owner {
	sum := sha256.Sum256([]byte(c.AccessKey))
	return eventlog.Owner{ID: cmp.Or(c.ID, hex.EncodeToString(sum[:])), Name: cmp.Or(c.Name, c.AccessKey)}
}

// IsDefault tells whether the secret is the one that everybody knows.
func (c Credential) IsDefault() bool { return c.SecretKey == DefaultSecretKey }

// Owner finds an account of the credentials by its canonical user id.
func (a Auth) Owner(id string) (eventlog.Owner, bool) {
	for _, c := range a.Credentials {
		if account := c.Account(); account.ID == id {
			return account, true
		}
	}
	return eventlog.Owner{}, false
}

// UsesDefaultCredentials tells whether anybody can sign in, because a secret is the one that everybody knows.
func (a Auth) UsesDefaultCredentials() bool {
	return slices.ContainsFunc(a.Credentials, Credential.IsDefault)
}

// Log is the event log.
type Log struct {
	// Path is its folder; empty for DATA/log.
	Path      string    `yaml:"path"`
	Retention Retention `yaml:"retention"`
}

// Retention is how much of the log is kept beside its archive. Zero is no limit.
type Retention struct {
	Age   time.Duration `yaml:"age"`   // of events
	Bytes Size          `yaml:"bytes"` // of commits
}

// Archive is the copy of the log outside of it, in sealed segments.
type Archive struct {
	// Enabled tells whether there is one. What is in memory only has none.
	Enabled bool   `yaml:"enabled"`
	Backend string `yaml:"backend"` // where it is, one of ArchiveBackends
	// Path is its folder; empty for DATA/archive. There is none in the storage.
	Path string `yaml:"path"`
	// SegmentSize is at how many bytes of commits, not compressed, a segment is sealed.
	SegmentSize Size `yaml:"segment_size"`
}

// Events is the public stream of events.
type Events struct {
	// Listen is the address on which subscribers find it, over NATS, HOST:PORT; empty for no stream.
	Listen string `yaml:"listen"`
	// TLS is that of this address; empty for Server.TLS.
	TLS TLS `yaml:"tls"`
	// MaxAge and MaxBytes are how much of the stream is kept for subscribers. Zero is no limit.
	MaxAge   time.Duration `yaml:"max_age"`
	MaxBytes Size          `yaml:"max_bytes"`
}

// Snapshot is about copies of the metadata as of one position, in the archive.
type Snapshot struct {
	// Interval is how often one is taken, if the metadata has changed; 0 for never.
	Interval time.Duration `yaml:"interval"`
}

// Multipart is about multipart uploads.
type Multipart struct {
	// Expiry is how long after its beginning an upload is aborted that was not completed; 0 for never.
	Expiry time.Duration `yaml:"expiry"`
}

// Metadata selects the engine of the metadata store.
type Metadata struct {
	Engine string `yaml:"engine"` // one of Engines
	Pebble Folder `yaml:"pebble"`
	JSONL  Folder `yaml:"jsonl"`
	SQLite Folder `yaml:"sqlite"`

	DynamoDB  DynamoDB  `yaml:"dynamodb"`
	Firestore Firestore `yaml:"firestore"`
	Cosmos    Cosmos    `yaml:"cosmos"`
}

// Folder is what an engine needs to know that keeps the metadata in files.
type Folder struct {
	// Path is its folder; empty for one in DATA: see EnginePlace.
	Path string `yaml:"path"`
}

// DynamoDB is the table of the engine dynamodb.
type DynamoDB struct {
	Table  string `yaml:"table"`  // its name
	Region string `yaml:"region"` // of AWS; empty for what AWS's SDK finds
	// Endpoint is the URL of something that stands in for AWS; empty for AWS.
	Endpoint string `yaml:"endpoint"`
	// AccessKey and SecretKey are credentials; empty for those that AWS's SDK finds.
	AccessKey string `yaml:"access_key"`
	SecretKey string `yaml:"secret_key"`
}

// Firestore is the place of the engine firestore.
type Firestore struct {
	Project    string `yaml:"project"`    // id of a project of Google Cloud
	Database   string `yaml:"database"`   // id of a database in Native mode
	Collection string `yaml:"collection"` // name of the collection under which everything is
	// Endpoint is the HOST:PORT of an emulator; empty for Google Cloud.
	Endpoint string `yaml:"endpoint"`
	// CredentialsFile is a file with credentials; empty for the application default credentials.
	CredentialsFile string `yaml:"credentials_file"`
}

// Cosmos is the container of the engine cosmos.
type Cosmos struct {
	Endpoint  string `yaml:"endpoint"` // URL of an account of Azure Cosmos DB for NoSQL
	Key       string `yaml:"key"`      // of the account; empty for Azure's default credential, such as a managed identity
	Database  string `yaml:"database"`
	Container string `yaml:"container"`
}

// Storage selects the backend that keeps blobs.
type Storage struct {
	Backend string `yaml:"backend"` // one of Backends
	// ReapAfter is how long after nothing names a blob any more its bytes are deleted: time for those who still read them.
	ReapAfter time.Duration `yaml:"reap_after"`
	// ScrubInterval is how often all blobs are read to check them; 0 for never.
	ScrubInterval time.Duration `yaml:"scrub_interval"`
	// Timeout is how long a cloud may take to answer, or to go on with an answer. Requests with bytes may take longer.
	Timeout time.Duration `yaml:"timeout"`
	Cache   Cache         `yaml:"cache"`
	Local   LocalStorage  `yaml:"local"`
	Memory  MemoryStorage `yaml:"memory"`
	S3      S3Storage     `yaml:"s3"`
	GCS     GCSStorage    `yaml:"gcs"`
	AzBlob  AzBlobStorage `yaml:"azblob"`
}

// Cache is what is kept on a local disk of the blobs in a cloud that were read.
type Cache struct {
	// Size is how many bytes it has at most; 0 for no cache.
	Size Size `yaml:"size"`
	// Path is its folder; empty for DATA/cache.
	Path string `yaml:"path"`
}

// LocalStorage is what the backend local needs to know.
type LocalStorage struct {
	// Path is its folder; empty for DATA/blobs.
	Path string `yaml:"path"`
}

// MemoryStorage is what the backend memory needs to know.
type MemoryStorage struct {
	// Limit is how many bytes all blobs together may have.
	Limit Size `yaml:"limit"`
}

// S3Storage is what the backend s3 needs to know. All but Bucket and Prefix also hold for objects of other buckets that were
// imported where they are, as in the other clouds.
type S3Storage struct {
	Bucket string `yaml:"bucket"` // its name
	Prefix string `yaml:"prefix"` // what the names of all objects in it begin with
	Region string `yaml:"region"` // of AWS; empty for what AWS's SDK finds
	// Endpoint is the URL of something else that speaks S3; empty for AWS.
	Endpoint string `yaml:"endpoint"`
	// AccessKey and SecretKey are credentials; empty for those that AWS's SDK finds.
	AccessKey string `yaml:"access_key"`
	SecretKey string `yaml:"secret_key"`
	// PathStyle tells whether the bucket goes into the path of URLs, not into the name of the host.
	PathStyle bool `yaml:"path_style"`
}

// GCSStorage is what the backend gcs needs to know.
type GCSStorage struct {
	Bucket string `yaml:"bucket"` // its name
	Prefix string `yaml:"prefix"` // what the names of all objects in it begin with
	// Endpoint is the URL of an emulator; empty for Google Cloud.
	Endpoint string `yaml:"endpoint"`
	// CredentialsFile is a file with credentials; empty for the application default credentials.
	CredentialsFile string `yaml:"credentials_file"`
}

// AzBlobStorage is what the backend azblob needs to know. Of Key, SAS and ConnectionString there is one, or none for Azure's
// default credential, such as a managed identity.
type AzBlobStorage struct {
	Container string `yaml:"container"` // its name
	Prefix    string `yaml:"prefix"`    // what the names of all blobs in it begin with
	Account   string `yaml:"account"`   // name of a storage account
	Endpoint  string `yaml:"endpoint"`  // URL of the account, where that is not https://ACCOUNT.blob.core.windows.net
	Key       string `yaml:"key"`       // of the account
	SAS       string `yaml:"sas"`       // token of a shared access signature
	// ConnectionString has the account and its key, or a signature, in one.
	ConnectionString string `yaml:"connection_string"`
}

// Logging is what the process says on its standard error output.
type Logging struct {
	Level  string `yaml:"level"`  // one of Levels: it and what is graver is written
	Format string `yaml:"format"` // one of Formats
}

// AccessLog is a log with a line for each S3 request.
type AccessLog struct {
	Format string `yaml:"format"` // one of AccessLogFormats
	// Path is the file that lines are appended to; empty for the standard output.
	Path string `yaml:"path"`
}

// Tracing is about spans of requests, which go to a collector of OpenTelemetry.
type Tracing struct {
	// Endpoint is the URL of a receiver of OTLP over HTTP; empty for no traces.
	Endpoint string `yaml:"endpoint"`
	// Sample is the share of requests that are traced, from 0 to 1, of those that are not part of a trace already.
	Sample float64 `yaml:"sample"`
}

// The places of the archive, the engines of the metadata store, the backends for blobs, and the levels and formats of
// logging.
const (
	ArchiveFolder  = "folder"
	ArchiveStorage = "storage" // the backend that keeps the blobs

	EnginePebble = "pebble"
	EngineMemory = "memory"
	EngineJSONL  = "jsonl"
	EngineSQLite = "sqlite"

	EngineDynamoDB  = "dynamodb"
	EngineFirestore = "firestore"
	EngineCosmos    = "cosmos"

	BackendLocal  = "local"
	BackendMemory = "memory"
	BackendS3     = "s3"
	BackendGCS    = "gcs"
	BackendAzBlob = "azblob"

	FormatAuto = "auto" // text on a terminal, JSON elsewhere
	FormatText = "text"
	FormatJSON = "json"

	AccessLogOff  = "off"
	AccessLogJSON = "json"
	AccessLogS3   = "s3" // Amazon's format of server access logs
)

// What can be chosen.
var (
	ArchiveBackends = []string{ArchiveFolder, ArchiveStorage}

	Engines  = []string{EnginePebble, EngineMemory, EngineJSONL, EngineSQLite, EngineDynamoDB, EngineFirestore, EngineCosmos}
	Backends = []string{BackendLocal, BackendMemory, BackendS3, BackendGCS, BackendAzBlob}
	// Ownerships are those of eventlog.Ownership.
	Ownerships = []string{
		string(eventlog.ObjectWriter), string(eventlog.BucketOwnerPreferred), string(eventlog.BucketOwnerEnforced),
	}
	Levels  = []string{"debug", "info", "warn", "error"}
	Formats = []string{FormatAuto, FormatText, FormatJSON}

	AccessLogFormats = []string{AccessLogOff, AccessLogJSON, AccessLogS3}
)

// The credentials of a server that was not told others. They are no secret.
const (
	DefaultAccessKey = "bleepstore"
	DefaultSecretKey = "bleepstore-secret"
)

// Default is the configuration of a server that was told nothing.
func Default() *Config {
	return &Config{
		Data: "data",
		Server: Server{
			Listen:          "127.0.0.1:9000",
			Region:          "us-east-1",
			ShutdownTimeout: 10 * time.Second,
		},
		Auth: Auth{
			Credentials: []Credential{{AccessKey: DefaultAccessKey, SecretKey: DefaultSecretKey, Admin: true}},
			SignatureV2: true,
		},
		Archive:  Archive{Enabled: true, Backend: ArchiveFolder, SegmentSize: archive.DefaultSegmentSize},
		Events:   Events{MaxAge: 7 * 24 * time.Hour, MaxBytes: 1 << 30},
		Snapshot: Snapshot{Interval: 6 * time.Hour},
		Metadata: Metadata{
			Engine:    EnginePebble,
			DynamoDB:  DynamoDB{Table: "bleepstore"},
			Firestore: Firestore{Database: "(default)", Collection: "bleepstore"},
			Cosmos:    Cosmos{Database: "bleepstore", Container: "metadata"},
		},
		Multipart: Multipart{Expiry: 7 * 24 * time.Hour},
		Storage: Storage{
			Backend: BackendLocal, ReapAfter: time.Hour, ScrubInterval: 30 * 24 * time.Hour, Timeout: 30 * time.Second,
			Memory: MemoryStorage{Limit: 1 << 30},
		},
		Logging:       Logging{Level: "info", Format: FormatAuto},
		AccessLog:     AccessLog{Format: AccessLogOff},
		Tracing:       Tracing{Sample: 1},
		Notifications: Notifications{GiveUpAfter: 24 * time.Hour},
	}
}

// Ephemeral tells whether everything is gone when the process ends. Blobs in memory make it so for the log and the
// metadata too: an event never outlives its blob.
func (c *Config) Ephemeral() bool { return c.Storage.Backend == BackendMemory }

// EphemeralDir is the folder of what an ephemeral server needs on disk while it runs.
func (c *Config) EphemeralDir() string { return filepath.Join(c.Data, "ephemeral") }

// LogDir is the folder of the event log.
func (c *Config) LogDir() string { return cmp.Or(c.Log.Path, filepath.Join(c.base(), "log")) }

// HasArchive tells whether the log is archived.
func (c *Config) HasArchive() bool { return c.Archive.Enabled && !c.Ephemeral() }

// ArchiveDir is the folder of the archive, if it is in one.
func (c *Config) ArchiveDir() string {
	return cmp.Or(c.Archive.Path, filepath.Join(c.Data, "archive"))
}

// EventsDir is the folder of the public stream of events.
func (c *Config) EventsDir() string { return filepath.Join(c.base(), "events") }

// EventsTLS names the certificate of the public stream of events.
func (c *Config) EventsTLS() TLS {
	if c.Events.TLS.Enabled() {
		return c.Events.TLS
	}
	return c.Server.TLS
}

// MetadataPlace is where the metadata store keeps what it has.
func (c *Config) MetadataPlace() string { return c.EnginePlace(c.Metadata.Engine) }

// EnginePlace is where an engine keeps the metadata: a folder, or the name of a table, collection or container; empty for
// memory. Each has its own.
func (c *Config) EnginePlace(engine string) string {
	switch engine {
	case EnginePebble:
		return cmp.Or(c.Metadata.Pebble.Path, filepath.Join(c.base(), "metadata"))
	case EngineJSONL:
		return cmp.Or(c.Metadata.JSONL.Path, filepath.Join(c.base(), "metadata-jsonl"))
	case EngineSQLite:
		return cmp.Or(c.Metadata.SQLite.Path, filepath.Join(c.base(), "metadata-sqlite"))
	case EngineDynamoDB:
		return c.Metadata.DynamoDB.Table
	case EngineFirestore:
		return c.Metadata.Firestore.Collection
	case EngineCosmos:
		return c.Metadata.Cosmos.Container
	default:
		return ""
	}
}

// IsFolder tells whether an engine keeps the metadata in a folder.
func IsFolder(engine string) bool {
	return engine == EnginePebble || engine == EngineJSONL || engine == EngineSQLite
}

// BlobDir is the folder of the blobs.
func (c *Config) BlobDir() string {
	return cmp.Or(c.Storage.Local.Path, filepath.Join(c.Data, "blobs"))
}

// InCloud tells whether the blobs are in a cloud.
func (c *Config) InCloud() bool {
	return c.Storage.Backend != BackendLocal && c.Storage.Backend != BackendMemory
}

// StoragePlace is where the blobs are, as people know it: a folder or a URL, without secrets. Different places have different
// ones.
func (c *Config) StoragePlace() string {
	switch s := c.Storage; s.Backend {
	case BackendLocal:
		dir, err := filepath.Abs(c.BlobDir())
		if err != nil { // the working folder is gone
			return c.BlobDir()
		}
		return dir
	case BackendS3:
		return placeAt(c.BlobURL(), s.S3.Endpoint)
	case BackendGCS:
		return placeAt(c.BlobURL(), s.GCS.Endpoint)
	case BackendAzBlob:
		return placeAt(c.BlobURL(), s.AzBlob.account())
	default:
		return s.Backend
	}
}

func placeAt(place, endpoint string) string {
	if endpoint == "" {
		return place
	}
	if u, err := url.Parse(endpoint); err == nil {
		u.User, u.RawQuery = nil, "" // which may be secret
		endpoint = u.String()
	}
	return place + " at " + endpoint
}

// account is the URL or the name of the account.
func (a AzBlobStorage) account() string {
	var endpoint, name string
	for part := range strings.SplitSeq(a.ConnectionString, ";") {
		switch key, value, _ := strings.Cut(part, "="); key {
		case "BlobEndpoint":
			endpoint = value
		case "AccountName":
			name = value
		}
	}
	return cmp.Or(a.Endpoint, endpoint, a.Account, name)
}

// WithStorage returns the configuration with another storage.backend and, because it may be used beside that of c, with paths
// that do not depend on the working folder, and without a cache.
func (c *Config) WithStorage(backend string) (*Config, error) {
	other := *c
	other.Storage.Backend, other.Storage.Cache = backend, Cache{}
	var err error
	other.Storage.Local.Path, err = filepath.Abs(c.BlobDir())
	if file := &other.Storage.GCS.CredentialsFile; err == nil && *file != "" {
		*file, err = filepath.Abs(*file)
	}
	if err != nil {
		return nil, err
	}
	return &other, other.validate()
}

// BlobURL is what the URLs of all blobs in a cloud begin with; empty if they are in none.
func (c *Config) BlobURL() string {
	switch s := c.Storage; s.Backend {
	case BackendS3:
		return "s3://" + s.S3.Bucket + "/" + s.S3.Prefix
	case BackendGCS:
		return "gs://" + s.GCS.Bucket + "/" + s.GCS.Prefix
	case BackendAzBlob:
		return "azblob://" + s.AzBlob.Container + "/" + s.AzBlob.Prefix
	default:
		return ""
	}
}

// TotalsDir is the folder of the numbers of objects as of the last stop.
func (c *Config) TotalsDir() string { return filepath.Join(c.base(), "totals") }

// CacheDir is the folder of what is kept of blobs that were read.
func (c *Config) CacheDir() string {
	return cmp.Or(c.Storage.Cache.Path, filepath.Join(c.Data, "cache"))
}

func (c *Config) base() string {
	if c.Ephemeral() {
		return c.EphemeralDir()
	}
	return c.Data
}
