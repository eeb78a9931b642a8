package accesslog

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bleepstore/bleepstore/api/s3"
)

// jsonLine is a line of JSON. Fields of which there is nothing to say are left out. Names that the process's own log has, too,
// are the same there.
type jsonLine struct {
	Time          string  `json:"time"`
	Request       string  `json:"request"`
	Trace         string  `json:"trace,omitzero"`
	Operation     string  `json:"operation,omitzero"`
	Bucket        string  `json:"bucket,omitzero"`
	BucketOwner   string  `json:"bucket_owner,omitzero"`
	Key           string  `json:"key,omitzero"`
	Version       string  `json:"version,omitzero"`
	Method        string  `json:"method"`
	URI           string  `json:"uri"`
	Protocol      string  `json:"protocol"`
	Host          string  `json:"host"`
	Status        int     `json:"status"`
	Code          string  `json:"code,omitzero"`
	Received      int64   `json:"received"`
	Sent          int64   `json:"sent"`
	ObjectSize    *int64  `json:"object_size,omitzero"`
	Duration      float64 `json:"duration"`
	FirstByte     float64 `json:"first_byte"`
	Client        string  `json:"client"`
	Account       string  `json:"account,omitzero"`
	AccessKey     string  `json:"access_key,omitzero"`
	Signature     string  `json:"signature,omitzero"`
	Authenticated string  `json:"authentication,omitzero"`
	TLS           string  `json:"tls,omitzero"`
	Cipher        string  `json:"cipher,omitzero"`
	Referer       string  `json:"referer,omitzero"`
	UserAgent     string  `json:"user_agent,omitzero"`
}

// JSON makes lines of JSON. Times are in milliseconds, sizes in bytes. What a client sent that is not UTF-8 is replaced.
func JSON(line []byte, r *s3.Request) []byte {
	signature, authentication := signatureOf(r)
	version, cipher := tlsOf(r.HTTP.TLS)
	l := jsonLine{
		Time: r.Began.UTC().Format("2006-01-02T15:04:05.000Z07:00"), Request: r.ID, Trace: r.Trace, Operation: r.Operation,
		Bucket: r.Bucket, BucketOwner: r.BucketOwner, Key: r.Key, Version: r.Version,
		Method: r.HTTP.Method, URI: withoutSecrets(r.HTTP.RequestURI), Protocol: r.HTTP.Proto, Host: r.HTTP.Host,
		Status: r.Status, Received: r.Received, Sent: r.Sent, Duration: milliseconds(r.Duration), FirstByte: milliseconds(r.FirstByte),
		Client: addressOf(r.HTTP), Account: r.Caller.Account.ID, AccessKey: r.Caller.AccessKey,
		Signature: signature, Authenticated: authentication, TLS: version, Cipher: cipher,
		Referer: withoutSecrets(r.HTTP.Referer()), UserAgent: r.HTTP.UserAgent(),
	}
	if r.ObjectSize >= 0 {
		l.ObjectSize = &r.ObjectSize
	}
	if r.Error != nil && r.Status != http.StatusNotModified {
		l.Code = string(r.Error.Code)
	}
	text, err := json.Marshal(l, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic(err) // there is nothing in a line that JSON does not have
	}
	return append(line, text...)
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}
