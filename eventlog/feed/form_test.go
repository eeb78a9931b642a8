package feed

import (
	stdjson "encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	awsevents "github.com/aws/aws-lambda-go/events"
	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
)

const oddKey = "a b/ü+&=%\"\n\x1b[31m\u202e.txt"

// at is an event with all that forms tell.
func at(data eventlog.Data) *Event {
	return &Event{
		Event: &eventlog.Event{
			Time:    time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC),
			Actor:   eventlog.Actor{Account: "account-1", AccessKey: "KEY1", Address: "192.0.2.7"},
			Request: "REQUEST1",
			Data:    data,
		},
		Subject: eventlog.SubjectOf(data),
		Commit:  eventlog.Position{Log: "LOG1", Seq: 17, Hash: "0123"},
		Index:   3,
	}
}

func created(via eventlog.Via) *eventlog.ObjectCreated {
	object := eventlog.Object{Version: "v1", Size: 5, ETag: "e1", Modified: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)}
	return &eventlog.ObjectCreated{Bucket: "my.bucket", Key: oddKey, Via: via, Object: object}
}

func changed() eventlog.ObjectChanged {
	return eventlog.ObjectChanged{Bucket: "my.bucket", Key: oddKey, Object: created(eventlog.ViaPut).Object}
}

var removed = &eventlog.ObjectDeleted{Bucket: "my.bucket", Key: oddKey, Version: "v1"}

func line(t *testing.T, form Form, e *Event) []byte {
	t.Helper()
	text, err := form.Line(e, Origin{Region: "eu-west-1", BucketOwner: "owner-1", Configuration: "rule-1"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsFunc(string(text), unicode.IsControl) {
		t.Errorf("%s has a character that controls a terminal, or is no line: %q", form, text)
	}
	return text
}

func TestNamesOfAmazon(t *testing.T) {
	null := created(eventlog.ViaPut)
	null.Object.Null = true
	for _, test := range []struct {
		data                     eventlog.Data
		name, kind, reason, gone string
		exists                   bool
		version                  string
	}{
		{created(eventlog.ViaPut), "ObjectCreated:Put", "Object Created", "PutObject", "", true, "v1"},
		{created(eventlog.ViaCopy), "ObjectCreated:Copy", "Object Created", "CopyObject", "", true, "v1"},
		{created(eventlog.ViaPost), "ObjectCreated:Post", "Object Created", "POST Object", "", true, "v1"},
		{created(eventlog.ViaMultipart), "ObjectCreated:CompleteMultipartUpload", "Object Created", "CompleteMultipartUpload", "", true, "v1"},
		{created(eventlog.ViaImport), "ObjectCreated:Put", "Object Created", "PutObject", "", true, "v1"},
		{null, "ObjectCreated:Put", "Object Created", "PutObject", "", true, ""},
		{removed, "ObjectRemoved:Delete", "Object Deleted", "DeleteObject", "Permanently Deleted", false, "v1"},
		{
			&eventlog.ObjectDeleted{Bucket: "my.bucket", Key: oddKey, Version: "v1", Null: true},
			"ObjectRemoved:Delete", "Object Deleted", "DeleteObject", "Permanently Deleted", false, "",
		},
		{
			&eventlog.VersionDeleted{Bucket: "my.bucket", Key: oddKey, Version: "v0", Null: true},
			"ObjectRemoved:Delete", "Object Deleted", "DeleteObject", "Permanently Deleted", false, "",
		},
		{
			&eventlog.VersionDeleted{Bucket: "my.bucket", Key: oddKey, Version: "v0"},
			"ObjectRemoved:Delete", "Object Deleted", "DeleteObject", "Permanently Deleted", false, "v0",
		},
		{
			&eventlog.MarkerCreated{Bucket: "my.bucket", Key: oddKey, Marker: eventlog.Marker{Version: "v2"}},
			"ObjectRemoved:DeleteMarkerCreated", "Object Deleted", "DeleteObject", "Delete Marker Created", false, "v2",
		},
		{
			&eventlog.MarkerCreated{Bucket: "my.bucket", Key: oddKey, Marker: eventlog.Marker{Version: "v2", Null: true}},
			"ObjectRemoved:DeleteMarkerCreated", "Object Deleted", "DeleteObject", "Delete Marker Created", false, "",
		},
		{&eventlog.ObjectTagsSet{ObjectChanged: changed()}, "ObjectTagging:Put", "Object Tags Added", "", "", true, "v1"},
		{&eventlog.ObjectTagsDeleted{ObjectChanged: changed()}, "ObjectTagging:Delete", "Object Tags Deleted", "", "", true, "v1"},
		{&eventlog.ObjectACLSet{ObjectChanged: changed()}, "ObjectAcl:Put", "Object ACL Updated", "", "", true, "v1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := at(test.data)
			size, etag := int64(0), ""
			if test.exists {
				size, etag = 5, "e1"
			}

			var message awsevents.S3Event
			if err := stdjson.Unmarshal(line(t, S3, e), &message); err != nil {
				t.Fatal(err)
			}
			got := message.Records[0]
			want := awsevents.S3EventRecord{
				EventVersion: got.EventVersion, EventSource: "aws:s3", AWSRegion: "eu-west-1", EventTime: e.Time, EventName: test.name,
				PrincipalID:       awsevents.S3UserIdentity{PrincipalID: "KEY1"},
				RequestParameters: awsevents.S3RequestParameters{SourceIPAddress: "192.0.2.7"},
				ResponseElements:  map[string]string{"x-amz-request-id": "REQUEST1"},
				S3: awsevents.S3Entity{
					SchemaVersion: "1.0", ConfigurationID: "rule-1",
					Bucket: awsevents.S3Bucket{Name: "my.bucket", OwnerIdentity: awsevents.S3UserIdentity{PrincipalID: "owner-1"}, Arn: "arn:aws:s3:::my.bucket"},
					Object: awsevents.S3Object{
						Key: got.S3.Object.Key, URLDecodedKey: oddKey, Size: size, ETag: etag, VersionID: test.version, Sequencer: "00000000000000110003",
					},
				},
			}
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
				t.Errorf("the record of S3 is\n%+v, want\n%+v", got, want)
			}
			if !strings.HasPrefix(got.S3.Object.Key, "a+b%2F%C3%BC%2B") || !strings.HasPrefix(got.EventVersion, "2.") {
				t.Errorf("key %q, version %s", got.S3.Object.Key, got.EventVersion)
			}

			var bridge awsevents.EventBridgeEvent
			if err := stdjson.Unmarshal(line(t, EventBridge, e), &bridge); err != nil {
				t.Fatal(err)
			}
			var detail Detail
			if err := json.Unmarshal(bridge.Detail, &detail, json.RejectUnknownMembers(true)); err != nil {
				t.Fatal(err)
			}
			if bridge.DetailType != test.kind || bridge.Source != "aws.s3" || bridge.Region != "eu-west-1" || bridge.ID == "" ||
				!bridge.Time.Equal(e.Time.Truncate(time.Second)) || fmt.Sprint(bridge.Resources) != "[arn:aws:s3:::my.bucket]" {
				t.Errorf("the message to EventBridge is %+v", bridge)
			}
			if detail.Reason != test.reason || detail.DeletionType != test.gone || detail.Object.Key != oddKey || detail.Requester != "KEY1" ||
				detail.Object.VersionID != test.version || detail.Object.ETag != etag {
				t.Errorf("its detail is %+v", detail)
			}
		})
	}
}

func TestAmazonHasNoNameForOtherEvents(t *testing.T) {
	named := 0
	for _, data := range goldenData(t) {
		e := at(data)
		_, ok := S3Name(e)
		if ok {
			named++
		}
		for _, form := range []Form{S3, EventBridge} {
			if text := line(t, form, e); (text != nil) != ok {
				t.Errorf("%s of %s is %s, and S3 has a name for it: %v", form, data.EventType(), text, ok)
			}
		}
	}
	if named != 7 {
		t.Errorf("S3 has names for %d types, want 7", named)
	}
}

// What the forms that tell all tell of each type of events is all of it.
func TestFormsThatTellAll(t *testing.T) {
	for _, data := range goldenData(t) {
		e := at(data)
		want, err := json.Marshal(e.Event)
		if err != nil {
			t.Fatal(err)
		}

		var placed struct {
			ID, Log, Hash string
			Seq           uint64
			Index         int
		}
		text := line(t, JSON, e)
		if err := stdjson.Unmarshal(text, &placed); err != nil {
			t.Fatal(err)
		}
		if placed.ID != "17-3" || placed.Log != "LOG1" || placed.Hash != "0123" || placed.Seq != 17 || placed.Index != 3 {
			t.Errorf("%s is at %+v", text, placed)
		}
		if !strings.HasSuffix(string(text), ","+string(want[1:])) {
			t.Errorf("%s is\n%s, want at its end\n%s", data.EventType(), text, want)
		}

		var event cloudevents.Event
		if err := stdjson.Unmarshal(line(t, CloudEvents, e), &event); err != nil {
			t.Fatal(err)
		}
		if err := event.Validate(); err != nil {
			t.Errorf("%s: %v", data.EventType(), err)
		}
		if event.ID() != "17-3" || event.Source() != "/bleepstore/LOG1" || event.Type() != "bleepstore."+data.EventType() || !event.Time().Equal(e.Time) {
			t.Errorf("%s is the CloudEvent %v", data.EventType(), event)
		}
		var got eventlog.Event
		if err := json.Unmarshal(event.Data(), &got); err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(&got); err != nil || string(again) != string(want) {
			t.Errorf("%s has the data\n%s, %v, want\n%s", data.EventType(), again, err, want)
		}

		if text := string(line(t, Text, e)); !strings.HasPrefix(text, "2026-01-02 03:04:05.678Z 17-3 "+data.EventType()+" ") {
			t.Errorf("text: %s", text)
		}
	}
}

func TestText(t *testing.T) {
	copied := created(eventlog.ViaCopy)
	copied.Key, copied.Source = "dir/", &eventlog.Source{Bucket: "b", Key: "x y", Version: "v0"}
	expired := at(&eventlog.UploadAborted{Bucket: "b", Key: "k", Upload: "u1"})
	expired.Actor = eventlog.Actor{}
	for _, test := range []struct {
		event *Event
		want  string
	}{
		{at(copied), `object.created my.bucket/dir/ 5 bytes version=v1 etag=e1 via=copy source="b/x y" source-version=v0 by=KEY1 from=192.0.2.7 request=REQUEST1`},
		{at(removed), `object.deleted "my.bucket/a b/ü+&=%\"\n\x1b[31m\u202e.txt" version=v1 by=KEY1 from=192.0.2.7 request=REQUEST1`},
		{expired, `upload.aborted b/k upload=u1 by=server request=REQUEST1`},
	} {
		if got := string(line(t, Text, test.event)); got != "2026-01-02 03:04:05.678Z 17-3 "+test.want {
			t.Errorf("text is\n%s, want\n%s", got, test.want)
		}
	}
}

func TestParseForm(t *testing.T) {
	for _, form := range forms {
		if got, err := ParseForm(string(form)); got != form || err != nil {
			t.Errorf("%s is %s, %v", form, got, err)
		}
	}
	if _, err := ParseForm("xml"); err == nil || !strings.Contains(err.Error(), "json, cloudevents, s3, eventbridge, text") {
		t.Errorf("error %v does not list the forms", err)
	}
}

// goldenData is data of each type of events, as the log's golden files have it.
func goldenData(t *testing.T) []eventlog.Data {
	t.Helper()
	var all []eventlog.Data
	for _, name := range eventlog.Types() {
		all = append(all, golden(t, name))
	}
	return all
}

func golden(t *testing.T, name string) eventlog.Data {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "testdata", name+".v*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden file of %s: %v", name, err)
	}
	text, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		t.Fatal(err)
	}
	var event eventlog.Event
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatal(err)
	}
	return event.Data
}
