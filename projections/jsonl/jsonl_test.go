package jsonl_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/jsonl"
	"github.com/bleepstore/bleepstore/projections/storetest"
)

func TestStore(t *testing.T) {
	storetest.RunPersistent(t, func(t *testing.T) func() projections.MetadataStore {
		dir := t.TempDir()
		return func() projections.MetadataStore { return open(t, dir) }
	})
}

func open(t testing.TB, dir string) projections.MetadataStore {
	t.Helper()
	s, err := jsonl.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLines shows what a person finds in the files. To change it is to change the format.
func TestLines(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	garbage := projections.Garbage{FreeBlob: eventlog.FreeBlob{ID: "x"}, Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	err := s.Apply(t.Context(), eventlog.Position{Log: "log", Seq: 7, Hash: "00ff"}, []projections.Change{
		projections.DeleteBucket{Name: "b"},
		projections.DeleteObject{Bucket: "b", Key: "a \"key\" <&>\n☃"},
		projections.DeleteVersion{Bucket: "b", Key: "k", Version: "1"},
		projections.DeleteUpload{Bucket: "b", Key: "k", ID: "u"},
		projections.PutPart{Part: &projections.Part{Upload: "u", Part: eventlog.Part{Number: 1}}},
		projections.SetShared{Blob: "x", Count: 2},
		projections.SetShared{Blob: "x", Count: 1},
		projections.PutGarbage{Garbage: garbage},
		projections.DeleteGarbage{Garbage: garbage},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"buckets":  `{"delete":{"name":"b"}}` + "\n",
		"objects":  `{"delete":{"bucket":"b","key":"a \"key\" <&>\n☃"}}` + "\n",
		"versions": `{"delete":{"bucket":"b","key":"k","version":"1"}}` + "\n",
		"uploads":  `{"delete":{"bucket":"b","key":"k","id":"u"}}` + "\n",
		"parts": `{"delete":{"upload":"u"}}` + "\n" +
			`{"put":{"upload":"u","number":1,"size":0,"etag":"","blob":{"id":"","size":0,"crc64nvme":""}}}` + "\n",
		"shared": `{"put":{"blob":"x","count":2}}` + "\n" + `{"delete":{"blob":"x"}}` + "\n",
		"garbage": `{"put":{"id":"x","since":"2026-01-02T03:04:05Z"}}` + "\n" +
			`{"delete":{"id":"x","since":"2026-01-02T03:04:05Z"}}` + "\n",
		"commits": `{"format":1}` + "\n" +
			`{"previous":"0fb4e832","synced":1,"crc32c":"9131e334"}` + "\n" +
			`{"previous":"9131e334","position":{"log":"log","seq":7,"hash":"00ff"},"appended":{` +
			`"buckets":{"lines":1,"bytes":24,"crc32c":"23a63408"},"garbage":{"lines":2,"bytes":103,"crc32c":"b9c591e5"},"objects":{"lines":1,"bytes":53,"crc32c":"a6846432"},` +
			`"parts":{"lines":2,"bytes":120,"crc32c":"4e84f5a1"},"shared":{"lines":2,"bytes":55,"crc32c":"886fec53"},"uploads":{"lines":1,"bytes":45,"crc32c":"7c08adbf"},"versions":{"lines":1,"bytes":50,"crc32c":"1b1a5222"}},"crc32c":"bb9e53b9"}` + "\n" +
			`{"previous":"bb9e53b9","position":{"log":"log","seq":7,"hash":"00ff"},"synced":3,"crc32c":"e70fce29"}` + "\n",
	} {
		got, err := os.ReadFile(filepath.Join(dir, "000001", name+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s.jsonl:\n got %s\nwant %s", name, got, want)
		}
	}
}
