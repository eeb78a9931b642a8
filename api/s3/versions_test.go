package s3

import (
	"context"
	"slices"
	"sync"
	"testing"
)

func TestEveryObjectIsItsOnlyVersion(t *testing.T) {
	s := newKeys(t, "a b", "b/1", "b/2", "c")
	a := s.do("GET", "/bucket?versions&delimiter=/&max-keys=1&encoding-type=url", "").want(200, "")
	for element, want := range map[string]string{
		"Name": "bucket", "Key": "a+b", "VersionId": "null", "IsLatest": "true", "Size": "3", "ID": "c0ffee", "MaxKeys": "1",
		"NextKeyMarker": "a+b", "NextVersionIdMarker": "null", "IsTruncated": "true", "EncodingType": "url",
	} {
		if got := a.element(element); got != want {
			t.Errorf("%s is %q, want %q", element, got, want)
		}
	}
	a = s.do("GET", "/bucket?versions&delimiter=/&max-keys=1&key-marker=a+b&version-id-marker=null", "").want(200, "")
	if !slices.Equal(a.elements("Prefix"), []string{"", "b/"}) || a.element("NextKeyMarker") != "b/" || a.element("NextVersionIdMarker") != "" {
		t.Errorf("body %s", a.body)
	}
	a = s.do("GET", "/bucket?versions&prefix=b/", "").want(200, "")
	if !slices.Equal(a.elements("Key"), []string{"b/1", "b/2"}) || a.element("NextKeyMarker") != "" || a.element("IsTruncated") != "false" {
		t.Errorf("body %s", a.body)
	}
	s.do("GET", "/bucket?versions&version-id-marker=null", "").want(400, "InvalidArgument")
	s.do("GET", "/missing?versions", "").want(404, "NoSuchBucket")
}

// Who deletes all versions page by page meets each of them, also where one becomes the current one meanwhile.
func TestDeletingPageByPage(t *testing.T) {
	for name, fill := range map[string]func(*testServer){
		"versions": func(s *testServer) {
			for range 5 {
				s.put("key", "content")
			}
		},
		"delete marker": func(s *testServer) {
			for range 3 {
				s.put("key", "content")
			}
			s.do("DELETE", "/bucket/key", "").want(204, "")
			s.put("other", "content")
		},
		"null version": func(s *testServer) {
			for range 3 {
				s.put("key", "content")
			}
			s.setVersioning("Suspended")
			s.put("key", "content")
			s.put("kez", "content")
		},
	} {
		for _, size := range []string{"1", "2", "3"} {
			s := newVersioned(t)
			fill(s)
			target := "/bucket?versions&max-keys=" + size
			for marker := ""; ; {
				a := s.do("GET", target+marker, "").want(200, "")
				keys := a.elements("Key")
				for i, id := range a.elements("VersionId") {
					s.do("DELETE", "/bucket/"+keys[i]+"?versionId="+id, "").want(204, "")
				}
				if a.element("IsTruncated") != "true" {
					break
				}
				marker = "&key-marker=" + a.element("NextKeyMarker") + "&version-id-marker=" + a.element("NextVersionIdMarker")
			}
			if left := s.do("GET", "/bucket?versions", "").want(200, "").elements("VersionId"); len(left) > 0 {
				t.Errorf("%s, pages of %s: %d versions are left", name, size, len(left))
			}
		}
	}
}

// A version can be read at any time, whatever comes and goes above it.
func TestAVersionIsAlwaysThere(t *testing.T) {
	s := newVersioned(t)
	version := s.put("key", "content")
	var changing sync.WaitGroup
	defer changing.Wait()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	changing.Go(func() {
		for ctx.Err() == nil {
			marker := s.do("DELETE", "/bucket/key", "").header.Get("X-Amz-Version-Id")
			s.do("DELETE", "/bucket/key?versionId="+marker, "")
		}
	})
	for range 300 {
		s.do("GET", "/bucket/key?versionId="+version, "").want(200, "")
		ids := s.do("GET", "/bucket?versions", "").want(200, "").elements("VersionId")
		if n := len(slices.DeleteFunc(ids, func(id string) bool { return id != version })); n != 1 {
			t.Fatalf("the version is listed %d times", n)
		}
	}
}
