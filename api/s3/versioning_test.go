package s3

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// newVersioned starts a server that has a bucket named "bucket" that keeps versions.
func newVersioned(t testing.TB) *testServer {
	t.Helper()
	s := newBucket(t, "bucket")
	s.setVersioning("Enabled")
	return s
}

func (s *testServer) setVersioning(status string) {
	s.t.Helper()
	s.do("PUT", "/bucket?versioning", "<VersioningConfiguration><Status>"+status+"</Status></VersioningConfiguration>").want(200, "")
}

// put stores an object and returns its version id.
func (s *testServer) put(key, content string) string {
	s.t.Helper()
	return s.do("PUT", "/bucket/"+key, content).want(200, "").header.Get("X-Amz-Version-Id")
}

// wantContent checks what a GET of a key or a version gives: the content, or a code where the object is not there.
func (s *testServer) wantContent(target, want string) {
	s.t.Helper()
	a := s.do("GET", "/bucket/"+target, "")
	got := a.body
	if a.status != 200 {
		got = a.element("Code")
	}
	if got != want {
		s.t.Errorf("GET %s: got %q, want %q", target, got, want)
	}
}

// wantVersions checks the versions of the bucket: "key content", with "*" in front of the latest and "-" for the
// content of a delete marker.
func (s *testServer) wantVersions(want ...string) {
	s.t.Helper()
	var got []string
	a := s.do("GET", "/bucket?versions", "").want(200, "")
	keys, ids, latest := a.elements("Key"), a.elements("VersionId"), a.elements("IsLatest")
	for i := range keys {
		content := "-"
		if v := s.do("GET", "/bucket/"+keys[i]+"?versionId="+ids[i], ""); v.status == 200 {
			content = v.body
		} else {
			v.want(405, "MethodNotAllowed")
		}
		line := keys[i] + " " + content
		if latest[i] == "true" {
			line = "*" + line
		}
		got = append(got, line)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("the versions are %q, want %q", got, want)
	}
	if shown := s.do("GET", "/bucket", "").want(200, "").elements("Key"); len(shown) != countCurrent(want) {
		s.t.Errorf("a list of objects has %q", shown)
	}
}

func countCurrent(versions []string) (n int) {
	for _, v := range versions {
		if strings.HasPrefix(v, "*") && !strings.HasSuffix(v, " -") {
			n++
		}
	}
	return n
}

func TestBucketVersioning(t *testing.T) {
	s := newBucket(t, "bucket")
	status := func(want string) {
		t.Helper()
		if got := s.do("GET", "/bucket?versioning", "").want(200, "").element("Status"); got != want {
			t.Errorf("the status is %q, want %q", got, want)
		}
	}
	status("")
	s.setVersioning("Enabled")
	status("Enabled")
	s.setVersioning("Suspended")
	status("Suspended")
	for body, code := range map[string]string{
		"": "MissingRequestBodyError", "<VersioningConfiguration/>": "IllegalVersioningConfigurationException",
		"<VersioningConfiguration><Status>On</Status></VersioningConfiguration>":        "MalformedXML",
		"<Versioning><Status>Enabled</Status></Versioning>":                             "MalformedXML",
		"<VersioningConfiguration><MfaDelete>Odd</MfaDelete></VersioningConfiguration>": "MalformedXML",
	} {
		s.do("PUT", "/bucket?versioning", body).want(400, code)
	}
	s.do("PUT", "/bucket?versioning", "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>").
		want(501, "NotImplemented")
	status("Suspended")
	s.do("PUT", "/missing?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>").want(404, "NoSuchBucket")
}

func TestVersionsAreKept(t *testing.T) {
	s := newVersioned(t)
	first, second := s.put("k", "one"), s.put("k", "two")
	if first == "" || first == second || first == "null" {
		t.Fatalf("version ids %q and %q", first, second)
	}
	s.wantContent("k", "two")
	s.wantContent("k?versionId="+first, "one")
	s.wantContent("k?versionId="+second, "two")
	s.wantContent("k?versionId=null", "NoSuchVersion")
	s.wantContent("k?versionId=nonsense", "InvalidArgument")
	if a := s.do("HEAD", "/bucket/k?versionId="+first, "").want(200, ""); a.header.Get("X-Amz-Version-Id") != first {
		t.Errorf("HEAD names version %q, want %q", a.header.Get("X-Amz-Version-Id"), first)
	}

	gone := s.do("DELETE", "/bucket/k", "").want(204, "")
	marker := gone.header.Get("X-Amz-Version-Id")
	if gone.header.Get("X-Amz-Delete-Marker") != "true" || marker == "" {
		t.Errorf("DELETE answered %v", gone.header)
	}
	s.wantVersions("*k -", "k two", "k one")
	hidden := s.do("GET", "/bucket/k", "").want(404, "NoSuchKey")
	if hidden.header.Get("X-Amz-Delete-Marker") != "true" || hidden.header.Get("X-Amz-Version-Id") != marker {
		t.Errorf("GET behind a marker answered %v", hidden.header)
	}
	named := s.do("HEAD", "/bucket/k?versionId="+marker, "").want(405, "")
	if named.header.Get("X-Amz-Delete-Marker") != "true" || named.header.Get("Allow") != "DELETE" || named.header.Get("Last-Modified") == "" {
		t.Errorf("HEAD of a marker answered %v", named.header)
	}
	s.do("DELETE", "/bucket", "").want(409, "BucketNotEmpty")

	unmarked := s.do("DELETE", "/bucket/k?versionId="+marker, "").want(204, "")
	if unmarked.header.Get("X-Amz-Delete-Marker") != "true" || unmarked.header.Get("X-Amz-Version-Id") != marker {
		t.Errorf("DELETE of a marker answered %v", unmarked.header)
	}
	s.wantVersions("*k two", "k one")
	removed := s.do("DELETE", "/bucket/k?versionId="+second, "").want(204, "")
	if removed.header.Get("X-Amz-Delete-Marker") != "" || removed.header.Get("X-Amz-Version-Id") != second {
		t.Errorf("DELETE of a version answered %v", removed.header)
	}
	s.wantVersions("*k one")
	s.do("DELETE", "/bucket/k?versionId="+second, "").want(204, "") // again
	s.do("DELETE", "/bucket/k?versionId="+first, "").want(204, "")
	s.wantVersions()
	s.do("DELETE", "/bucket", "").want(204, "")
}

func TestRemovalOfVersionsInAnyOrder(t *testing.T) {
	s := newVersioned(t)
	s.put("j", "other")
	s.put("k", "one")
	marker := s.do("DELETE", "/bucket/k", "").want(204, "").header.Get("X-Amz-Version-Id")
	second := s.put("k", "two")
	s.put("ka", "other")
	s.wantVersions("*j other", "*k two", "k -", "k one", "*ka other")
	// Below the object there is a marker: when the object goes, the key has no current object.
	s.do("DELETE", "/bucket/k?versionId="+second, "").want(204, "")
	s.wantVersions("*j other", "*k -", "k one", "*ka other")
	s.wantContent("k", "NoSuchKey")
	above := s.do("DELETE", "/bucket/k", "").want(204, "").header.Get("X-Amz-Version-Id")
	s.wantVersions("*j other", "*k -", "k -", "k one", "*ka other")
	// A marker below another hides nothing.
	s.do("DELETE", "/bucket/k?versionId="+marker, "").want(204, "")
	s.wantContent("k", "NoSuchKey")
	s.do("DELETE", "/bucket/k?versionId="+above, "").want(204, "")
	s.wantVersions("*j other", "*k one", "*ka other")
	// A marker for a key that never was.
	s.do("DELETE", "/bucket/never", "").want(204, "")
	s.wantVersions("*j other", "*k one", "*ka other", "*never -")
}

func TestNullVersions(t *testing.T) {
	s := newBucket(t, "bucket")
	if id := s.put("k", "before"); id != "" {
		t.Errorf("version id %q in a bucket that keeps no versions", id)
	}
	s.setVersioning("Enabled")
	if id := s.do("HEAD", "/bucket/k", "").header.Get("X-Amz-Version-Id"); id != "null" {
		t.Errorf("version id %q of an object from before", id)
	}
	s.put("k", "one")
	s.wantVersions("*k one", "k before")
	s.wantContent("k?versionId=null", "before")
	s.put("k", "two")

	// Suspended: a new object takes the place of the null version, wherever that is, and the others stay.
	s.setVersioning("Suspended")
	if id := s.put("k", "suspended"); id != "null" {
		t.Errorf("version id %q while versioning is suspended", id)
	}
	s.wantVersions("*k suspended", "k two", "k one")
	s.put("k", "again")
	s.wantVersions("*k again", "k two", "k one")
	a := s.do("DELETE", "/bucket/k", "").want(204, "")
	if a.header.Get("X-Amz-Version-Id") != "null" || a.header.Get("X-Amz-Delete-Marker") != "true" {
		t.Errorf("DELETE answered %v", a.header)
	}
	s.wantVersions("*k -", "k two", "k one")
	s.do("DELETE", "/bucket/k", "").want(204, "")
	s.wantVersions("*k -", "k two", "k one")

	// A null version below others, in a bucket that keeps versions again.
	s.setVersioning("Enabled")
	s.put("k", "three")
	s.wantVersions("*k three", "k -", "k two", "k one")
	s.do("DELETE", "/bucket/k?versionId=null", "").want(204, "")
	s.wantVersions("*k three", "k two", "k one")
	s.setVersioning("Suspended")
	s.put("k", "four")
	s.wantVersions("*k four", "k three", "k two", "k one")
	s.do("DELETE", "/bucket/k?versionId=null", "").want(204, "")
	s.wantVersions("*k three", "k two", "k one")
	s.put("k", "five")
	s.setVersioning("Enabled")
	top := s.put("k", "six")
	s.do("DELETE", "/bucket/k?versionId="+top, "").want(204, "")
	s.wantVersions("*k five", "k three", "k two", "k one")
	s.wantContent("k?versionId=null", "five")
}

// TestVersionsOfOneKeyInOneDelete is what programs do that empty a bucket.
func TestVersionsOfOneKeyInOneDelete(t *testing.T) {
	s := newVersioned(t)
	for i := range 7 {
		s.put("k", fmt.Sprint(i))
		if i%3 == 2 {
			s.do("DELETE", "/bucket/k", "").want(204, "")
		}
	}
	s.put("other", "stays")
	entries := func(ids []string) string {
		var b strings.Builder
		for _, id := range ids {
			b.WriteString("<Object><Key>k</Key><VersionId>" + id + "</VersionId></Object>")
		}
		return "<Delete>" + b.String() + "</Delete>"
	}
	a := s.do("GET", "/bucket?versions&prefix=k", "").want(200, "")
	ids := a.elements("VersionId")
	if len(ids) != 9 {
		t.Fatalf("%d versions: %s", len(ids), a.body)
	}
	s.deleteKeys(entries(ids[:6])).want(200, "")
	s.wantVersions("*k 2", "k 1", "k 0", "*other stays")
	a = s.deleteKeys("<Delete><Object><Key>k</Key></Object><Object><Key>k</Key></Object></Delete>").want(200, "")
	if a.element("DeleteMarker") != "true" || a.element("DeleteMarkerVersionId") == "" {
		t.Errorf("body %s", a.body)
	}
	s.wantVersions("*k -", "k -", "k 2", "k 1", "k 0", "*other stays")
	ids = s.do("GET", "/bucket?versions&prefix=k", "").want(200, "").elements("VersionId")
	a = s.deleteKeys(entries(append(ids, "nonsense"))).want(200, "")
	if a.element("Code") != "InvalidArgument" || strings.Count(a.body, "<Deleted>") != len(ids) {
		t.Errorf("body %s", a.body)
	}
	s.wantVersions("*other stays")
}

func TestConditionsAreAboutTheCurrentObject(t *testing.T) {
	s := newVersioned(t)
	first := s.put("k", "one")
	s.do("PUT", "/bucket/k", "two", "If-None-Match: *").want(412, "PreconditionFailed")
	s.do("DELETE", "/bucket/k", "", "If-Match: other").want(412, "PreconditionFailed")
	s.do("DELETE", "/bucket/k", "", "If-Match: *").want(204, "")
	s.do("PUT", "/bucket/k", "two", "If-Match: *").want(404, "NoSuchKey")
	s.do("DELETE", "/bucket/k", "", "If-Match: *").want(404, "NoSuchKey")
	s.do("DELETE", "/bucket/k?versionId="+first, "", "X-Amz-If-Match-Size: 4").want(412, "PreconditionFailed")
	s.do("PUT", "/bucket/k", "two", "If-None-Match: *").want(200, "")
	s.wantVersions("*k two", "k -", "k one")
}

func TestCopiesOfVersions(t *testing.T) {
	s := newVersioned(t)
	first := s.put("k", "one")
	s.put("k", "two")
	a := s.do("PUT", "/bucket/k", "", "X-Amz-Copy-Source: bucket/k?versionId="+first).want(200, "")
	if a.header.Get("X-Amz-Copy-Source-Version-Id") != first || a.header.Get("X-Amz-Version-Id") == "" {
		t.Errorf("the copy answered %v", a.header)
	}
	s.wantVersions("*k one", "k two", "k one")
	// The blob lives as long as anything names it.
	s.do("DELETE", "/bucket/k?versionId="+first, "").want(204, "")
	s.wantVersions("*k one", "k two")
	marker := s.do("DELETE", "/bucket/k", "").want(204, "").header.Get("X-Amz-Version-Id")
	s.do("PUT", "/bucket/copy", "", "X-Amz-Copy-Source: bucket/k").want(404, "NoSuchKey")
	s.do("PUT", "/bucket/copy", "", "X-Amz-Copy-Source: bucket/k?versionId="+marker).want(400, "InvalidRequest")

	upload := s.do("POST", "/bucket/parts?uploads", "").want(200, "").element("UploadId")
	part := s.do("PUT", "/bucket/parts?partNumber=1&uploadId="+upload, "", "X-Amz-Copy-Source: bucket/k?versionId="+a.header.Get("X-Amz-Version-Id")).want(200, "")
	if part.header.Get("X-Amz-Copy-Source-Version-Id") != a.header.Get("X-Amz-Version-Id") {
		t.Errorf("the copied part answered %v", part.header)
	}
	done := s.do("POST", "/bucket/parts?uploadId="+upload,
		"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+part.element("ETag")+"</ETag></Part></CompleteMultipartUpload>").want(200, "")
	s.wantContent("parts?versionId="+done.header.Get("X-Amz-Version-Id"), "one")
}

func TestListObjectVersions(t *testing.T) {
	s := newVersioned(t)
	for _, key := range []string{"a", "b/1", "b/2", "c"} {
		for _, content := range []string{"1", "2", "3"} {
			s.put(key, content)
		}
	}
	s.do("DELETE", "/bucket/c", "").want(204, "")
	whole := s.do("GET", "/bucket?versions", "").want(200, "")
	for limit := 1; limit <= 14; limit++ {
		var keys, ids, latest []string
		for marker := ""; ; {
			a := s.do("GET", fmt.Sprintf("/bucket?versions&max-keys=%d%s", limit, marker), "").want(200, "")
			keys, ids, latest = append(keys, a.elements("Key")...), append(ids, a.elements("VersionId")...), append(latest, a.elements("IsLatest")...)
			if a.element("IsTruncated") == "false" {
				break
			}
			marker = "&key-marker=" + a.element("NextKeyMarker") + "&version-id-marker=" + a.element("NextVersionIdMarker")
		}
		if !slices.Equal(keys, whole.elements("Key")) || !slices.Equal(ids, whole.elements("VersionId")) ||
			!slices.Equal(latest, whole.elements("IsLatest")) {
			t.Errorf("%d at a time: keys %q, versions %q, latest %q", limit, keys, ids, latest)
		}
	}
	a := s.do("GET", "/bucket?versions&delimiter=/&max-keys=4", "").want(200, "")
	if !slices.Equal(a.elements("Key"), []string{"a", "a", "a"}) || a.element("NextKeyMarker") != "b/" || a.element("NextVersionIdMarker") != "" {
		t.Errorf("body %s", a.body)
	}
	a = s.do("GET", "/bucket?versions&key-marker=b/", "").want(200, "")
	if keys := a.elements("Key"); len(keys) != 10 {
		t.Errorf("behind the key b/ are %q", keys)
	}
	a = s.do("GET", "/bucket?versions&prefix=c", "").want(200, "")
	if !slices.Equal(a.elements("IsLatest"), []string{"true", "false", "false", "false"}) || strings.Count(a.body, "<DeleteMarker>") != 1 {
		t.Errorf("body %s", a.body)
	}
	s.do("GET", "/bucket?versions&key-marker=a&version-id-marker=", "").want(400, "InvalidArgument")
	s.do("GET", "/bucket?versions&key-marker=a&version-id-marker=nonsense", "").want(400, "InvalidArgument")
}

// TestManyLongRecordsInOneDelete deletes more than one commit of the log can hold.
func TestManyLongRecordsInOneDelete(t *testing.T) {
	s := newVersioned(t)
	var tags []string
	for i := range 10 {
		tags = append(tags, fmt.Sprintf("%d%s=%s", i, strings.Repeat("%E6%97%A5", 127), strings.Repeat("%E6%97%A5", 256)))
	}

	const keys = 800
	var entries strings.Builder
	for i := range keys {
		s.do("PUT", fmt.Sprintf("/bucket/%d", i), "", "X-Amz-Tagging: "+strings.Join(tags, "&")).want(200, "")
		fmt.Fprintf(&entries, "<Object><Key>%d</Key></Object>", i)
	}
	a := s.deleteKeys("<Delete>"+entries.String()+"</Delete>").want(200, "")
	if n := strings.Count(a.body, "<DeleteMarker>true"); n != keys {
		t.Errorf("%d delete markers, want %d: %.1000s", n, keys, a.body)
	}
	if left := s.do("GET", "/bucket", "").want(200, "").elements("Key"); len(left) > 0 {
		t.Errorf("%d keys are left", len(left))
	}
}
