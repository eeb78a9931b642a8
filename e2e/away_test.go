package e2e

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// While the cloud that has the metadata is away, writes wait, reads are answered with 503, and the health page tells why. When
// it is back, all goes on, and nothing is lost.
func TestACloudThatIsAway(t *testing.T) {
	t.Parallel()
	cloud, engine := countRequests(t)
	dir := t.TempDir()
	state := acknowledgedState{dir: dir, env: engine.serving(dir), bodies: map[string][]byte{"before": []byte("1"), "during": []byte("2")}}
	s := state.start(t)
	c := s.client()
	state.bucket = newBucket(t, c)
	put(t, c, state.bucket, "before", state.bodies["before"])

	cloud.away.Store(true)
	key := "before"
	_, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &state.bucket, Key: &key})
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); !ok || answer.HTTPStatusCode() != http.StatusServiceUnavailable {
		t.Errorf("get: %v, want status 503", err)
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		put(t, s.client(), state.bucket, "during", state.bodies["during"])
	}()
	eventually(t, "the health page says what is wrong", func() error {
		answer, err := http.Get(s.endpoint + "/health")
		if err != nil {
			t.Fatal(err)
		}
		if body := string(readAll(t, answer.Body)); answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "DynamoDB table") {
			return errors.New(body)
		}
		return nil
	})
	select {
	case <-written:
		t.Error("a write was answered while its metadata could not be written")
	default:
	}
	cloud.away.Store(false)
	<-written
	if err := state.check(t, s); err != nil {
		t.Error(err)
	}
	s.stop(t)
	wantContains(t, state.mustRun(t, "replay", "--to", "pebble", "--verify"), "the same as the server's")
}

// A table that belongs to another log is refused, and stays its server's.
func TestATableOfAnotherLog(t *testing.T) {
	t.Parallel()
	_, engine := countRequests(t)
	dir := t.TempDir()
	state := acknowledgedState{dir: dir, env: engine.serving(dir), bodies: map[string][]byte{"key": []byte("1")}}
	s := state.start(t)
	state.bucket = newBucket(t, s.client())
	put(t, s.client(), state.bucket, "key", state.bodies["key"])

	other := launch(t, options{env: state.env})
	eventually(t, "the server refuses the table", func() error {
		if log := other.log.tail(); !strings.Contains(log, "does not belong to this log") || !strings.Contains(log, "of DynamoDB or choose another name") {
			return errors.New(log)
		}
		return nil
	})
	other.kill()
	state.bodies["more"] = []byte("2")
	put(t, s.client(), state.bucket, "more", state.bodies["more"])
	s.stop(t)
	if err := state.check(t, state.start(t)); err != nil {
		t.Error(err)
	}
}
