package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/internal/sortid"
)

// Message is what a target is sent.
type Message struct {
	// ID is unique, and the same each time that the message is sent, so that who gets it twice can tell.
	ID   string
	Body []byte // JSON
}

// Sender takes messages to a place. It is safe for concurrent use.
type Sender interface {
	// Send returns nil when the place has taken the message and will not lose it. It ends soon after ctx. Errors: *Failure.
	Send(ctx context.Context, m Message) error
	// Close lets go of connections. No Send is under way or follows.
	Close()
}

// Failure is why a place did not take a message.
type Failure struct {
	Reason  string // for anybody: it does not tell where the place is
	Refused bool   // the place will not take this message, however often it is sent
	Err     error  // more about it, for who runs the server; may be nil
}

func (f *Failure) Error() string {
	if f.Err == nil {
		return f.Reason
	}
	return fmt.Sprintf("%s: %v", f.Reason, f.Err)
}

// Unwrap gives Err.
func (f *Failure) Unwrap() error { return f.Err }

// testEvent is what S3 sends when a bucket is configured to send events to a target.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-enable-disable-notification-intro.html
type testEvent struct {
	Service   string
	Event     string
	Time      string
	Bucket    string
	RequestID string `json:"RequestId"`
}

func newTestMessage(bucket, request string) (Message, error) {
	body, err := json.Marshal(testEvent{
		Service: "Amazon S3", Event: "s3:TestEvent", Time: time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), Bucket: bucket, RequestID: request,
	})
	return Message{ID: "test-" + sortid.New(), Body: body}, err
}
