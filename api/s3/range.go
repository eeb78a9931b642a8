package s3

import (
	"math"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/api"
)

// parseRange reads a Range header. It returns nil for one to be ignored, as S3 ignores it: if it makes no sense, counts
// something else than bytes, or names several ranges.
// See https://www.rfc-editor.org/rfc/rfc9110#name-byte-ranges
func parseRange(header string) *api.Range {
	unit, spec, _ := strings.Cut(header, "=")
	first, last, isRange := strings.Cut(strings.TrimSpace(spec), "-")
	if !strings.EqualFold(strings.TrimSpace(unit), "bytes") || !isRange || first == "" && last == "" {
		return nil
	}
	r := api.Range{First: -1, Last: -1}
	if first != "" {
		offset, ok := parseOffset(first)
		if !ok {
			return nil
		}
		r.First = offset
	}
	if last != "" {
		offset, ok := parseOffset(last)
		if !ok || first != "" && offset < r.First {
			return nil
		}
		r.Last = offset
	}
	return &r
}

// parseOffset reads a number of digits alone. One that is too large for an object means its end.
func parseOffset(s string) (int64, bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return math.MaxInt64, s != ""
	}
	return n, true
}
