package sigv4

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// form is how the path and the query stand in the canonical request.
type form int

const (
	// encoded is the form that S3 defines: decoded, then percent-encoded once, all but the unreserved characters (and, in
	// a path, "/"). Nothing is cleaned: "//", "." and ".." are parts of keys.
	encoded form = iota
	// verbatim is as the client wrote them. Clients that leave characters such as "+", "=" or "'" bare sign it; as it is
	// what came over the wire, it says no less about the request.
	verbatim
)

// appendCanonical appends a request's canonical form, which is what its signature covers.
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func appendCanonical(b []byte, r *http.Request, c *claim, payloadHash string, f form) []byte {
	b = append(b, r.Method...)
	b = append(b, '\n')
	switch {
	case r.URL.Path == "":
		b = append(b, '/')
	case f == verbatim:
		b = append(b, r.URL.EscapedPath()...)
	default:
		b = appendEncoded(b, r.URL.Path, '/')
	}
	b = append(b, '\n')
	b = appendQuery(b, r.URL.RawQuery, c.presigned, f)
	b = append(b, '\n')
	for name := range strings.SplitSeq(c.signedHeaders, ";") {
		b = appendHeader(b, r, name)
	}
	b = append(b, '\n')
	b = append(b, c.signedHeaders...)
	b = append(b, '\n')
	return append(b, payloadHash...)
}

// appendQuery appends the parameters, sorted by name and then by value as they are encoded. A presigned request's own
// signature cannot be among them.
func appendQuery(b []byte, raw string, presigned bool, f form) []byte {
	if raw == "" {
		return b
	}
	type parameter struct{ name, value string }
	parameters := make([]parameter, 0, 16)
	for s := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(s, "=")
		if s == "" || presigned && name == "X-Amz-Signature" {
			continue
		}
		if f == encoded {
			name, value = reencode(name), reencode(value)
		}
		parameters = append(parameters, parameter{name, value})
	}
	slices.SortFunc(parameters, func(a, b parameter) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
	for i, p := range parameters {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, p.name...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	return b
}

// reencode brings a name or value of a query to its canonical encoding. Queries that cannot be decoded have been refused
// before.
func reencode(s string) string {
	if !strings.ContainsFunc(s, func(c rune) bool { return c >= 0x80 || !unreserved(byte(c)) }) {
		return s
	}
	decoded, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return string(appendEncoded(nil, decoded, 0))
}

// appendHeader appends a signed header. One that the request does not have is left out, as S3 leaves it out: there are
// clients that list headers which their HTTP library then does not send.
func appendHeader(b []byte, r *http.Request, name string) []byte {
	values := headerValues(r, name)
	if values == nil {
		return b
	}
	b = append(b, name...)
	b = append(b, ':')
	for i, value := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendTrimmed(b, value)
	}
	return append(b, '\n')
}

// headerValues finds the values of a header by its lower-case name, also of those that net/http's server takes out of the
// header map.
func headerValues(r *http.Request, name string) []string {
	switch name {
	case "host":
		return []string{r.Host}
	case "transfer-encoding":
		return r.TransferEncoding
	}
	// Many names are unknown to net/textproto, which would allocate the canonical form of each.
	var space [64]byte
	key := space[:0]
	upper := true
	for i := range len(name) {
		c := name[i]
		if upper && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper = c == '-'
		key = append(key, c)
	}
	return r.Header[string(key)]
}

// appendTrimmed appends a header's value without spaces around it and with one space for each run of them.
func appendTrimmed(b []byte, value string) []byte {
	value = strings.Trim(value, " \t")
	for {
		i := strings.Index(value, "  ")
		if i < 0 {
			return append(b, value...)
		}
		b = append(b, value[:i+1]...)
		value = strings.TrimLeft(value[i:], " ")
	}
}

// appendEncoded appends s percent-encoded, all but the unreserved characters and keep.
func appendEncoded(b []byte, s string, keep byte) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		if c := s[i]; unreserved(c) || c == keep && keep != 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return b
}

// unreserved tells the characters that RFC 3986 (section 2.3) says need no encoding anywhere.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~'
}
