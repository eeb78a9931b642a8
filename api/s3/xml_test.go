package s3

import (
	"encoding/xml"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzText checks that any text comes back from a document, as far as XML can hold it, and any key from URL encoding.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"plain", "<&>\"'", "\t\r\n", "ä日𝄞", "\x00\x01\x1f", "\xff\xc3", "\uFFFE\uFFFD", "a b+c/d%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x := newXML(0)
		x.text("Key", s)
		if !utf8.Valid(x.b) {
			t.Fatalf("%q makes %q", s, x.b)
		}
		var got string
		err := xml.Unmarshal(x.b, &got)
		illegal := strings.ContainsFunc(s, func(r rune) bool {
			return r < ' ' && !strings.ContainsRune("\t\n\r", r) || r == 0xFFFE || r == 0xFFFF
		})
		if want := strings.ToValidUTF8(s, "\uFFFD"); !illegal && utf8.ValidString(s) && (err != nil || got != want) {
			t.Errorf("%q comes back as %q, %v from %q", s, got, err, x.b)
		}
		decoded, err := url.QueryUnescape(string(appendURLEncoded(nil, s)))
		if err != nil || decoded != s {
			t.Errorf("%q comes back as %q, %v", s, decoded, err)
		}
	})
}
