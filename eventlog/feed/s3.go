package feed

import (
	"net/url"

	"github.com/bleepstore/bleepstore/eventlog"
)

// S3Name is what S3 calls an event in notifications, such as ObjectCreated:Put. It tells whether S3 has a name for it.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
func S3Name(e *Event) (string, bool) {
	switch d := e.Data.(type) {
	case *eventlog.ObjectCreated:
		switch d.Via {
		case eventlog.ViaCopy:
			return "ObjectCreated:Copy", true
		case eventlog.ViaMultipart:
			return "ObjectCreated:CompleteMultipartUpload", true
		case eventlog.ViaPost:
			return "ObjectCreated:Post", true
		}
		return "ObjectCreated:Put", true // an import too: the object is there, and was not
	case *eventlog.MarkerCreated:
		return "ObjectRemoved:DeleteMarkerCreated", true
	case *eventlog.ObjectDeleted, *eventlog.VersionDeleted:
		return "ObjectRemoved:Delete", true
	case *eventlog.ObjectTagsSet:
		return "ObjectTagging:Put", true
	case *eventlog.ObjectTagsDeleted:
		return "ObjectTagging:Delete", true
	case *eventlog.ObjectACLSet:
		return "ObjectAcl:Put", true
	}
	return "", false
}

// S3Message is the message of S3's event notifications.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
type S3Message struct {
	Records []Record `json:"Records"`
}

// Record is an event in an S3Message. x-amz-id-2, which says to the people of S3 which host answered, is left out.
type Record struct {
	EventVersion      string            `json:"eventVersion"`
	EventSource       string            `json:"eventSource"`
	AWSRegion         string            `json:"awsRegion"`
	EventTime         string            `json:"eventTime"`
	EventName         string            `json:"eventName"` // S3Name
	UserIdentity      Identity          `json:"userIdentity"`
	RequestParameters RequestParameters `json:"requestParameters"`
	ResponseElements  ResponseElements  `json:"responseElements"`
	S3                RecordS3          `json:"s3"`
}

// Identity names who caused an event, by the access key, or to whom a bucket belongs, by the canonical id of the account.
type Identity struct {
	PrincipalID string `json:"principalId"`
}

// RequestParameters are what a Record says about the request that caused the event.
type RequestParameters struct {
	SourceIPAddress string `json:"sourceIPAddress"`
}

// ResponseElements are what a Record says about the answer to that request.
type ResponseElements struct {
	RequestID string `json:"x-amz-request-id"`
}

// RecordS3 is what a Record is about.
type RecordS3 struct {
	SchemaVersion   string       `json:"s3SchemaVersion"`
	ConfigurationID string       `json:"configurationId,omitzero"`
	Bucket          RecordBucket `json:"bucket"`
	Object          RecordObject `json:"object"`
}

// RecordBucket is the bucket of a Record.
type RecordBucket struct {
	Name          string   `json:"name"`
	OwnerIdentity Identity `json:"ownerIdentity,omitzero"`
	ARN           string   `json:"arn"`
}

// RecordObject is the object of a Record.
type RecordObject struct {
	Key       string `json:"key"`            // encoded as in the query of a URL, with + for a space
	Size      *int64 `json:"size,omitempty"` // bytes; not of what was deleted
	ETag      string `json:"eTag,omitzero"`  // not of what was deleted
	VersionID string `json:"versionId,omitzero"`
	Sequencer string `json:"sequencer"` // ID.Sequencer
}

const (
	// S3 writes the first version for most events, and the other one for those about the tags and ACLs of objects. They differ
	// in members that only other events have.
	recordVersion        = "2.1"
	changedRecordVersion = "2.3"
	recordSchema         = "1.0"

	// Programs that get messages of several services choose by their source, so it is the name that S3 has.
	s3Source = "aws:s3"
	s3Time   = "2006-01-02T15:04:05.000Z"

	anonymous = "Anonymous" // who makes requests without credentials
)

// S3Record is an event as in a notification of S3. It tells whether S3Name knows the event.
func S3Record(e *Event, o Origin) (Record, bool) {
	name, ok := S3Name(e)
	if !ok {
		return Record{}, false
	}
	size, etag := content(e.Data)
	return Record{
		EventVersion:      versionOf(e.Data),
		EventSource:       s3Source,
		AWSRegion:         o.Region,
		EventTime:         e.Time.UTC().Format(s3Time),
		EventName:         name,
		UserIdentity:      Identity{requester(e)},
		RequestParameters: RequestParameters{e.Actor.Address},
		ResponseElements:  ResponseElements{e.Request},
		S3: RecordS3{
			SchemaVersion:   recordSchema,
			ConfigurationID: o.Configuration,
			Bucket:          RecordBucket{Name: e.Bucket, OwnerIdentity: Identity{o.BucketOwner}, ARN: arn(e.Bucket)},
			Object: RecordObject{
				Key: url.QueryEscape(e.Key), Size: size, ETag: etag, VersionID: s3Version(e), Sequencer: e.ID().Sequencer(),
			},
		},
	}, true
}

func versionOf(data eventlog.Data) string {
	switch data.(type) {
	case *eventlog.ObjectTagsSet, *eventlog.ObjectTagsDeleted, *eventlog.ObjectACLSet:
		return changedRecordVersion
	}
	return recordVersion
}

// requester is who caused an event, as S3's messages say it.
func requester(e *Event) string {
	if e.Actor.AccessKey == "" {
		return anonymous
	}
	return e.Actor.AccessKey
}

func arn(bucket string) string { return "arn:aws:s3:::" + bucket }

// objectOf is the object that exists after an event and that the event is about; nil if there is none.
func objectOf(data eventlog.Data) *eventlog.Object {
	switch d := data.(type) {
	case *eventlog.ObjectCreated:
		return &d.Object
	case *eventlog.ObjectTagsSet:
		return &d.Object
	case *eventlog.ObjectTagsDeleted:
		return &d.Object
	case *eventlog.ObjectACLSet:
		return &d.Object
	}
	return nil
}

// content is what S3's messages say about the content of an object that exists.
func content(data eventlog.Data) (size *int64, etag string) {
	if object := objectOf(data); object != nil {
		return &object.Size, object.ETag
	}
	return nil, ""
}

// s3Version is the version id of what an event is about, empty for a null version: S3 tells none for buckets without versioning.
func s3Version(e *Event) string {
	var null bool
	switch d := e.Data.(type) {
	case *eventlog.MarkerCreated:
		null = d.Marker.Null
	case *eventlog.ObjectDeleted:
		null = d.Null
	case *eventlog.VersionDeleted:
		null = d.Null
	default:
		object := objectOf(d)
		null = object != nil && object.Null
	}
	if null {
		return ""
	}
	return e.Version
}
