package feed

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/eventlog"
)

// textTime is how people are told the time of an event.
const textTime = "2006-01-02 15:04:05.000Z"

// Text is the event for people: when, its id, what happened to what, by whom and from where. It is one line, and what clients have
// chosen cannot do anything to a terminal.
func (e *Event) Text() string {
	line := []string{e.Time.UTC().Format(textTime), e.ID().String(), e.Data.EventType()}
	add := func(name, value string) {
		if value != "" {
			line = append(line, name+"="+plain(value))
		}
	}
	switch {
	case e.Key != "":
		line = append(line, plain(e.Bucket+"/"+e.Key))
	case e.Bucket != "":
		line = append(line, e.Bucket)
	}
	if object := objectOf(e.Data); object != nil {
		line = append(line, fmt.Sprintf("%d bytes", object.Size))
	}
	e.details(add)
	add("upload", e.Upload)
	add("by", e.who())
	add("from", e.Actor.Address)
	add("request", e.Request)
	return strings.Join(line, " ")
}

// who is who caused the event.
func (e *Event) who() string {
	switch {
	case e.Actor.AccessKey != "":
		return e.Actor.AccessKey
	case e.Actor.Address != "":
		return "anonymous"
	}
	return "server"
}

// details adds what an event says about what it is about.
func (e *Event) details(add func(name, value string)) {
	add("version", e.Version)
	switch d := e.Data.(type) {
	case *eventlog.ObjectCreated:
		add("etag", d.Object.ETag)
		add("via", string(d.Via))
		if d.Source != nil {
			add("source", d.Source.Bucket+"/"+d.Source.Key)
			add("source-version", d.Source.Version)
		}
	case *eventlog.VersionDeleted:
		if d.DeleteMarker {
			add("was", "delete-marker")
		}
	case *eventlog.ObjectTagsSet:
		add("tags", tagsText(d.Object.Attributes.Tags))
	case *eventlog.ObjectACLSet:
		add("grants", grantsText(d.Object.Grants))
	case *eventlog.BucketTagsSet:
		add("tags", tagsText(d.Tags))
	case *eventlog.BucketACLSet:
		add("grants", grantsText(d.Grants))
	case *eventlog.BucketVersioningSet:
		add("status", string(d.Status))
	case *eventlog.BucketOwnershipSet:
		add("ownership", string(d.Ownership))
	case *eventlog.PartStored:
		add("part", strconv.Itoa(d.Part.Number))
		add("etag", d.Part.ETag)
	case *eventlog.BlobsReaped:
		add("blobs", strconv.Itoa(len(d.Blobs)))
	case *eventlog.StorageRebased:
		add("blobs-from", d.From)
		add("blobs-to", d.To)
	case *eventlog.LogRestored:
		add("restored-from", d.From.String())
	}
}

func tagsText(tags []eventlog.Tag) string {
	texts := make([]string, len(tags))
	for i, tag := range tags {
		texts[i] = tag.Key + ":" + tag.Value
	}
	return strings.Join(texts, ",")
}

func grantsText(grants []eventlog.Grant) string {
	if grants == nil {
		return "private"
	}
	texts := make([]string, len(grants))
	for i, grant := range grants {
		to := grant.Account.ID
		if grant.Group != "" {
			to = grant.Group[strings.LastIndex(grant.Group, "/")+1:]
		}
		texts[i] = to + ":" + string(grant.Permission)
	}
	return strings.Join(texts, ",")
}

// plain is text as it is where nobody can mistake it for anything else, and otherwise quoted, with escapes for characters that are
// not visible.
func plain(text string) string {
	if quoted := strconv.Quote(text); len(quoted) != len(text)+2 || strings.ContainsAny(text, " =") {
		return quoted
	}
	return text
}
