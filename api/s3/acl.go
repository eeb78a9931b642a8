package s3

import (
	"github.com/bleepstore/bleepstore/api"
)

// acl reads the access control list that the headers ask for.
func (c *call) acl() (api.ACLRequest, error) {
	return api.ACLRequest{Canned: c.header("X-Amz-Acl")}, nil
}
