package s3

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// namespace is that of S3's documents. Errors have none.
const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// xmlWriter makes the document of an answer. It appends rather than reflects, because a page of a listing has thousands
// of elements.
type xmlWriter struct {
	b []byte
	// urlEncoded tells that keys are to be written in URL encoding.
	urlEncoded bool
}

// newXML begins a document of about so many bytes.
func newXML(size int) *xmlWriter {
	return &xmlWriter{b: append(make([]byte, 0, size), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"...)}
}

// root opens the outermost element.
func (x *xmlWriter) root(name string) {
	x.b = append(append(append(append(append(x.b, '<'), name...), ` xmlns="`...), namespace...), '"', '>')
}

func (x *xmlWriter) open(name string) {
	x.b = append(append(append(x.b, '<'), name...), '>')
}

func (x *xmlWriter) close(name string) {
	x.b = append(append(append(x.b, '<', '/'), name...), '>')
}

// text writes an element that holds text.
func (x *xmlWriter) text(name, value string) {
	x.open(name)
	x.b = appendEscaped(x.b, value)
	x.close(name)
}

// textIf writes an element that holds text, if there is any.
func (x *xmlWriter) textIf(name, value string) {
	if value != "" {
		x.text(name, value)
	}
}

// texts writes an element for each of the values.
func (x *xmlWriter) texts(name string, values []string) {
	for _, value := range values {
		x.text(name, value)
	}
}

// key writes an element that holds a key, or what keys are compared with.
func (x *xmlWriter) key(name, value string) {
	if !x.urlEncoded {
		x.text(name, value)
		return
	}
	x.open(name)
	x.b = appendURLEncoded(x.b, value)
	x.close(name)
}

// keyIf writes an element that holds a key, if it is not empty.
func (x *xmlWriter) keyIf(name, value string) {
	if value != "" {
		x.key(name, value)
	}
}

func (x *xmlWriter) int(name string, value int64) {
	x.open(name)
	x.b = strconv.AppendInt(x.b, value, 10)
	x.close(name)
}

func (x *xmlWriter) bool(name string, value bool) {
	x.open(name)
	x.b = strconv.AppendBool(x.b, value)
	x.close(name)
}

// time writes an instant in the form that S3 has in documents: with milliseconds, but in whole seconds, as HTTP has them.
func (x *xmlWriter) time(name string, t time.Time) {
	x.open(name)
	x.b = t.UTC().Truncate(time.Second).AppendFormat(x.b, "2006-01-02T15:04:05.000Z")
	x.close(name)
}

// etag writes an ETag, which has its quotes in documents too.
func (x *xmlWriter) etag(value string) {
	x.open("ETag")
	x.b = append(appendEscaped(append(x.b, "&quot;"...), value), "&quot;"...)
	x.close("ETag")
}

// appendEscaped appends text to a document. Characters that XML 1.0 has no way to write become character references all
// the same, as on S3: who lists such keys asks for URL encoding. Bytes that are not UTF-8 become U+FFFD.
func appendEscaped(b []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if escape := escapes[c]; escape != "" {
				b = append(append(b, s[start:i]...), escape...)
				start = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b = append(append(b, s[start:i]...), "\uFFFD"...)
			start = i + 1
		} else if r == 0xFFFE || r == 0xFFFF {
			b = append(append(b, s[start:i]...), "&#x"+strconv.FormatInt(int64(r), 16)+";"...)
			start = i + size
		}
		i += size
	}
	return append(b, s[start:]...)
}

// escapes are what stands for ASCII characters that cannot stand for themselves. Tab and line ends are among them,
// because parsers change them otherwise.
var escapes = func() (table [utf8.RuneSelf]string) {
	for c := range 0x20 {
		table[c] = "&#x" + strconv.FormatInt(int64(c), 16) + ";"
	}
	table['&'], table['<'], table['>'], table['"'], table['\''] = "&amp;", "&lt;", "&gt;", "&quot;", "&#39;"
	return table
}()

// appendURLEncoded appends a key as encoding-type=url wants it: S3 writes a space as "+" and leaves slashes.
func appendURLEncoded(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '*', c == '/':
			b = append(b, c)
		case c == ' ':
			b = append(b, '+')
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}
