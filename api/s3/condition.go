package s3

import (
	"net/http"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/api"
)

// readConditions reads the conditional headers of a read. Dates that cannot be read are ignored, as RFC 9110 has it.
func (c *call) readConditions() api.ReadConditions {
	return api.ReadConditions{
		IfMatch:           c.headerList("If-Match"),
		IfNoneMatch:       c.headerList("If-None-Match"),
		IfModifiedSince:   c.headerDate("If-Modified-Since"),
		IfUnmodifiedSince: c.headerDate("If-Unmodified-Since"),
		IfRange:           c.header("If-Range"),
	}
}

// sourceConditions reads the conditional headers about the source of a copy. A date that cannot be read is an error here,
// where it is to prevent a change.
func (c *call) sourceConditions() (conditions api.ReadConditions, err error) {
	conditions.IfMatch = c.headerList("X-Amz-Copy-Source-If-Match")
	conditions.IfNoneMatch = c.headerList("X-Amz-Copy-Source-If-None-Match")
	for name, date := range map[string]*time.Time{
		"X-Amz-Copy-Source-If-Modified-Since":   &conditions.IfModifiedSince,
		"X-Amz-Copy-Source-If-Unmodified-Since": &conditions.IfUnmodifiedSince,
	} {
		if value := c.header(name); value != "" {
			if *date, err = parseTime(value); err != nil {
				return conditions, api.InvalidArgumentf(strings.ToLower(name), value, "The date cannot be read.")
			}
		}
	}
	return conditions, nil
}

// writeConditions reads the conditional headers of a write.
func (c *call) writeConditions() api.WriteConditions {
	return api.WriteConditions{
		IfMatch:     c.headerList("If-Match"),
		IfNoneMatch: c.headerList("If-None-Match"),
	}
}

// headerList returns a header that is a list, which may be spread over several lines.
func (c *call) headerList(name string) string { return strings.Join(c.r.Header[name], ",") }

// headerDate returns a header that is a date; zero if there is none.
func (c *call) headerDate(name string) time.Time {
	if len(c.r.Header[name]) == 0 {
		return time.Time{}
	}
	t, err := http.ParseTime(c.r.Header[name][0])
	if err != nil {
		return time.Time{}
	}
	return t
}
