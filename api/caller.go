package api

import "github.com/bleepstore/bleepstore/eventlog"

// Caller is who makes a request, and how the request is known.
type Caller struct {
	Account   eventlog.Owner // zero for a request without credentials
	AccessKey string         // the key that signed the request
	Address   string         // the client's network address, without port
	Request   string         // id of the request
	Operation string         // what is asked for, named as in S3's API reference: the rules are about it
	// ExpectedOwner is the id of the account that the bucket must belong to, or else the request is denied; empty for any.
	ExpectedOwner string
	// BucketOwner, unless it is nil, is told the id of the account that the bucket of the request belongs to, once that is known.
	BucketOwner *string
}

func (c Caller) actor() eventlog.Actor {
	return eventlog.Actor{Account: c.Account.ID, AccessKey: c.AccessKey, Address: c.Address}
}

// anonymous tells whether the request came without credentials.
func (c Caller) anonymous() bool { return c.Account.ID == "" }

// is tells whether the caller is an account.
func (c Caller) is(account eventlog.Owner) bool { return !c.anonymous() && c.Account.ID == account.ID }

// performing is the caller at another operation, which is part of the one that was asked for, on a bucket that must
// belong to expectedOwner, if that is not empty.
func (c Caller) performing(operation, expectedOwner string) Caller {
	c.Operation, c.ExpectedOwner, c.BucketOwner = operation, expectedOwner, nil
	return c
}

// anybody is the account to which things belong that came without credentials. Its id is the one that S3 has for it.
var anybody = eventlog.Owner{ID: "65a011a29cdf8ec533ec3d1ccaae921c"}

// owner is the account to which belongs what the caller makes.
func (c Caller) owner() eventlog.Owner {
	if c.anonymous() {
		return anybody
	}
	return c.Account
}
