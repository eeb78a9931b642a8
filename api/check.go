package api

import (
	"crypto/md5"

	"github.com/bleepstore/bleepstore/eventlog"
)

// Check tells whether content, all that a Body's Reader gave, is what the client says it is. It is for bodies that are
// requests rather than objects. Errors: BadDigest, and those of Checksum.
func (b Body) Check(received []byte) error {
	sum := md5.Sum(received)
	c := content{md5: sum[:], blob: eventlog.Blob{Size: int64(len(received))}}
	if b.Checksum != nil {
		h := newChecksum(b.Algorithm)
		h.Write(received)
		c.checksum.Value = encodeSum(h)
	}
	return c.check(b, c.blob.Size)
}
