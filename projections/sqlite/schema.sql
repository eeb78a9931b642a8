-- The metadata of an object store. README.md beside this file tells how to read it.
--
-- Text that is empty, JSON of nothing, and a time that is not known are NULL, except in the columns that are NOT NULL.
-- Times are UTC, as in 2024-02-29T23:59:59.999Z. Text compares by its bytes.

-- One row: the last commit of the event log that is in the tables, and the version of this schema.
CREATE TABLE store (
  id             INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  schema_version INTEGER NOT NULL,
  log_id         TEXT,
  log_sequence   INTEGER NOT NULL,
  log_hash       TEXT
) STRICT;
INSERT INTO store (id, schema_version, log_sequence) VALUES (1, 0, 0);

CREATE TABLE buckets (
  name                TEXT NOT NULL PRIMARY KEY,
  region              TEXT,
  created             TEXT,
  owner_id            TEXT,
  owner_name          TEXT,
  versioning          TEXT,
  ownership           TEXT,
  grants              TEXT, -- JSON: the ACL; NULL is the private one
  public_access_block TEXT, -- JSON
  cors                TEXT, -- JSON
  tags                TEXT  -- JSON: [{"key":"...","value":"..."}]
) STRICT, WITHOUT ROWID;

-- The current object of each key.
CREATE TABLE objects (
  bucket              TEXT    NOT NULL,
  key                 TEXT    NOT NULL,
  version             TEXT    NOT NULL, -- a newer one compares greater
  is_null             INTEGER NOT NULL, -- 1: S3 calls its version "null"
  older_null          TEXT,
  modified            TEXT,
  owner_id            TEXT,
  owner_name          TEXT,
  grants              TEXT, -- JSON: the ACL; NULL is the private one
  upload_id           TEXT, -- of the multipart upload that became it
  size                INTEGER NOT NULL,
  etag                TEXT,
  checksum_algorithm  TEXT,
  checksum_type       TEXT,
  checksum            TEXT, -- base64
  content_type        TEXT,
  content_encoding    TEXT,
  content_language    TEXT,
  content_disposition TEXT,
  cache_control       TEXT,
  expires             TEXT,
  website_redirect    TEXT,
  storage_class       TEXT, -- NULL is STANDARD
  metadata            TEXT, -- JSON: {"name":"value"}
  tags                TEXT, -- JSON: [{"key":"...","value":"..."}]
  blobs               TEXT, -- JSON: [{"id":"...","size":1,"crc64nvme":"..."}], the bytes in their order
  parts               TEXT, -- JSON: [{"number":1,"size":1,"etag":"..."}], of a multipart object
  manifest            TEXT, -- JSON: the blob that lists blobs and parts, if they are too many
  PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;

-- Every version that is not current. The columns are those of objects, and delete_marker.
CREATE TABLE versions (
  bucket              TEXT    NOT NULL,
  key                 TEXT    NOT NULL,
  delete_marker       INTEGER NOT NULL, -- 1: it hides the versions before it, and has no content
  version             TEXT    NOT NULL,
  is_null             INTEGER NOT NULL,
  older_null          TEXT,
  modified            TEXT,
  owner_id            TEXT,
  owner_name          TEXT,
  grants              TEXT,
  upload_id           TEXT,
  size                INTEGER NOT NULL,
  etag                TEXT,
  checksum_algorithm  TEXT,
  checksum_type       TEXT,
  checksum            TEXT,
  content_type        TEXT,
  content_encoding    TEXT,
  content_language    TEXT,
  content_disposition TEXT,
  cache_control       TEXT,
  expires             TEXT,
  website_redirect    TEXT,
  storage_class       TEXT,
  metadata            TEXT,
  tags                TEXT,
  blobs               TEXT,
  parts               TEXT,
  manifest            TEXT,
  PRIMARY KEY (bucket, key, version DESC)
) STRICT, WITHOUT ROWID;

-- Multipart uploads that are neither completed nor aborted.
CREATE TABLE uploads (
  bucket              TEXT NOT NULL,
  key                 TEXT NOT NULL,
  upload_id           TEXT NOT NULL,
  initiated           TEXT,
  initiator_id        TEXT,
  initiator_name      TEXT,
  owner_id            TEXT, -- of the object to be; NULL is the initiator
  owner_name          TEXT,
  grants              TEXT, -- JSON
  checksum_algorithm  TEXT,
  checksum_type       TEXT,
  checksum            TEXT,
  content_type        TEXT,
  content_encoding    TEXT,
  content_language    TEXT,
  content_disposition TEXT,
  cache_control       TEXT,
  expires             TEXT,
  website_redirect    TEXT,
  storage_class       TEXT,
  metadata            TEXT, -- JSON
  tags                TEXT, -- JSON
  PRIMARY KEY (bucket, key, upload_id)
) STRICT, WITHOUT ROWID;

-- The parts of these uploads.
CREATE TABLE parts (
  upload_id          TEXT    NOT NULL,
  number             INTEGER NOT NULL,
  size               INTEGER NOT NULL,
  etag               TEXT,
  modified           TEXT,
  checksum_algorithm TEXT,
  checksum_type      TEXT,
  checksum           TEXT,
  blob_id            TEXT    NOT NULL,
  blob_size          INTEGER NOT NULL,
  blob_crc64nvme     TEXT,
  PRIMARY KEY (upload_id, number)
) STRICT, WITHOUT ROWID;

-- How many things name a blob, of the blobs that more than one names.
CREATE TABLE shared_blobs (
  blob_id TEXT    NOT NULL PRIMARY KEY,
  count   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Blobs that nothing names any more and that are still to be deleted.
CREATE TABLE garbage (
  since       TEXT    NOT NULL,
  blob_id     TEXT    NOT NULL,
  is_manifest INTEGER NOT NULL, -- 1: the blobs that it lists go with it
  size        INTEGER NOT NULL, -- bytes; 0 also where that is not known
  crc64nvme   TEXT,
  PRIMARY KEY (since, blob_id)
) STRICT, WITHOUT ROWID;

-- All versions of all keys, the current ones included. The latest of a key is its object, or hides that there was one.
CREATE VIEW all_versions (
  bucket, key, version, latest, delete_marker, modified, size, etag, content_type, storage_class, owner_id
) AS
SELECT bucket, key, version, 1, 0, modified, size, etag, content_type, storage_class, owner_id
FROM objects
UNION ALL
SELECT bucket, key, version,
  NOT EXISTS (SELECT 1 FROM objects o WHERE o.bucket = v.bucket AND o.key = v.key) AND
  NOT EXISTS (SELECT 1 FROM versions n WHERE n.bucket = v.bucket AND n.key = v.key AND n.version > v.version),
  delete_marker, modified, size, etag, content_type, storage_class, owner_id
FROM versions v;

-- The tags of current objects, one by one.
CREATE VIEW object_tags (bucket, key, name, value) AS
SELECT o.bucket, o.key, t.value ->> 'key', t.value ->> 'value'
FROM objects o, json_each(o.tags) t;

-- The user's metadata of current objects, one by one.
CREATE VIEW object_metadata (bucket, key, name, value) AS
SELECT o.bucket, o.key, m.key, m.value
FROM objects o, json_each(o.metadata) m;

-- The blobs that all versions name themselves. Those that a manifest lists are in that blob alone.
CREATE VIEW object_blobs (bucket, key, version, blob_id, size) AS
SELECT v.bucket, v.key, v.version, b.value ->> 'id', b.value ->> 'size'
FROM (
  SELECT bucket, key, version, blobs FROM objects
  UNION ALL
  SELECT bucket, key, version, blobs FROM versions
) v, json_each(v.blobs) b;
