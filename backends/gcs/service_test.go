package gcs_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/gcs"
	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
)

// service plays the answers that the service is documented to give, and the emulator does not, to requests that begin in
// some way, such as "GET /b/x".
type service struct {
	url     string
	answers map[string]answer

	mu       sync.Mutex
	requests []string
}

type answer struct {
	status int
	body   string
}

func newService(t *testing.T, answers map[string]answer) *service {
	t.Helper()
	s := &service{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := r.Method + " " + r.URL.RequestURI()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, request)
	_, _ = io.Copy(io.Discard, r.Body)
	for begin, answer := range s.answers {
		if strings.HasPrefix(request, begin) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(answer.status)
			_, _ = io.WriteString(w, answer.body)
			return
		}
	}
	w.WriteHeader(http.StatusNotImplemented)
}

// problem is an error of the JSON API.
func problem(status int, reason, message string) answer {
	return answer{status, fmt.Sprintf(`{"error": {"code": %d, "message": %q, "errors": [{"message": %[2]q, "domain": "global", "reason": %q}]}}`,
		status, message, reason)}
}

// The API's URLs of bucket b and object x, and of the objects that are listed and created.
const (
	ofObject = "/storage/v1/b/b/o/x"
	toList   = "GET /storage/v1/b/b/o?"
	toCreate = "POST /upload/storage/v1/b/b/o?"
)

func TestAnswers(t *testing.T) {
	put := func(b remote.Bucket) error {
		return b.Put(t.Context(), "x", remote.NewContent([]byte("content")), remote.Options{})
	}
	get := func(b remote.Bucket) error {
		_, err := read(t.Context(), b, "x", 0, 7)
		return err
	}
	remove := func(b remote.Bucket) error { return b.Delete(t.Context(), []string{"x"}) }
	for _, tt := range []struct {
		name    string
		answers map[string]answer
		call    func(remote.Bucket) error
		kind    error  // of the error; nil for one of no kind
		says    string // by the error
	}{
		{
			"a quota that answers 403",
			map[string]answer{toCreate: problem(http.StatusForbidden, "rateLimitExceeded", "The rate is too high.")},
			put, backends.ErrBusy, "quota",
		},
		{
			"a retention policy",
			map[string]answer{"DELETE " + ofObject: problem(http.StatusForbidden, "retentionPolicyNotMet", "Object 'b/x' is subject to bucket's retention policy.")},
			remove, backends.ErrUnavailable, "must have no retention policy",
		},
		{
			"content that differs from its checksum",
			map[string]answer{toCreate: problem(http.StatusBadRequest, "invalid", `Provided CRC32C "A" doesn't match calculated CRC32C "B".`)},
			put, nil, "doesn't match calculated CRC32C",
		},
		{
			"content that is stored as something else",
			map[string]answer{
				toCreate:             {http.StatusOK, `{"name": "x", "generation": "5", "size": "7", "crc32c": "AAAAAA=="}`},
				"DELETE " + ofObject: {http.StatusNoContent, ""},
			},
			put, nil, "there arrived 7 bytes with CRC32C 00000000",
		},
		{
			"no permission to read, in XML",
			map[string]answer{"GET /b/x": {
				http.StatusForbidden, `<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code><Message>Access denied.</Message>` +
					`<Details>me does not have storage.objects.get access</Details></Error>`,
			}},
			get, backends.ErrUnavailable, "me does not have storage.objects.get access",
		},
		{
			"an object that is not there, in a bucket that may not be listed",
			map[string]answer{
				"GET /b/x": {http.StatusNotFound, `<Error><Code>NoSuchKey</Code></Error>`},
				toList:     problem(http.StatusForbidden, "forbidden", "me does not have storage.objects.list access to the bucket."),
			},
			get, backends.ErrUnavailable, "storage.objects.list",
		},
		{
			"nothing to delete, in no bucket",
			map[string]answer{
				"DELETE " + ofObject: problem(http.StatusNotFound, "notFound", "The specified bucket does not exist."),
				toList:               problem(http.StatusNotFound, "notFound", "The specified bucket does not exist."),
			},
			remove, backends.ErrUnavailable, "correct storage.gcs.bucket",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := openBrisk(t, gcs.Config{Bucket: "b", Endpoint: newService(t, tt.answers).url})
			err := tt.call(b)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("%v\ndoes not say %q", err, tt.says)
			}
			for _, kind := range []error{backends.ErrBusy, backends.ErrUnavailable, backends.ErrNotFound, backends.ErrChanged} {
				if errors.Is(err, kind) != (kind == tt.kind) {
					t.Errorf("%v\nwant an error of the kind: %v", err, tt.kind)
				}
			}
		})
	}
}

// What differs from what was sent is deleted, but not what may have replaced it.
func TestDeletesWhatDiffers(t *testing.T) {
	s := newService(t, map[string]answer{
		toCreate:             {http.StatusOK, `{"name": "x", "generation": "5", "size": "6", "crc32c": "AAAAAA=="}`},
		"DELETE " + ofObject: {http.StatusNoContent, ""},
	})
	b := openBrisk(t, gcs.Config{Bucket: "b", Endpoint: s.url})
	if err := b.Put(t.Context(), "x", remote.NewContent([]byte("content")), remote.Options{}); err == nil {
		t.Error("Put has no error")
	}
	if !slices.ContainsFunc(s.requests, func(r string) bool {
		return strings.HasPrefix(r, "DELETE "+ofObject) && strings.Contains(r, "generation=5")
	}) {
		t.Errorf("generation 5 is not deleted: %q", s.requests)
	}
}

// An object that was composed of others has no MD5. What takes its place must not look like one.
func TestComposedHasNoMD5(t *testing.T) {
	s := newService(t, map[string]answer{
		"GET " + ofObject: {http.StatusOK, `{"name": "x", "generation": "5", "size": "6", "crc32c": "AAAAAA==", "componentCount": 2}`},
		toList:            {http.StatusOK, `{"items": [{"name": "x", "generation": "5", "size": "6"}, {"name": "y", "generation": "6", "size": "6"}]}`},
	})
	b := openBrisk(t, gcs.Config{Bucket: "b", Endpoint: s.url})
	info, err := b.Head(t.Context(), "x")
	if err != nil || info.ETag != "00000000000000000000000000000005-1" {
		t.Errorf("Head: %+v, %v", info, err)
	}
	var listed []string
	for info, err := range b.List(t.Context(), "", "", 10) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, info.ETag)
	}
	if len(listed) != 2 || listed[0] != info.ETag || listed[1] == info.ETag {
		t.Errorf("List: %q", listed)
	}
}

// testAnsweredTwice lets the service have done what it then refuses, since it is there already.
func testAnsweredTwice(t *testing.T, p *buckettest.Proxy) {
	b := openBehind(t, p)
	isLast := func(r *http.Request) bool {
		return isChunk(r) && !strings.HasSuffix(r.Header.Get("Content-Range"), "/*")
	}
	p.Fail(isLast, 1, func(w http.ResponseWriter, r *http.Request, forward *httputil.ReverseProxy) {
		forward.ServeHTTP(httptest.NewRecorder(), r)
		http.Error(w, "At least one of the pre-conditions you specified did not hold.", http.StatusPreconditionFailed)
	})
	if err := upload(t.Context(), b, "large", large); err != nil {
		t.Errorf("Upload: %v", err)
	}
	wantContent(t, b, "large", large)
}
