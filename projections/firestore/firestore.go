// Package firestore keeps rows of metadata in Google Cloud Firestore, in Native mode: README.md in this folder documents how
// the documents look, what they cost and how a database is set up.
//
// Each row is a document, in a subcollection for each partition, so that the index that Firestore makes for each field is the
// only one that is needed. A few documents are one commit, which is one round trip; many are commits beside each other.
//
// The client is apiv1, the lower of the two in Google's module. The upper one writes several documents without a transaction
// only by calls that are deprecated or not atomic, and it repeats calls by rules of its own, of which commit.go needs others.
package firestore

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	firestore "cloud.google.com/go/firestore/apiv1"
	"google.golang.org/api/option"
	"google.golang.org/grpc/metadata"

	"github.com/bleepstore/bleepstore/projections/rows"
)

// Config says where the table is.
type Config struct {
	// Project is the id of the Google Cloud project that the database is in.
	Project string
	// Database is the id of the database. Empty is "(default)".
	Database string
	// Collection is the id of the root collection under which everything is, and nothing else may be. Servers that share a
	// database have one each. Empty is "bleepstore".
	Collection string
	// Endpoint is host:port of an emulator, to which the client speaks plain text and shows no credentials. Empty is Google's
	// service.
	Endpoint string
	// CredentialsFile is a JSON file of a service account's key or of another kind of Google's credentials. Empty stands for
	// application default credentials.
	CredentialsFile string
}

// Table is a rows.Table in a Firestore database.
type Table struct {
	place
	timing
	client *firestore.Client
}

var _ rows.Table = (*Table)(nil)

// Open connects to the database, and makes sure that it answers as one in Native mode does.
func Open(ctx context.Context, c Config) (*Table, error) { return open(ctx, c, defaultTiming) }

func open(ctx context.Context, c Config, timing timing, options ...option.ClientOption) (*Table, error) {
	if c.Database == "" {
		c.Database = "(default)"
	}
	if c.Collection == "" {
		c.Collection = "bleepstore"
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("firestore: %w", err)
	}
	t := &Table{place: place{c.Project, c.Database, c.Collection}, timing: timing}
	connection, err := connectionOptions(c)
	if err != nil {
		return nil, t.explain(ctx, "connect", err)
	}
	if t.client, err = firestore.NewClient(ctx, append(connection, options...)...); err != nil {
		return nil, t.explain(ctx, "connect", err)
	}
	// How often and how long a call is repeated is for retry and commit to say.
	*t.client.CallOptions = firestore.CallOptions{}
	if err := t.Check(ctx); err != nil {
		return nil, errors.Join(err, t.client.Close())
	}
	return t, nil
}

// reserved are the ids that Firestore keeps for itself.
var reserved = regexp.MustCompile(`^(\.|\.\.|__.*__)$`)

// maxCollection leaves room for the rest of a document's name, which has a limit of 6 KiB, and an entry of an index, which
// holds two of them, one of 7.5 KiB.
const maxCollection = 128

func (c Config) check() error {
	switch {
	case c.Project == "":
		return errors.New("which project is the database in? There is no default")
	case strings.Contains(c.Collection, "/") || reserved.MatchString(c.Collection) || len(c.Collection) > maxCollection:
		return fmt.Errorf(`%q cannot be the id of a collection: up to %d bytes without "/", not ".", "..", nor "__" at both ends`,
			c.Collection, maxCollection)
	}
	return nil
}

// place is where the table is.
type place struct{ project, database, collection string }

// name is the resource name of the database.
func (p place) name() string { return "projects/" + p.project + "/databases/" + p.database }

func (p place) String() string {
	return fmt.Sprintf("collection %s in Firestore database %s of project %s", p.collection, p.database, p.project)
}

// headers returns a context whose calls tell Google's front end which database they are for.
func (p place) headers(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "google-cloud-resource-prefix", p.name())
}

// Check implements rows.Table. It asks for a document that never exists, which costs as much as a read of one.
func (t *Table) Check(ctx context.Context) error {
	name := t.name() + "/documents/" + t.collection + "/check"
	err := t.retry(ctx, func() (bool, error) {
		_, progress, err := t.batchGet(ctx, []string{name})
		return progress, err
	})
	return t.explain(ctx, "check", err)
}

// Close implements rows.Table.
func (t *Table) Close() error {
	if err := t.client.Close(); err != nil {
		return fmt.Errorf("close the connection to the %v: %w", t.place, err)
	}
	return nil
}

// timing is how long calls take at most.
type timing struct {
	attempt  time.Duration // one request
	patience time.Duration // all that is repeated, since something was achieved last
	margin   time.Duration // how long after its deadline a request may be carried out
}

// defaultTiming lets eight commits of the greatest size, which are under way at a time, arrive over 15 Mbit/s.
var defaultTiming = timing{attempt: 10 * time.Second, patience: 10 * time.Second, margin: time.Second}
