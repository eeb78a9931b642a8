package s3

import (
	"github.com/bleepstore/bleepstore/eventlog"
)

// ownership reads the x-amz-object-ownership header of CreateBucket; empty if there is none.
func (c *call) ownership() (eventlog.Ownership, error) {
	return eventlog.Ownership(c.header("X-Amz-Object-Ownership")), nil
}
