package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/go-json-experiment/json"
)

const (
	hookARN    = "arn:bleepstore:sqs::hook:webhook"
	hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
)

// notification is what is looked at of a message.
type notification struct {
	Event   string // of a test event
	Bucket  string // the same
	Records []struct {
		EventName string `json:"eventName"`
		S3        struct {
			ConfigurationID string `json:"configurationId"`
			Bucket          struct {
				Name          string `json:"name"`
				OwnerIdentity struct {
					PrincipalID string `json:"principalId"`
				} `json:"ownerIdentity"`
			} `json:"bucket"`
			Object struct {
				Key       string `json:"key"`
				Sequencer string `json:"sequencer"`
			} `json:"object"`
		} `json:"s3"`
	}
}

// webhook is a target. It checks the signatures of what it is sent.
type webhook struct {
	t   testing.TB
	url string

	mu       sync.Mutex
	answer   func(key string) int // status
	tests    []string             // buckets of test events
	messages []string             // first deliveries: name of the event, and key
	lanes    map[string][]string  // sequencers of the first deliveries, by key
	seen     map[string]bool      // ids of messages that were taken
	tried    map[string]int       // by key
}

func newWebhook(t testing.TB) *webhook {
	h := &webhook{t: t, lanes: make(map[string][]string), seen: make(map[string]bool), tried: make(map[string]int)}
	h.set(func(string) int { return http.StatusNoContent })
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	h.url = server.URL
	return h
}

// set has the target answer with what answer says, which may hang until the request ends.
func (h *webhook) set(answer func(key string) int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = answer
}

func (h *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the server was killed
	}
	id, timestamp := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	secret, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(hookSecret, "whsec_"))
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body)
	if got, want := r.Header.Get("Webhook-Signature"), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)); got != want {
		h.t.Errorf("signature %q, want %q", got, want)
	}
	if at, err := strconv.ParseInt(timestamp, 10, 64); err != nil || time.Since(time.Unix(at, 0)).Abs() > time.Minute {
		h.t.Errorf("timestamp %q", timestamp)
	}
	var n notification
	if err := json.Unmarshal(body, &n); err != nil || n.Event == "" && len(n.Records) != 1 {
		h.t.Errorf("message %s: %v", body, err)
		return
	}
	key := n.Event
	if n.Event == "" {
		key, _ = url.QueryUnescape(n.Records[0].S3.Object.Key)
	}
	h.mu.Lock()
	answer := h.answer
	h.tried[key]++
	h.mu.Unlock()
	status := answer(key)
	h.mu.Lock()
	defer h.mu.Unlock()
	if status/100 == 2 && !h.seen[id] {
		h.seen[id] = true
		if n.Event != "" {
			h.tests = append(h.tests, n.Bucket)
		} else {
			record := n.Records[0]
			h.messages = append(h.messages, record.EventName+" "+record.S3.Bucket.Name+"/"+key)
			h.lanes[key] = append(h.lanes[key], record.S3.Object.Sequencer)
		}
	}
	w.WriteHeader(status)
}

// take waits for so many messages, and returns them sorted, of each key in the order in which they came.
func (h *webhook) take(n int) []string {
	h.t.Helper()
	var messages []string
	eventually(h.t, fmt.Sprintf("%d messages have come", n), func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if len(h.messages) < n {
			return fmt.Errorf("%d have", len(h.messages))
		}
		messages, h.messages = h.messages, nil
		return nil
	})
	slices.SortStableFunc(messages, func(a, b string) int {
		_, a, _ = strings.Cut(a, " ")
		_, b, _ = strings.Cut(b, " ")
		return strings.Compare(a, b)
	})
	return messages
}

func (h *webhook) wantTried(key string) {
	h.t.Helper()
	eventually(h.t, "the target is told of "+key, func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.tried[key] == 0 {
			return errors.New("it is not")
		}
		return nil
	})
}

// targets is a configuration with the webhook as target "hook".
func (h *webhook) targets() string {
	return fmt.Sprintf("notifications: {targets: [{name: hook, type: webhook, url: %q, secret: %s, timeout: 1s}]}", h.url, hookSecret)
}

// notifyQueue makes a rule that sends events to a target.
func notifyQueue(id, arn, prefix, suffix string, events ...types.Event) types.QueueConfiguration {
	c := types.QueueConfiguration{Id: &id, QueueArn: &arn, Events: events}
	var rules []types.FilterRule
	if prefix != "" {
		rules = append(rules, types.FilterRule{Name: types.FilterRuleNamePrefix, Value: &prefix})
	}
	if suffix != "" {
		rules = append(rules, types.FilterRule{Name: types.FilterRuleNameSuffix, Value: &suffix})
	}
	if len(rules) > 0 {
		c.Filter = &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{FilterRules: rules}}
	}
	return c
}

func tryNotify(t testing.TB, c *s3.Client, bucket string, queues ...types.QueueConfiguration) error {
	t.Helper()
	_, err := c.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket: &bucket, NotificationConfiguration: &types.NotificationConfiguration{QueueConfigurations: queues},
	})
	return err
}

func notify(t testing.TB, c *s3.Client, bucket string, queues ...types.QueueConfiguration) {
	t.Helper()
	if err := tryNotify(t, c, bucket, queues...); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, c *s3.Client, bucket, key string) {
	t.Helper()
	if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		t.Fatal(err)
	}
}

func wantMessages(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("messages:\n got %q\nwant %q", got, want)
	}
}

// Each event goes by the configuration that its bucket had then, however late it is sent.
func TestNotificationsGoByTheConfigurationOfTheirTime(t *testing.T) {
	t.Parallel()
	hook := newWebhook(t)
	s := startServer(t, options{config: hook.targets()})
	c := s.client()
	bucket := newBucket(t, c)
	all := []types.Event{types.EventS3ObjectCreated, types.EventS3ObjectRemoved}
	notify(t, c, bucket, notifyQueue("images", hookARN, "in/", ".jpg", all...), notifyQueue("tags", hookARN, "", "", "s3:ObjectTagging:*"))
	want(t, "bucket of the test event", hook.tests[0], bucket)

	put(t, c, bucket, "in/a b+ü.jpg", nil)
	put(t, c, bucket, "in/a.png", nil)
	put(t, c, bucket, "out/a.jpg", nil)
	remove(t, c, bucket, "in/a b+ü.jpg")
	_, err := c.PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{
		Bucket: &bucket, Key: aws.String("out/a.jpg"), Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantMessages(t, hook.take(3), "ObjectCreated:Put "+bucket+"/in/a b+ü.jpg", "ObjectRemoved:Delete "+bucket+"/in/a b+ü.jpg", "ObjectTagging:Put "+bucket+"/out/a.jpg")

	hook.set(func(key string) int {
		if key == "s3:TestEvent" {
			return http.StatusOK
		}
		return http.StatusServiceUnavailable
	})
	put(t, c, bucket, "in/before.jpg", nil)
	hook.wantTried("in/before.jpg")
	notify(t, c, bucket, notifyQueue("created", hookARN, "", "", "s3:ObjectCreated:Put"))
	put(t, c, bucket, "in/after.png", nil)
	for _, key := range []string{"in/a.png", "out/a.jpg", "in/before.jpg", "in/after.png"} {
		remove(t, c, bucket, key)
	}
	put(t, c, bucket, "last", nil)
	notify(t, c, bucket)
	put(t, c, bucket, "untold", nil)
	remove(t, c, bucket, "last")
	remove(t, c, bucket, "untold")
	if _, err := c.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	put(t, c, bucket, "of another", nil)
	s.kill()

	s = startServer(t, options{config: hook.targets(), dir: s.dir})
	hook.set(func(string) int { return http.StatusOK })
	wantMessages(t, hook.take(3), "ObjectCreated:Put "+bucket+"/in/after.png", "ObjectCreated:Put "+bucket+"/in/before.jpg", "ObjectCreated:Put "+bucket+"/last")
	s.stop(t)
	wantMessages(t, hook.messages)
}

// A target that fails, hangs and comes back, and a server that is killed and started again: each key's messages come in the order
// of its events, and all come.
func TestNotificationsAreNotLost(t *testing.T) {
	t.Parallel()
	hook := newWebhook(t)
	o := options{config: hook.targets(), dir: t.TempDir()}
	s := startServer(t, o)
	c := s.client()
	bucket := newBucket(t, c)
	notify(t, c, bucket, notifyQueue("all", hookARN, "", "", types.EventS3ObjectCreated, types.EventS3ObjectRemoved))
	wanted := make(map[string][]string) // by key
	for round := range 4 {
		hook.set(func(string) int {
			switch n := rand.IntN(20); {
			case round == 2 || n < 5:
				return http.StatusInternalServerError
			case n == 5 && round < 3:
				time.Sleep(1100 * time.Millisecond) // longer than the time-out
				return http.StatusTooManyRequests
			}
			return http.StatusAccepted
		})
		var mu sync.Mutex
		var writers sync.WaitGroup
		for writer := range 8 {
			writers.Go(func() {
				for i := range 15 {
					key := fmt.Sprintf("%d/%d", writer, i%3)
					event := "ObjectCreated:Put"
					if i%4 == 3 {
						event = "ObjectRemoved:Delete"
						remove(t, c, bucket, key)
					} else {
						put(t, c, bucket, key, nil)
					}
					mu.Lock()
					wanted[key] = append(wanted[key], event+" "+bucket+"/"+key)
					mu.Unlock()
				}
			})
		}
		writers.Wait()
		if round%2 == 0 {
			s.kill()
		} else {
			s.stop(t)
		}
		s = startServer(t, o)
		c = s.client()
	}
	hook.set(func(string) int { return http.StatusOK })
	got := make(map[string][]string)
	for _, message := range hook.take(4 * 8 * 15) {
		_, path, _ := strings.Cut(message, " ")
		key := strings.TrimPrefix(path, bucket+"/")
		got[key] = append(got[key], message)
	}
	for key, want := range wanted {
		if !slices.Equal(got[key], want) {
			t.Errorf("%s:\n got %q\nwant %q", key, got[key], want)
		}
		if !slices.IsSorted(hook.lanes[key]) {
			t.Errorf("%s: sequencers are not in order: %q", key, hook.lanes[key])
		}
	}
}

// What happens while a target is not in the configuration, and is trimmed from the log meanwhile, comes from the archive.
func TestNotificationsOfATrimmedLog(t *testing.T) {
	t.Parallel()
	hook := newWebhook(t)
	s := startServer(t, options{config: hook.targets()})
	c := s.client()
	bucket := newBucket(t, c)
	_, err := c.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		t.Fatal(err)
	}
	notify(t, c, bucket, notifyQueue("markers", hookARN, "", "", types.EventS3ObjectRemovedDeleteMarkerCreated))
	remove(t, c, bucket, "first")
	wantMessages(t, hook.take(1), "ObjectRemoved:DeleteMarkerCreated "+bucket+"/first")
	s.stop(t)

	s = startServer(t, options{dir: s.dir})
	c = s.client()
	const requests, each = 3, 1000
	for i := range requests {
		keys := make([]string, each)
		for j := range keys {
			keys[j] = fmt.Sprintf("%d/%d", i, j)
		}
		if _, err := deleteKeys(t, c, bucket, keys, true); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "what is still to be read is trimmed", func() error {
		if out, err := bleepstore(t, s.dir, "log", "snapshot"); err != nil {
			return errors.Join(errors.New(out), err)
		}
		put(t, c, bucket, "last", nil) // which stays in the log
		out, err := bleepstore(t, s.dir, "log", "trim", "--age", "1ms")
		var first int
		if _, scanned := fmt.Sscanf(out, "The log begins with commit %d now", &first); err != nil || scanned != nil || first <= 4+requests {
			return errors.Join(errors.New(out), err)
		}
		return nil
	})
	s.stop(t)
	s = startServer(t, options{config: hook.targets(), dir: s.dir})
	messages := hook.take(requests * each)
	want(t, "number of messages", len(messages), requests*each)
	want(t, "number of keys", len(slices.Compact(messages)), requests*each)
	s.stop(t)
}

// targetStatus is what the server says of a target.
type targetStatus struct {
	Name    string `json:"name"`
	ARN     string `json:"arn"`
	Behind  uint64 `json:"behind"`
	Waiting int    `json:"waiting"`
	Dead    int    `json:"dead_letters"`
	Error   string `json:"error"`
}

func (s *server) targets(t testing.TB) map[string]targetStatus {
	t.Helper()
	var answer struct {
		Targets []targetStatus `json:"targets"`
	}
	s.administerJSON(t, http.MethodGet, "/_/v1/notifications", &answer)
	targets := make(map[string]targetStatus)
	for _, target := range answer.Targets {
		targets[target.Name] = target
	}
	return targets
}

func (s *server) administerJSON(t testing.TB, method, path string, answer any) {
	t.Helper()
	status, body := s.administer(t, method, path, accessKey, secretKey)
	want(t, "status of "+path, status, http.StatusOK)
	if err := json.Unmarshal([]byte(body), answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
}

// deadLetters is a page of the list of dead letters.
type deadLetters struct {
	Dead []struct {
		ID     string `json:"id"`
		Bucket string `json:"bucket"`
		Key    string `json:"key"`
		Event  string `json:"event"`
		Error  string `json:"error"`
		Tries  int    `json:"tries"`
	} `json:"dead_letters"`
	Next string `json:"next"`
}

// What a target refuses goes to the dead letters, and others go on, those about the same key too.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	hook := newWebhook(t)
	o := options{config: hook.targets(), dir: t.TempDir()}
	s := startServer(t, o)
	c := s.client()
	bucket := newBucket(t, c)
	notify(t, c, bucket, notifyQueue("all", hookARN, "", "", types.EventS3ObjectCreated))
	hook.set(func(key string) int {
		if strings.HasPrefix(key, "bad") {
			return http.StatusUnprocessableEntity
		}
		return http.StatusOK
	})
	for _, key := range []string{"bad1", "bad2", "bad2", "bad3", "good"} {
		put(t, c, bucket, key, nil)
	}
	wantMessages(t, hook.take(1), "ObjectCreated:Put "+bucket+"/good")
	eventually(t, "all bad ones are dead", func() error {
		if n := s.targets(t)["hook"].Dead; n != 4 {
			return fmt.Errorf("%d are", n)
		}
		return nil
	})
	var page, next deadLetters
	s.administerJSON(t, http.MethodGet, "/_/v1/notifications/hook/dead?limit=3", &page)
	s.administerJSON(t, http.MethodGet, "/_/v1/notifications/hook/dead?after="+page.Next, &next)
	want(t, "letters of two pages", fmt.Sprint(len(page.Dead), len(next.Dead)), "3 1")
	first := page.Dead[0]
	want(t, "first letter", fmt.Sprint(first.Bucket, " ", first.Key, " ", first.Event, " ", first.Tries), bucket+" bad1 s3:ObjectCreated:Put 4")
	wantContains(t, first.Error, "answered with status 422")

	s.kill()
	s = startServer(t, o)
	out, err := bleepstore(t, s.dir, "notifications", "dead", "hook")
	want(t, "error of the command", err, nil)
	want(t, "lines", strings.Count(out, "\n"), 4)
	if out, err = bleepstore(t, s.dir, "notifications", "discard", "--id", "", "hook"); err == nil {
		t.Errorf("without an id, all are discarded: %s", out)
	}
	hook.set(func(string) int { return http.StatusOK })
	out, err = bleepstore(t, s.dir, "notifications", "replay", "--id", page.Dead[1].ID, "hook")
	want(t, "replay of one", out+fmt.Sprint(err), "1 dead letters are sent again\n<nil>")
	wantMessages(t, hook.take(1), "ObjectCreated:Put "+bucket+"/bad2")
	var discarded struct {
		Discarded int `json:"discarded"`
	}
	s.administerJSON(t, http.MethodDelete, "/_/v1/notifications/hook/dead?id="+first.ID, &discarded)
	want(t, "discarded", discarded.Discarded, 1)
	s.stop(t)

	// The commands work while the server is stopped, too.
	out, err = bleepstore(t, s.dir, "notifications", "replay", "hook")
	if err == nil || !strings.Contains(out, "has no notifications.targets") {
		t.Errorf("replay without a configuration: %s, %v", out, err)
	}
	config := filepath.Join(t.TempDir(), "bleepstore.yaml")
	if err := os.WriteFile(config, []byte(o.config), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = bleepstore(t, s.dir, "notifications", "replay", "--config", config, "hook")
	want(t, "replay of all", out+fmt.Sprint(err), "2 dead letters are sent again when the server starts\n<nil>")
	out, _ = bleepstore(t, s.dir, "notifications", "list", "--config", config)
	wantContains(t, out, hookARN, "waiting       2", "dead letters  0", ", 0 commits behind the log")
	s = startServer(t, o)
	wantMessages(t, hook.take(2), "ObjectCreated:Put "+bucket+"/bad2", "ObjectCreated:Put "+bucket+"/bad3")
	if status, _ := s.administer(t, http.MethodGet, "/_/v1/notifications/nothing/dead", accessKey, secretKey); status != http.StatusNotFound {
		t.Errorf("status %d for a target that is not there", status)
	}
	s.stop(t)
}

// A target that does not take the test event is refused, and what it answered is not for clients.
func TestTargetsAreTriedFirst(t *testing.T) {
	t.Parallel()
	hook := newWebhook(t)
	s := startServer(t, options{config: hook.targets()})
	c := s.client()
	bucket := newBucket(t, c)
	hook.set(func(string) int { return http.StatusFound })
	err := tryNotify(t, c, bucket, notifyQueue("q", hookARN, "", "", types.EventS3ObjectCreated))
	wantError(t, err, 400, "InvalidArgument")
	err = tryNotify(t, c, bucket, notifyQueue("q", "arn:bleepstore:sqs::hook:nats", "", "", types.EventS3ObjectCreated))
	wantError(t, err, 400, "InvalidArgument")
	_, err = c.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket: &bucket, SkipDestinationValidation: aws.Bool(true), NotificationConfiguration: &types.NotificationConfiguration{
			QueueConfigurations: []types.QueueConfiguration{notifyQueue("q", hookARN, "", "", types.EventS3ObjectCreated)},
		},
	})
	want(t, "error where it need not work", err, nil)
	put(t, c, bucket, "key", nil)
	hook.wantTried("key")
	hook.set(func(string) int { return http.StatusOK })
	wantMessages(t, hook.take(1), "ObjectCreated:Put "+bucket+"/key")
	want(t, "number of test events that were taken", len(hook.tests), 0)
}

func TestNotificationsByTheAWSCLI(t *testing.T) {
	t.Parallel()
	hook := newWebhook(t)
	s := startServer(t, options{config: hook.targets()})
	c := newCommand(t, requireCommand(t, "aws"), s)
	c.args = []string{"--endpoint-url", s.endpoint}
	c.run(t, "s3", "mb", "s3://cli")
	c.file(t, "rules.json", []byte(`{
		"TopicConfigurations": [{"Id": "made", "TopicArn": "`+hookARN+`", "Events": ["s3:ObjectCreated:*"],
			"Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".jpg"}]}}}],
		"LambdaFunctionConfigurations": [{"Id": "gone", "LambdaFunctionArn": "`+hookARN+`", "Events": ["s3:ObjectRemoved:*"]}]
	}`))
	c.run(t, "s3api", "put-bucket-notification-configuration", "--bucket", "cli", "--notification-configuration", "file://rules.json")
	got := strings.Join(strings.Fields(c.run(t, "s3api", "get-bucket-notification-configuration", "--bucket", "cli")), " ")
	wantContains(t, got, `"Id": "made", "TopicArn": "`+hookARN+`"`, `"FilterRules": [ { "Name": "suffix", "Value": ".jpg" } ]`,
		`"Id": "gone", "LambdaFunctionArn": "`+hookARN+`"`)
	c.run(t, "s3", "cp", "rules.json", "s3://cli/rules.jpg")
	c.run(t, "s3", "mv", "s3://cli/rules.jpg", "s3://cli/moved.jpg")
	wantMessages(t, hook.take(3), "ObjectCreated:Copy cli/moved.jpg", "ObjectCreated:Put cli/rules.jpg", "ObjectRemoved:Delete cli/rules.jpg")
}
