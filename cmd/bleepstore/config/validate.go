package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	regionForm    = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
	domainForm    = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)
	accessKeyForm = regexp.MustCompile(`^[A-Za-z0-9._@+-]{1,128}$`)
	prefixForm    = regexp.MustCompile(`^[A-Za-z0-9._-][A-Za-z0-9._/-]{0,511}$`)
	secretKeyForm = regexp.MustCompile(`^[!-~]{8,128}$`) // ASCII that can be seen
)

// minCache is enough for a few of the pieces that a cache has.
const minCache = Size(16 << 20)

// minSegmentSize bounds how many files an archive has.
const minSegmentSize = Size(64 << 10)

// minEvents is enough for a few of the largest events.
const minEvents = Size(32 << 20)

// validate returns all that is wrong with c at once. Secrets are not repeated in errors.
func (c *Config) validate() error {
	var v validation
	v.that(c.Data != "", "data", c.Data, "the name of a folder")

	v.that(isAddress(c.Server.Listen), "server.listen", c.Server.Listen, "HOST:PORT, such as 127.0.0.1:9000 or :9000")
	v.that(c.Server.AdminListen == "" || isAddress(c.Server.AdminListen), "server.admin_listen", c.Server.AdminListen,
		"HOST:PORT, such as 127.0.0.1:9001, or nothing for the address of S3")
	v.that(c.Server.Domain == "" || domainForm.MatchString(c.Server.Domain), "server.domain", c.Server.Domain,
		"a domain name in lower case, such as s3.example.com")
	v.that(regionForm.MatchString(c.Server.Region), "server.region", c.Server.Region,
		"lower-case letters, digits and hyphens, such as us-east-1")
	v.that((c.Server.TLS.Cert == "") == (c.Server.TLS.Key == ""), "server.tls", c.Server.TLS, "both cert and key, or neither")
	if c.Server.ObjectOwnership != "" {
		v.oneOf("server.object_ownership", c.Server.ObjectOwnership, Ownerships)
	}
	v.that(c.Server.ShutdownTimeout >= 0 && c.Server.ShutdownTimeout <= time.Hour, "server.shutdown_timeout",
		c.Server.ShutdownTimeout, "0s to 1h")
	v.that(c.Server.MaxConnections >= 0, "server.max_connections", c.Server.MaxConnections, "at least 1, or 0 for the default")
	v.that(c.Server.MaxRequests >= 0, "server.max_requests", c.Server.MaxRequests, "at least 1, or 0 for the default")

	v.that(c.Log.Retention.Age >= 0, "log.retention.age", c.Log.Retention.Age, "a duration such as 720h, or 0s for no limit")
	v.that(c.Log.Retention.Bytes >= 0, "log.retention.bytes", c.Log.Retention.Bytes, "a number of bytes such as 10GiB, or 0 for no limit")
	if c.Log.Retention != (Retention{}) {
		v.that(c.HasArchive() && c.Snapshot.Interval > 0, "log.retention", c.Log.Retention,
			"none without an archive and snapshots, which have what is trimmed")
	}
	v.oneOf("archive.backend", c.Archive.Backend, ArchiveBackends)
	v.that(c.Archive.Path == "" || c.Archive.Backend == ArchiveFolder, "archive.path", c.Archive.Path,
		"none unless archive.backend is folder: in the storage, the archive is where the blobs are")
	v.that(c.Archive.SegmentSize >= minSegmentSize, "archive.segment_size", c.Archive.SegmentSize,
		"at least "+minSegmentSize.String()+", such as 64MiB")
	v.that(c.Events.Listen == "" || isAddress(c.Events.Listen), "events.listen", c.Events.Listen,
		"HOST:PORT, such as 127.0.0.1:4222 or :4222, or none for no public stream")
	v.that((c.Events.TLS.Cert == "") == (c.Events.TLS.Key == ""), "events.tls", c.Events.TLS, "both cert and key, or neither")
	v.that(c.Events.MaxAge == 0 || c.Events.MaxAge >= time.Second, "events.max_age", c.Events.MaxAge,
		"at least 1s, such as 168h, or 0s for no limit")
	v.that(c.Events.MaxBytes == 0 || c.Events.MaxBytes >= minEvents, "events.max_bytes", c.Events.MaxBytes,
		"at least "+minEvents.String()+", such as 1GiB, or 0 for no limit")
	v.that(c.Snapshot.Interval == 0 || c.Snapshot.Interval >= time.Second, "snapshot.interval", c.Snapshot.Interval,
		"at least 1s, or 0s for never")

	c.validateMetadata(&v)
	v.that(c.Multipart.Expiry == 0 || c.Multipart.Expiry >= time.Second, "multipart.expiry", c.Multipart.Expiry,
		"at least 1s, or 0s for never")
	c.validateStorage(&v)
	v.that(c.Storage.ReapAfter >= time.Second, "storage.reap_after", c.Storage.ReapAfter, "at least 1s")
	v.that(c.Storage.ScrubInterval == 0 || c.Storage.ScrubInterval >= time.Second, "storage.scrub_interval",
		c.Storage.ScrubInterval, "at least 1s, or 0s for never")
	v.that(c.Storage.Memory.Limit > 0, "storage.memory.limit", c.Storage.Memory.Limit, "at least one byte, such as 512MiB")
	if c.Ephemeral() {
		const want = "none while storage.backend is memory: the log and the metadata must not outlive the blobs"
		v.that(c.Log.Path == "", "log.path", c.Log.Path, want)
		v.that(c.Metadata.Pebble.Path == "", "metadata.pebble.path", c.Metadata.Pebble.Path, want)
		v.that(c.Metadata.JSONL.Path == "", "metadata.jsonl.path", c.Metadata.JSONL.Path, want)
		v.that(c.Metadata.SQLite.Path == "", "metadata.sqlite.path", c.Metadata.SQLite.Path, want)
	}

	v.oneOf("logging.level", c.Logging.Level, Levels)
	v.oneOf("logging.format", c.Logging.Format, Formats)
	v.oneOf("access_log.format", c.AccessLog.Format, AccessLogFormats)
	v.that(c.AccessLog.Path == "" || c.AccessLog.Format != AccessLogOff, "access_log.path", c.AccessLog.Path,
		"none while access_log.format is off, or another format")
	v.that(c.Tracing.Endpoint == "" || isURL(c.Tracing.Endpoint), "tracing.endpoint", c.Tracing.Endpoint,
		"a URL such as http://127.0.0.1:4318, or none for no traces")
	v.that(c.Tracing.Sample >= 0 && c.Tracing.Sample <= 1, "tracing.sample", c.Tracing.Sample, "0 to 1")

	c.Notifications.validate(&v)
	c.Auth.validate(&v)
	return errors.Join(v...)
}

// validateMetadata checks the engines, and those of their settings that are used.
func (c *Config) validateMetadata(v *validation) {
	v.oneOf("metadata.engine", c.Metadata.Engine, Engines)
	for i, engine := range c.Projections {
		key := fmt.Sprintf("projections[%d]", i)
		v.oneOf(key, engine, Engines)
		v.that(engine != c.Metadata.Engine, key, engine, "an engine that is not metadata.engine, which is kept up to date anyway")
		v.that(!slices.Contains(c.Projections[:i], engine), key, engine, "an engine that is not in the list already")
	}
	c.validatePlaces(v)
	uses := func(engine string) bool { return c.Metadata.Engine == engine || slices.Contains(c.Projections, engine) }
	if d := c.Metadata.DynamoDB; uses(EngineDynamoDB) {
		v.that(d.Table != "", "metadata.dynamodb.table", d.Table, "the name of a table")
		v.that((d.AccessKey == "") == (d.SecretKey == ""), "metadata.dynamodb.access_key", d.AccessKey, "one with a secret_key, or neither")
	}
	if f := c.Metadata.Firestore; uses(EngineFirestore) {
		v.that(f.Project != "", "metadata.firestore.project", f.Project, "the id of a project")
		v.that(f.Database != "", "metadata.firestore.database", f.Database, "the id of a database, such as (default)")
		v.that(f.Collection != "" && !strings.Contains(f.Collection, "/"), "metadata.firestore.collection", f.Collection, "the name of a collection")
	}
	if d := c.Metadata.Cosmos; uses(EngineCosmos) {
		v.that(d.Endpoint != "", "metadata.cosmos.endpoint", d.Endpoint, "the URL of an account, such as https://name.documents.azure.com:443/")
		v.that(d.Database != "", "metadata.cosmos.database", d.Database, "the name of a database")
		v.that(d.Container != "", "metadata.cosmos.container", d.Container, "the name of a container")
	}
	if c.Ephemeral() {
		for _, engine := range []string{EngineDynamoDB, EngineFirestore, EngineCosmos} {
			v.that(!uses(engine), "metadata.engine or projections", engine,
				"another while storage.backend is memory: the metadata must not outlive the blobs")
		}
	}
}

// validateStorage checks the backend, and those of the settings of clouds that are used.
func (c *Config) validateStorage(v *validation) {
	s := c.Storage
	v.oneOf("storage.backend", s.Backend, Backends)
	v.that(s.Timeout >= time.Second, "storage.timeout", s.Timeout, "at least 1s")
	v.that(s.Cache.Size == 0 || s.Cache.Size >= minCache, "storage.cache.size", s.Cache.Size,
		"at least "+minCache.String()+", such as 10GiB, or 0 for no cache")
	v.that(s.Cache.Size == 0 || c.InCloud(), "storage.cache.size", s.Cache.Size, "0 for a storage.backend that is not in a cloud")
	v.that((s.S3.AccessKey == "") == (s.S3.SecretKey == ""), "storage.s3.access_key", s.S3.AccessKey, "one with a secret_key, or neither")
	for key, prefix := range map[string]string{
		"storage.s3.prefix": s.S3.Prefix, "storage.gcs.prefix": s.GCS.Prefix, "storage.azblob.prefix": s.AzBlob.Prefix,
	} {
		v.that(prefix == "" || prefixForm.MatchString(prefix), key, prefix,
			"up to 512 letters, digits or any of . _ - / that do not begin with a slash, such as bleepstore/")
	}
	switch s.Backend {
	case BackendS3:
		v.that(s.S3.Bucket != "", "storage.s3.bucket", s.S3.Bucket, "the name of a bucket")
	case BackendGCS:
		v.that(s.GCS.Bucket != "", "storage.gcs.bucket", s.GCS.Bucket, "the name of a bucket")
	case BackendAzBlob:
		v.that(s.AzBlob.Container != "", "storage.azblob.container", s.AzBlob.Container, "the name of a container")
	}
}

// validatePlaces sees to it that no two engines have one folder, where each would take the files of the other for its own.
func (c *Config) validatePlaces(v *validation) {
	engines := append([]string{c.Metadata.Engine}, c.Projections...)
	for i, engine := range engines {
		place := c.EnginePlace(engine)
		for _, other := range engines[:i] {
			same := engine != other && IsFolder(engine) && IsFolder(other) && isSamePath(place, c.EnginePlace(other))
			v.that(!same, "metadata."+engine+".path", place, "another folder than that of "+other)
		}
	}
}

// isSamePath tells whether two paths are one, wherever the process is.
func isSamePath(a, b string) bool {
	a, errA := filepath.Abs(a)
	b, errB := filepath.Abs(b)
	return errA == nil && errB == nil && a == b
}

func (a Auth) validate(v *validation) {
	v.that(len(a.Credentials) > 0, "auth.credentials", "empty", "at least one access key")
	seen := map[string]bool{}
	for i, c := range a.Credentials {
		key := fmt.Sprintf("auth.credentials[%d].", i)
		v.that(accessKeyForm.MatchString(c.AccessKey), key+"access_key", c.AccessKey,
			"1 to 128 letters, digits or any of . _ @ + -")
		v.that(!seen[c.AccessKey], key+"access_key", c.AccessKey, "an access key that is not in the list already")
		seen[c.AccessKey] = true
		v.that(secretKeyForm.MatchString(c.SecretKey), key+"secret_key", fmt.Sprintf("%d characters", len(c.SecretKey)),
			"8 to 128 ASCII characters without spaces")
		v.that(c.ID == "" || accessKeyForm.MatchString(c.ID), key+"id", c.ID, // S3's are 64 hex digits, imported ones may be any
			"1 to 128 letters, digits or any of . _ @ + -")
	}
}

// validation gathers what is wrong.
type validation []error

// that notes, unless ok, which key has which value, and what it wants instead.
func (v *validation) that(ok bool, key string, value any, want string) {
	if !ok {
		*v = append(*v, fmt.Errorf("%s is %q: want %s", key, fmt.Sprint(value), want))
	}
}

func (v *validation) oneOf(key, value string, allowed []string) {
	v.that(slices.Contains(allowed, value), key, value, "one of "+strings.Join(allowed, ", "))
}

// isURL tells whether something is the URL of a place to send requests to.
func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.Fragment == ""
}

func isAddress(listen string) bool {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}
