package accesslog

import (
	"net/http"
	"strconv"

	"github.com/bleepstore/bleepstore/api/s3"
)

// Amazon makes lines in the format of S3's server access logs.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
//
// Invariant: a line is of ASCII without control characters, and quotes are only around fields. So nothing that a client sends
// ends a field or a line.
func Amazon(line []byte, r *s3.Request) []byte {
	signature, authentication := signatureOf(r)
	version, cipher := tlsOf(r.HTTP.TLS)
	code := ""
	if r.Error != nil && r.Status != http.StatusNotModified {
		code = string(r.Error.Code)
	}
	line = appendField(line, r.BucketOwner)
	line = appendField(line, r.Bucket)
	line = r.Began.UTC().AppendFormat(append(line, '['), "02/Jan/2006:15:04:05 -0700")
	line = append(line, "] "...)
	line = appendField(line, addressOf(r.HTTP))
	line = appendField(line, r.Caller.Account.ID)
	line = appendField(line, r.ID)
	line = appendField(line, operationOf(r))
	line = appendKey(line, r.Key)
	line = appendQuoted(line, r.HTTP.Method+" "+withoutSecrets(r.HTTP.RequestURI)+" "+r.HTTP.Proto)
	line = appendNumber(line, int64(r.Status), r.Status > 0)
	line = appendField(line, code)
	line = appendNumber(line, r.Sent, r.Sent > 0)
	line = appendNumber(line, r.ObjectSize, r.ObjectSize >= 0)
	line = appendNumber(line, r.Duration.Milliseconds(), true)
	line = appendNumber(line, r.FirstByte.Milliseconds(), r.FirstByte > 0)
	line = appendQuoted(line, withoutSecrets(r.HTTP.Referer()))
	line = appendQuoted(line, r.HTTP.UserAgent())
	line = appendField(line, r.Version)
	line = appendField(line, r.HostID)
	line = appendField(line, signature)
	line = appendField(line, cipher)
	line = appendField(line, authentication)
	line = appendField(line, r.HTTP.Host)
	line = appendField(line, version)
	return append(line, "- -"...) // of an access point, of which there are none, and whether an ACL was needed, which is not known
}

// appendField appends a field and a space. Empty ones are a hyphen.
func appendField(line []byte, text string) []byte {
	if text == "" {
		return append(line, "- "...)
	}
	return append(appendVisible(line, text, false), ' ')
}

// appendQuoted appends a field that may have spaces.
func appendQuoted(line []byte, text string) []byte {
	line = append(line, '"')
	if text == "" {
		line = append(line, '-')
	}
	return append(appendVisible(line, text, true), `" `...)
}

func appendNumber(line []byte, n int64, known bool) []byte {
	if !known {
		return append(line, "- "...)
	}
	return append(strconv.AppendInt(line, n, 10), ' ')
}

// appendVisible appends text with whatever is not to be seen, and quotes, percent-encoded.
func appendVisible(line []byte, text string, spaces bool) []byte {
	for i := range len(text) {
		if c := text[i]; c > ' ' && c < 0x7f && c != '"' || c == ' ' && spaces {
			line = append(line, c)
		} else {
			line = appendEncoded(line, c)
		}
	}
	return line
}

const hexDigits = "0123456789ABCDEF"

func appendEncoded(line []byte, c byte) []byte {
	return append(line, '%', hexDigits[c>>4], hexDigits[c&15])
}

// appendKey appends a key, which is URL-encoded twice, as Amazon does, and a space.
func appendKey(line []byte, key string) []byte {
	if key == "" {
		return append(line, "- "...)
	}
	for i := range len(key) {
		switch c := key[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '/', c == '-', c == '_', c == '.', c == '~':
			line = append(line, c)
		default: // a byte is %XX, of which the second encoding makes %25XX
			line = append(line, '%', '2', '5', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(line, ' ')
}
