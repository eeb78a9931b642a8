package e2e

import (
	"bufio"
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/go-json-experiment/json"
)

// follower is a process that runs "bleepstore events --follow".
type follower struct {
	process *exec.Cmd
	lines   *bufio.Scanner
	stderr  bytes.Buffer
}

func follow(t testing.TB, dir string, args ...string) *follower {
	t.Helper()
	f := &follower{process: exec.Command(binary, append([]string{"events", "--follow", "--data", dir}, args...)...)}
	f.process.Env = cleanEnvironment()
	f.process.Stderr = &f.stderr
	out, err := f.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.process.Process.Kill() })
	f.lines = bufio.NewScanner(out)
	f.lines.Buffer(nil, 1<<20)
	return f
}

// line is the next line.
func (f *follower) line(t testing.TB) []byte {
	t.Helper()
	if !f.lines.Scan() {
		t.Fatalf("no more events: %v, %v\n%s", f.lines.Err(), f.process.Wait(), f.stderr.Bytes())
	}
	return f.lines.Bytes()
}

// place is where an event is in the log, in the form json.
type place struct {
	ID    string `json:"id"`
	Seq   uint64 `json:"seq"`
	Index int    `json:"index"`
	Hash  string `json:"hash"`
	Type  string `json:"type"`
}

// follows tells whether nothing can be between two events.
func (p place) follows(before place) bool {
	return p.Seq == before.Seq && p.Index == before.Index+1 || p.Seq == before.Seq+1 && p.Index == 0
}

func TestFollowing100000Events(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	setVersioning(t, c, bucket, types.BucketVersioningStatusEnabled)
	f := follow(t, s.dir, "--from", "0", "--format", "json")

	// A delete marker for each key, most of which come in large commits, and among them objects.
	const keys, writers, objects = 1000, 4, 500
	requests := 98
	if raceDetector() { // with which the server takes minutes for all
		requests = 8
	}
	total := requests*keys + writers*objects
	begun := time.Now()
	var writing sync.WaitGroup
	defer writing.Wait()
	for w := range writers {
		writing.Go(func() {
			for i := w; i < requests; i += writers {
				names := make([]string, keys)
				for k := range names {
					names[k] = fmt.Sprintf("%d/%d", i, k)
				}
				if _, err := deleteKeys(t, c, bucket, names, true); err != nil {
					t.Errorf("delete keys: %v", err)
				}
			}
		})
		writing.Go(func() {
			for i := range objects {
				key := fmt.Sprintf("%d-%d", w, i)
				if _, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")}); err != nil {
					t.Errorf("put: %v", err)
				}
			}
		})
	}
	counts := make(map[string]int)
	var last place
	for n := range total + 2 {
		var p place
		if err := json.Unmarshal(f.line(t), &p); err != nil {
			t.Fatal(err)
		}
		if n > 0 && !p.follows(last) {
			t.Fatalf("event %s comes behind %s", p.ID, last.ID)
		}
		counts[p.Type]++
		last = p
	}
	writing.Wait()
	t.Logf("followed %d events while they were made in %v", total, time.Since(begun))
	want(t, "delete markers", counts["marker.created"], requests*keys)
	want(t, "objects", counts["object.created"], writers*objects)

	begun = time.Now()
	out := mustBleepstore(t, s.dir, "events")
	t.Logf("printed them, %d bytes, in %v", len(out), time.Since(begun))
	want(t, "events of a server that runs", strings.Count(out, "\n"), total+2)

	s.stop(t)
	if f.lines.Scan() {
		t.Errorf("another event: %s", f.lines.Bytes())
	}
	if err := f.process.Wait(); err == nil || !strings.Contains(f.stderr.String(), "the server is stopping") {
		t.Errorf("following ended with %v when the server did: %s", err, f.stderr.Bytes())
	}
}

// Who follows sees what happens when it does, and nobody can make an end of it look like an error.
func TestFollowingEnds(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	f := follow(t, s.dir, "--from", "0")
	wantContains(t, string(f.line(t)), "bucket.created "+bucket)
	put(t, c, bucket, "a", []byte("a"))
	wantContains(t, string(f.line(t)), "object.created "+bucket+"/a 1 bytes", "by="+accessKey, "from=127.0.0.1")
	if err := f.process.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := f.process.Wait(); err != nil || f.stderr.Len() > 0 {
		t.Errorf("interrupted: %v, %s", err, f.stderr.Bytes())
	}

	head := exec.Command("sh", "-c", fmt.Sprintf("%q events --follow --from 0 --data %q | head -n 1", binary, s.dir))
	head.Env = cleanEnvironment()
	piped := make(chan error, 1)
	var out, stderr bytes.Buffer
	head.Stdout, head.Stderr = &out, &stderr
	go func() { piped <- head.Run() }()
	eventually(t, "the pipe is closed", func() error { // the command learns of it with an event
		put(t, c, bucket, "b", nil)
		select {
		case err := <-piped:
			if err != nil || stderr.Len() > 0 || !strings.Contains(out.String(), "bucket.created") {
				t.Errorf("to a closed pipe: %v, %s, %s", err, out.Bytes(), stderr.Bytes())
			}
			return nil
		default:
			return errors.New("it is not")
		}
	})

	// One that has stopped reading, as a pager has, does not keep the server from ending.
	paused := follow(t, s.dir, "--from", "0")
	paused.line(t)
	if err := paused.process.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	setVersioning(t, c, bucket, types.BucketVersioningStatusEnabled)
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprint(strings.Repeat("x", 900), i)
	}
	for range 3 {
		if _, err := deleteKeys(t, c, bucket, names, true); err != nil {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	s.stop(t)
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("a command that stopped reading held up the end for %v", took)
	}
	if out, err := (acknowledgedState{dir: s.dir}).run(t, "events", "--follow"); err == nil || !strings.Contains(out, "no server runs") {
		t.Errorf("follow a server that is stopped: %v, %s", err, out)
	}
}

// sent is a server-sent event.
type sent struct{ id, event, data string }

// stream is an open stream of events.
type stream struct {
	body  io.ReadCloser
	lines *bufio.Scanner
}

// askEvents asks for a stream of events, as a client that has had one up to the event last.
func (s *server) askEvents(t testing.TB, query, last string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.endpoint+"/_/v1/events?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(accessKey, secretKey)
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

func (s *server) stream(t testing.TB, query, last string) *stream {
	t.Helper()
	answer := s.askEvents(t, query, last)
	if answer.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(answer.Body)
		t.Fatalf("GET /_/v1/events?%s: %s %s", query, answer.Status, body)
	}
	want(t, "Content-Type", answer.Header.Get("Content-Type"), "text/event-stream")
	want(t, "X-Accel-Buffering", answer.Header.Get("X-Accel-Buffering"), "no")
	st := &stream{answer.Body, bufio.NewScanner(answer.Body)}
	st.lines.Buffer(nil, 1<<20)
	return st
}

// next returns the next event; none at the end of the stream.
func (s *stream) next(t testing.TB) (e sent, ok bool) {
	t.Helper()
	for s.lines.Scan() {
		line := s.lines.Text()
		if line == "" && e.data != "" {
			return e, true
		}
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "id":
			e.id = value
		case "event":
			e.event = value
		case "data":
			e.data = value
		}
	}
	if err := s.lines.Err(); err != nil {
		t.Errorf("the stream was cut off: %v", err)
	}
	return sent{}, false
}

// take returns the next n events.
func (s *stream) take(t testing.TB, n int) []sent {
	t.Helper()
	events := make([]sent, n)
	for i := range events {
		var ok bool
		if events[i], ok = s.next(t); !ok {
			t.Fatalf("the stream ended behind %d events, want %d", i, n)
		}
	}
	return events
}

// A client that was cut off goes on behind the last event that it had: across restarts of the server, and out of the archive
// when the log was trimmed meanwhile.
func TestStreamsGoOn(t *testing.T) {
	t.Parallel()
	state := newAcknowledgedState(t)
	s := state.start(t)
	all := s.stream(t, "from=0", "").take(t, 63)

	part := s.stream(t, "from=0", "")
	got := part.take(t, 20)
	part.body.Close()
	got = append(got, s.stream(t, "", got[19].id).take(t, 5)...)

	open := s.stream(t, "", "") // from now on
	put(t, s.client(), state.bucket, "more", []byte("more"))
	more := open.take(t, 1)[0]
	want(t, "type", more.event, "object.created")
	begun := time.Now()
	s.stop(t)
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("a stream held up the end of the server for %v", took)
	}
	if e, ok := open.next(t); ok {
		t.Errorf("%v came while the server ended", e)
	}

	state.mustRun(t, "log", "snapshot")
	state.mustRun(t, "log", "trim", "--age", "1ms") // seals what there is, but leaves the last commit
	s = state.start(t)
	put(t, s.client(), state.bucket, "last", []byte("last"))
	s.stop(t)
	wantContains(t, state.mustRun(t, "log", "trim", "--age", "1ms"), "The log begins with commit 64 now")
	s = state.start(t)
	rest := s.stream(t, "", got[24].id).take(t, 40)
	want(t, "type of the last", rest[39].event, "object.created")
	want(t, "event across restarts", rest[38], more)
	if got = append(got, rest[:38]...); !slices.Equal(got, all) {
		t.Errorf("with interruptions came\n%v, without\n%v", got, all)
	}
	if again := s.stream(t, "from=0&limit=63&follow=false", "").take(t, 63); !slices.Equal(again, all) {
		t.Errorf("from the archive came\n%v, from the log\n%v", again, all)
	}
	wantContains(t, state.mustRun(t, "events", "--format", "cloudevents", "--limit", "63"), all[0].data, all[62].data)
	s.stop(t)

	if err := os.RemoveAll(filepath.Join(state.dir, "archive")); err != nil {
		t.Fatal(err)
	}
	s = state.start(t)
	status := func(query, last string) (int, string) {
		answer := s.askEvents(t, query, last)
		var body struct {
			Error struct {
				Code    string `json:"code"`
				Message string `json:"message"`
			} `json:"error"`
		}
		if err := json.UnmarshalRead(answer.Body, &body); err != nil || body.Error.Message == "" {
			t.Errorf("the answer to %s is %v, %v", query, body, err)
		}
		return answer.StatusCode, body.Error.Code
	}
	for _, test := range []struct {
		query, last, code string
		status            int
	}{
		{"", got[24].id, "EventsGone", http.StatusGone},
		{"from=3", "", "EventsGone", http.StatusGone},
		{"from=1000-0", "", "NoSuchEvent", http.StatusNotFound},
		{"", "1000-0", "NoSuchEvent", http.StatusNotFound},
		{"", "x", "InvalidArgument", http.StatusBadRequest},
		{"from=yesterday", "", "InvalidArgument", http.StatusBadRequest},
		{"type=object.creatd", "", "InvalidArgument", http.StatusBadRequest},
		{"buckt=x", "", "InvalidArgument", http.StatusBadRequest},
		{"format=xml", "", "InvalidArgument", http.StatusBadRequest},
		{"limit=-1", "", "InvalidArgument", http.StatusBadRequest},
	} {
		if got, code := status(test.query, test.last); got != test.status || code != test.code {
			t.Errorf("?%s behind %q: %d %s, want %d %s", test.query, test.last, got, code, test.status, test.code)
		}
	}
	if got := s.page(t, "/_/v1/events").status; got != http.StatusUnauthorized && got != http.StatusForbidden {
		t.Errorf("without credentials: %d", got)
	}
}

const oddKey = "a b/ü+&=%\"'\n\x1b[31m\u202e.txt"

// What the forms tell of a history of all kinds is what programs for them understand.
func TestFormsAndFiltersOfEvents(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	setVersioning(t, c, bucket, types.BucketVersioningStatusEnabled)
	ctx := t.Context()
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	created, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(oddKey), Body: strings.NewReader("12345")})
	must("put", err)
	source := bucket + "/" + strings.ReplaceAll(awsEscape(oddKey), "+", "%20")
	_, err = c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &bucket, Key: aws.String("copy"), CopySource: &source})
	must("copy", err)
	upload, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: aws.String("large")})
	must("begin", err)
	part, err := c.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &bucket, Key: aws.String("large"), UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("large"),
	})
	must("part", err)
	_, err = c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &bucket, Key: aws.String("large"), UploadId: upload.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: part.ETag, PartNumber: aws.Int32(1)}}},
	})
	must("complete", err)
	tags := &types.Tagging{TagSet: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}
	_, err = c.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: &bucket, Key: aws.String(oddKey), Tagging: tags})
	must("tag", err)
	_, err = c.DeleteObjectTagging(ctx, &s3.DeleteObjectTaggingInput{Bucket: &bucket, Key: aws.String(oddKey)})
	must("untag", err)
	_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String(oddKey)})
	must("delete", err)
	_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String(oddKey), VersionId: created.VersionId})
	must("delete the version", err)
	newBucket(t, c)

	lines := func(args ...string) []string {
		t.Helper()
		return strings.Split(strings.TrimSpace(mustBleepstore(t, s.dir, append([]string{"events"}, args...)...)), "\n")
	}
	check := func() {
		t.Helper()
		var names []string
		sequencer := ""
		for _, line := range lines("--format", "s3") {
			var message awsevents.S3Event
			must("read "+line, stdjson.Unmarshal([]byte(line), &message))
			record := message.Records[0]
			names = append(names, record.EventName)
			if record.S3.Object.Sequencer <= sequencer || record.AWSRegion != region || record.S3.Bucket.Name != bucket {
				t.Errorf("behind sequencer %s comes %+v", sequencer, record)
			}
			sequencer = record.S3.Object.Sequencer
		}
		want(t, "names of S3", strings.Join(names, " "), "ObjectCreated:Put ObjectCreated:Copy ObjectCreated:CompleteMultipartUpload "+
			"ObjectTagging:Put ObjectTagging:Delete ObjectRemoved:DeleteMarkerCreated ObjectRemoved:Delete")

		var first awsevents.S3Event
		must("read", stdjson.Unmarshal([]byte(lines("--format", "s3", "--limit", "1")[0]), &first))
		object := first.Records[0].S3.Object
		want(t, "key", object.URLDecodedKey, oddKey)
		want(t, "size", object.Size, 5)
		want(t, "version id", object.VersionID, *created.VersionId)
		want(t, "ETag", quoted(object.ETag), *created.ETag)

		want(t, "messages to EventBridge", len(lines("--format", "eventbridge")), 7)
		for _, line := range lines("--format", "eventbridge") {
			var message awsevents.EventBridgeEvent
			must("read "+line, stdjson.Unmarshal([]byte(line), &message))
			want(t, "source", message.Source, "aws.s3")
		}
		for _, line := range lines("--format", "cloudevents") {
			var event cloudevents.Event
			must("read "+line, stdjson.Unmarshal([]byte(line), &event))
			must("check "+line, event.Validate())
		}
		for _, line := range lines() {
			if strings.ContainsAny(line, "\x1b\u202e") {
				t.Errorf("text can change a terminal: %q", line)
			}
		}

		want(t, "all events", len(lines("--format", "json")), 12)
		want(t, "events of the bucket", len(lines("--bucket", bucket)), 11)
		want(t, "events of a prefix", len(lines("--prefix", "a b/")), 5)
		want(t, "events of types", len(lines("--type", "upload.*,part.stored", "--type", "marker.created")), 3)
		want(t, "events of an actor", len(lines("--actor", accessKey)), 12)
		want(t, "events of nobody", mustBleepstore(t, s.dir, "events", "--actor", "nobody"), "")
		want(t, "events of a range", len(lines("--from", "3-0", "--to", "5")), 3)
		want(t, "events of the last hour", len(lines("--from", "1h")), 12)
		want(t, "events of before", mustBleepstore(t, s.dir, "events", "--to", "1h"), "")
		want(t, "events up to now", len(lines("--from", "2020-01-01T00:00:00Z", "--to", time.Now().Format(time.RFC3339Nano))), 12)

		history := strings.Split(strings.TrimSpace(mustBleepstore(t, s.dir, "history", bucket+"/"+oddKey)), "\n")
		want(t, "events of the object", len(history), 5)
		wantContains(t, history[0], "object.created", "5 bytes", "version="+*created.VersionId, "via=put", "by="+accessKey, "from=127.0.0.1")
		wantContains(t, history[1], "object.tags.set", "tags=k:v")
		wantContains(t, history[3], "marker.created")
		wantContains(t, history[4], "version.deleted", "version="+*created.VersionId)
		wantContains(t, mustBleepstore(t, s.dir, "history", "--format", "json", bucket+"/copy"), `"via":"copy"`, `"source":{"bucket":"`+bucket+`"`)
		for _, wrong := range [][]string{
			{"events", "--type", "object.creatd"},
			{"events", "--from", "soon"},
			{"events", "--format", "xml"},
			{"events", "--from", "1000-0"},
			{"history", bucket},
			{"events", "verify", "--expect", "abc"},
		} {
			if out, err := (acknowledgedState{dir: s.dir}).run(t, wrong...); err == nil {
				t.Errorf("bleepstore %v: %s", wrong, out)
			}
		}
	}
	check()
	s.stop(t)
	check()
}

// awsEscape escapes a key for the header x-amz-copy-source.
func awsEscape(key string) string { return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/") }

// What was proven stays proven by a hash that is kept elsewhere, and a change shows.
func TestVerifyingEvents(t *testing.T) {
	t.Parallel()
	state := newAcknowledgedState(t)
	out := state.mustRun(t, "events", "verify")
	wantContains(t, out, "commits 1 to 62", "62 commits with 63 events", "Head      commit 62, with hash ")
	hashOf := func(seq string) string {
		t.Helper()
		var p place
		if err := json.Unmarshal([]byte(state.mustRun(t, "events", "--format", "json", "--from", seq, "--limit", "1")), &p); err != nil {
			t.Fatal(err)
		}
		return p.Hash
	}
	wantContains(t, out, hashOf("62"))
	wantContains(t, state.mustRun(t, "events", "verify", "--expect", strings.ToUpper(hashOf("40"))), "commit 40 has the hash")
	wantContains(t, state.mustRun(t, "events", "verify", "--from", "10", "--to", "20"), "commits 10 to 20", "11 commits with 11 events",
		"Behind    commit 9, with hash "+hashOf("9"), hashOf("20"))
	wantContains(t, state.mustRun(t, "events", "verify", "--from", "1h", "--to", "0s"), "commits 1 to 62")
	refused := func(what string, args ...string) {
		t.Helper()
		if out, err := state.run(t, append([]string{"events", "verify"}, args...)...); err == nil || !strings.Contains(out, what) {
			t.Errorf("events verify %v: %v, want %q\n%s", args, err, what, out)
		}
	}
	refused("no commit of the range has the hash", "--expect", strings.Repeat("0", 64))
	refused("no commit of the range has the hash", "--expect", hashOf("40"), "--from", "41")
	refused("no commits in that range", "--to", "1h")

	// A trimmed log is proven from the archive, whose segments must be what was sealed.
	state.mustRun(t, "log", "snapshot")
	state.mustRun(t, "log", "trim", "--age", "1ms")
	s := state.start(t)
	put(t, s.client(), state.bucket, "more", []byte("more"))
	s.stop(t)
	hash := hashOf("40")
	wantContains(t, state.mustRun(t, "log", "trim", "--age", "1ms"), "begins with commit 63 now")
	wantContains(t, state.mustRun(t, "events", "verify", "--expect", hash), "63 commits with 64 events", "commit 40 has the hash")
	s = state.start(t)
	wantContains(t, state.mustRun(t, "events", "verify", "--expect", hash), "63 commits with 64 events", "commit 40 has the hash")
	s.stop(t)

	segments, err := filepath.Glob(filepath.Join(state.dir, "archive", "*", "*.ndjson.zst"))
	if err != nil || len(segments) == 0 {
		t.Fatalf("no segments: %v", err)
	}
	segment := readFile(t, segments[0])
	segment[len(segment)/2] ^= 1
	if err := os.WriteFile(segments[0], segment, 0o600); err != nil {
		t.Fatal(err)
	}
	refused("is damaged")
	wantContains(t, state.mustRun(t, "events", "verify", "--from", "63"), "1 commits with 1 events") // the rest is sound
}
