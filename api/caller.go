package api

import "github.com/bleepstore/bleepstore/eventlog"

// Caller is who makes a request, and how the request is known.
type Caller struct {
	Account   eventlog.Owner // zero for a request without credentials
	AccessKey string         // the key that signed the request
	Address   string         // the client's network address, without port
	Request   string         // id of the request
}

func (c Caller) actor() eventlog.Actor {
	return eventlog.Actor{Account: c.Account.ID, AccessKey: c.AccessKey, Address: c.Address}
}
