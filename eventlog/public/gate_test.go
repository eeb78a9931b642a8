package public

import (
	"encoding/json"
	"testing"

	natsserver "github.com/nats-io/nats-server/v2/server"
)

// Whatever a subscriber writes, what the gate passes on is no consumer, as nats-server reads it, that sends elsewhere than to an
// inbox.
func FuzzCheck(f *testing.F) {
	for _, config := range []string{
		`{"deliver_subject":"_INBOX.a"}`, `{"deliver_subject":"bleepstore.v1.a"}`, `{"DELIVER_SUBJECT":"bleepstore.v1.a"}`,
		`{"deliver_subject":"_INBOX.a","Deliver_Subject":"bleepstore.v1.a"}`, `{"deliver_subject":null}`, `{}`, `[]`, `{"durable_name":"a","filter_subjects":["b"]}`,
	} {
		f.Add("API.CONSUMER.CREATE.BLEEPSTORE_EVENTS", []byte(`{"stream_name":"BLEEPSTORE_EVENTS","config":`+config+`}`))
		f.Add("API.CONSUMER.DURABLE.CREATE.BLEEPSTORE_EVENTS.a", []byte(`{"config":{},"CONFIG":`+config+`}{"config":`+config+`}`))
	}
	f.Fuzz(func(t *testing.T, subject string, data []byte) {
		passed, err := check(subject, data)
		if err != nil {
			return
		}
		var request natsserver.CreateConsumerRequest
		if json.Unmarshal(passed, &request) != nil {
			return
		}
		if to := request.Config.DeliverSubject; to != "" && !isInbox(to) && isCreate(subject) {
			t.Errorf("%s %s is passed on as %s", subject, data, passed)
		}
	})
}
