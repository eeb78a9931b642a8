package feed

import (
	"time"

	"github.com/google/uuid"

	"github.com/bleepstore/bleepstore/eventlog"
)

// Message is the message that S3 sends to EventBridge about an event. Unlike a Record, it tells keys as they are.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
type Message struct {
	Version    string   `json:"version"`
	ID         string   `json:"id"` // a UUID, the same each time that the event is told
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Time       string   `json:"time"`
	Region     string   `json:"region"`
	Resources  []string `json:"resources"` // the ARN of the bucket
	Detail     Detail   `json:"detail"`
}

// Detail is what a Message says about the event.
type Detail struct {
	Version         string        `json:"version"`
	Bucket          MessageBucket `json:"bucket"`
	Object          MessageObject `json:"object"`
	RequestID       string        `json:"request-id"`
	Requester       string        `json:"requester"` // the access key
	SourceIPAddress string        `json:"source-ip-address"`
	Reason          string        `json:"reason,omitzero"`        // how an object was created or deleted
	DeletionType    string        `json:"deletion-type,omitzero"` // whether a delete marker hides what was deleted
}

// MessageBucket is the bucket of a Message.
type MessageBucket struct {
	Name string `json:"name"`
}

// MessageObject is the object of a Message.
type MessageObject struct {
	Key       string `json:"key"`
	Size      *int64 `json:"size,omitempty"` // bytes; not of what was deleted
	ETag      string `json:"etag,omitzero"`  // not of what was deleted
	VersionID string `json:"version-id,omitzero"`
	Sequencer string `json:"sequencer"` // ID.Sequencer
}

const (
	messageVersion = "0"
	messageSource  = "aws.s3"

	// noAccount stands for the number of an AWS account, of which consumers know that it has 12 digits.
	noAccount = "000000000000"
)

// EventBridgeMessage is an event as S3 tells it to EventBridge. It tells whether S3Name knows the event.
func EventBridgeMessage(e *Event, o Origin) (Message, bool) {
	if _, ok := S3Name(e); !ok {
		return Message{}, false
	}
	size, etag := content(e.Data)
	m := Message{
		Version:   messageVersion,
		ID:        uuid.NewSHA1(uuid.NameSpaceURL, []byte(e.Commit.Log+"/"+e.ID().String())).String(),
		Source:    messageSource,
		Account:   noAccount,
		Time:      e.Time.UTC().Format(time.RFC3339),
		Region:    o.Region,
		Resources: []string{arn(e.Bucket)},
		Detail: Detail{
			Version:         messageVersion,
			Bucket:          MessageBucket{e.Bucket},
			Object:          MessageObject{Key: e.Key, Size: size, ETag: etag, VersionID: s3Version(e), Sequencer: e.ID().Sequencer()},
			RequestID:       e.Request,
			Requester:       requester(e),
			SourceIPAddress: e.Actor.Address,
		},
	}
	m.name(e.Data)
	return m, true
}

// name fills in what kind of event it is.
func (m *Message) name(data eventlog.Data) {
	switch d := data.(type) {
	case *eventlog.ObjectCreated:
		m.DetailType = "Object Created"
		switch d.Via {
		case eventlog.ViaCopy:
			m.Detail.Reason = "CopyObject"
		case eventlog.ViaMultipart:
			m.Detail.Reason = "CompleteMultipartUpload"
		case eventlog.ViaPost:
			m.Detail.Reason = "POST Object"
		default:
			m.Detail.Reason = "PutObject"
		}
	case *eventlog.MarkerCreated:
		m.DetailType, m.Detail.Reason, m.Detail.DeletionType = "Object Deleted", "DeleteObject", "Delete Marker Created"
	case *eventlog.ObjectDeleted, *eventlog.VersionDeleted:
		m.DetailType, m.Detail.Reason, m.Detail.DeletionType = "Object Deleted", "DeleteObject", "Permanently Deleted"
	case *eventlog.ObjectTagsSet:
		m.DetailType = "Object Tags Added"
	case *eventlog.ObjectTagsDeleted:
		m.DetailType = "Object Tags Deleted"
	case *eventlog.ObjectACLSet:
		m.DetailType = "Object ACL Updated"
	}
}
