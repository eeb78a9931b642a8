// Package dynamodb keeps rows of metadata in a table of Amazon DynamoDB.
//
// One table holds all rows. Its partition key is a row's partition and its sort key is a row's sort key, which DynamoDB
// orders by bytes, as package rows does. README.md describes the table for who runs it.
package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/bleepstore/bleepstore/projections/rows"
)

// Config names a table and tells how to reach it.
type Config struct {
	Table    string // its name; it is created if it does not exist
	Region   string // of AWS; empty for the one that the SDK's environment and files name
	Endpoint string // URL of what answers in place of AWS, such as an emulator or a VPC endpoint; empty for AWS

	// AccessKey and SecretKey are credentials. Both empty, the SDK looks for some where it always does: in the environment,
	// in its files, and in the roles of containers and instances.
	AccessKey, SecretKey string
}

// inFlight is how many requests a call has under way at most.
const inFlight = 32

// checkAttempts is how often Check asks before it reports an error: often enough to get past a connection that was cut.
const checkAttempts = 3

// Table is a rows.Table in DynamoDB. Its reads are consistent ones.
type Table struct {
	client    *sdk.Client
	sender    *sender
	name      string
	place     string // where the table is, for errors
	flags     string // what the AWS CLI needs to find the table, for errors
	unsettled unsettled
}

// Open returns a table, which it creates if there is none. It fails for a table that has another key.
func Open(ctx context.Context, c Config) (*Table, error) {
	if c.Table == "" {
		return nil, errors.New("the name of the DynamoDB table is missing")
	}
	return open(ctx, c, defaultLimits)
}

// limits are times that tests shorten.
type limits struct {
	attempt time.Duration // for one request and its answer
	settle  time.Duration // until a request without an answer has had its effect, or will have none
}

var defaultLimits = limits{attempt: 10 * time.Second, settle: 10 * time.Second}

func open(ctx context.Context, c Config, l limits) (*Table, error) {
	client, sender, err := connect(ctx, c, l.attempt)
	if err != nil {
		return nil, fmt.Errorf("DynamoDB table %q: %w", c.Table, err)
	}
	t := &Table{client: client, sender: sender, name: c.Table, unsettled: unsettled{settle: l.settle}}
	region := client.Options().Region
	t.place, t.flags = "in "+region, "--region "+region+" --table-name "+c.Table
	if c.Endpoint != "" {
		t.place, t.flags = t.place+" at "+c.Endpoint, "--endpoint-url "+c.Endpoint+" "+t.flags
	}
	if err := t.prepare(ctx); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// Check implements rows.Table. It reads a row that is not there, which costs one read unit.
func (t *Table) Check(ctx context.Context) error {
	nothing := rows.Key{Partition: "check", Sort: "check"}
	_, err := t.client.GetItem(ctx, &sdk.GetItemInput{
		TableName: &t.name, Key: keyItem(nothing), ConsistentRead: aws.Bool(true),
	}, func(o *sdk.Options) { o.RetryMaxAttempts = checkAttempts })
	return t.explain(err)
}

// Close implements rows.Table.
func (t *Table) Close() error {
	t.sender.CloseIdleConnections()
	return nil
}
