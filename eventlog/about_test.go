package eventlog

import (
	"testing"

	"github.com/go-json-experiment/json"
)

// What an event is about is what its JSON says under the usual names.
func TestSubjectOf(t *testing.T) {
	for s, newData := range shapes {
		data := newData()
		if _, old := data.(oldShape); old {
			continue
		}
		if err := json.Unmarshal([]byte(`{"bucket":"b"}`), data, json.RejectUnknownMembers(true)); err != nil {
			continue // it is about no bucket
		}
		want := Subject{Bucket: "b"}
		if err := json.Unmarshal([]byte(`{"key":"k"}`), data, json.RejectUnknownMembers(true)); err == nil {
			want.Key = "k"
		}
		if err := json.Unmarshal([]byte(`{"upload":"u"}`), data, json.RejectUnknownMembers(true)); err == nil {
			want.Upload = "u"
		}
		if got := SubjectOf(data); got != want {
			t.Errorf("%s is about %+v, want %+v", s.name, got, want)
		}
	}
}
