package s3

import (
	"net/http"
	"strings"
)

// hoistable are the headers, and beginnings of headers, that S3 also obeys as parameters of the query, where signers of
// URLs put them.
var hoistable = []string{
	"X-Amz-Acl",
	"X-Amz-Expected-Bucket-Owner",
	"X-Amz-Grant-",
	"X-Amz-If-Match-",
	"X-Amz-Meta-",
	"X-Amz-Object-Ownership",
	"X-Amz-Source-Expected-Bucket-Owner",
	"X-Amz-Storage-Class",
	"X-Amz-Tagging",
	"X-Amz-Website-Redirect-Location",
}

// hoist makes headers of the parameters that stand for some, where the request does not have them as headers. It must
// come after the signature was verified. In a header, version 2 does not sign them, and then they stand for nothing.
func (c *call) hoist() {
	if strings.HasPrefix(c.header("Authorization"), "AWS ") {
		return
	}
	for name, values := range c.query {
		name = http.CanonicalHeaderKey(name)
		if len(c.r.Header[name]) > 0 || !strings.HasPrefix(name, "X-Amz-") {
			continue
		}
		for _, prefix := range hoistable {
			if name == prefix || strings.HasSuffix(prefix, "-") && strings.HasPrefix(name, prefix) {
				c.r.Header[name] = values
				break
			}
		}
	}
}
