package postpolicy

import (
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/api"
)

var noon = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)

// policy is a document with conditions that lasts until noon.
func policy(conditions string) string {
	return `{"expiration": "2024-06-01T12:00:00Z", "conditions": [` + conditions + `]}`
}

// wantError checks the code and what the message is about.
func wantError(t testing.TB, what string, err error, code api.Code, message string) {
	t.Helper()
	if e := api.AsError(err); err == nil || e.Code != code || !strings.Contains(e.Message, message) {
		t.Errorf("%s: got %v, want %s: %s", what, err, code, message)
	}
}

func TestDocumentsThatAreNoPolicies(t *testing.T) {
	for document, message := range map[string]string{
		"":                                       "Invalid JSON",
		"[]":                                     "Invalid JSON",
		"{":                                      "Invalid JSON",
		`{"conditions": []}`:                     "Policy missing expiration",
		`{"expiration": "2024-06-01T12:00:00Z"}`: "Policy missing conditions",
		`{"expiration": 1, "conditions": []}`:    "Invalid JSON",
		`{"EXPIRATION": "2024-06-01T12:00:00Z"}`: "Unexpected: 'expiration'",
		`{"statement": 1, "Version": "2012-10-1"}`:                      "Unexpected: 'version'",
		`{"expiration": "2024-06-01 12:00:00+00:00", "conditions": []}`: "Invalid 'expiration' value: '2024-06-01 12:00:00+00:00'",
		`{"expiration": "2024-06-01T12:00:00+02:00", "conditions": []}`: "Invalid 'expiration' value",
		`{"expiration": "2024-06-01T12:00:00Z", "conditions": {}}`:      "must be a List",
		policy(`1`):                                      "must be a List or Object",
		policy(`{}`):                                     "exactly one property",
		policy(`{"a":"b","c":"d"}`):                      "exactly one property",
		policy(`{"a":"b","a":"b"}`):                      "Invalid JSON",
		policy(`{"a": 1}`):                               "value must be a string",
		policy(`[]`):                                     "missing operation identifier",
		policy(`[1, "$a", "b"]`):                         "Invalid JSON",
		policy(`["ends-with", "$a", "b"]`):               "unknown operation 'ends-with'",
		policy(`["eq", "$a"]`):                           "Invalid eq: wrong number of arguments",
		policy(`["eq", "$a", 1]`):                        "Invalid JSON",
		policy(`["content-length-range", 0]`):            "wrong number of arguments",
		policy(`["content-length-range", -1, 0]`):        "content-length-range",
		policy(`["content-length-range", 0, 512.0]`):     "Invalid JSON",
		policy(`["content-length-range", 0, null]`):      "Invalid JSON",
		policy(`["starts-with", "$key", "a"], ["eq" "]`): "Invalid JSON",
	} {
		_, err := Parse([]byte(document))
		wantError(t, document, err, api.InvalidPolicyDocument, "Invalid Policy: ")
		wantError(t, document, err, api.InvalidPolicyDocument, message)
	}
}

func TestConditions(t *testing.T) {
	for _, test := range []struct{ conditions, field, value, denied string }{
		{`{"acl": "private"}`, "acl", "private", ""},
		{`{"ACL": "private"}`, "acl", "private", ""},
		{`{"acl": "private"}`, "acl", "Private", `Policy Condition failed: ["eq", "$acl", "private"]`},
		{`["EQ", "$Acl", "private"]`, "acl", "public-read", `Policy Condition failed: ["eq", "$Acl", "private"]`},
		{`["eq", "acl", "private"]`, "acl", "private", `Policy Condition failed: ["eq", "acl", "private"]`},
		{`["starts-with", "$key", "a/"]`, "key", "a/b", ""},
		{`["starts-with", "$key", "a/"]`, "key", "A/b", `Policy Condition failed: ["starts-with", "$key", "a/"]`},
		{`["starts-with", "$key", ""]`, "key", "anything", ""},
		{`["starts-with", "$key", ""], {"acl": "private"}`, "key", "a", `Policy Condition failed: ["eq", "$acl", "private"]`},
		{`["starts-with", "$key", "a"], ["starts-with", "$key", "ab"]`, "key", "ac", "Policy Condition failed"},
		{`["starts-with", "$Content-Type", "image/"]`, "content-type", "image/png, image/gif", ""},
		{`["starts-with", "$Content-Type", "image/"]`, "content-type", "image/png,text/plain", "Policy Condition failed"},
		{`["starts-with", "$key", "a"]`, "key", "a,b", ""},
		{`["starts-with", "$key", "\\$a\""]`, "key", `\$a"b`, ""},
		{`["starts-with", "$key", "\$a\v\u00fc"]`, "key", "$a\vü", ""},
		{``, "x-amz-meta-a", "b", "Extra input fields: x-amz-meta-a"},
		{``, "x-ignore-a", "b", ""},
		{``, "x-amz-checksum-sha256", "b", ""},
		{``, "x-amz-signature", "b", ""},
		{`["content-length-range", "one", "2"]`, "file", "", `Policy Condition failed: ["content-length-range", "one", "2"]`},
	} {
		p, err := Parse([]byte(policy(test.conditions)))
		if err != nil {
			t.Errorf("%s: %v", test.conditions, err)
			continue
		}
		err = p.Check(noon, map[string]string{test.field: test.value})
		if test.denied != "" {
			wantError(t, test.conditions, err, api.AccessDenied, "Invalid according to Policy: "+test.denied)
		} else if err != nil {
			t.Errorf("%s with %s=%s: %v", test.conditions, test.field, test.value, err)
		}
	}
}

func TestThePolicyMustNameTheBucket(t *testing.T) {
	p, err := Parse([]byte(policy(`["starts-with", "$key", ""]`)))
	if err != nil {
		t.Fatal(err)
	}
	err = p.Check(noon, map[string]string{"bucket": "b", "key": "k", "acl": "private"})
	wantError(t, "without the bucket", err, api.AccessDenied, "Extra input fields: acl, bucket")
}

func TestExpiration(t *testing.T) {
	for document, lasts := range map[string]bool{
		policy(""): true,
		`{"expiration": "2024-06-01T12:00:00.001Z", "conditions": []}`: true,
		`{"expiration": "2024-06-01T11:59:59.999Z", "conditions": []}`: false,
	} {
		p, err := Parse([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Check(noon, nil); (err == nil) != lasts {
			t.Errorf("%s: %v", document, err)
		}
	}
}

func TestLengths(t *testing.T) {
	for conditions, want := range map[string][2]int64{
		``:                                 {0, -1},
		`["content-length-range", 1, "9"]`: {1, 9},
		`["content-length-range", 1, 9], ["Content-Length-Range", 0, 5]`:  {1, 5},
		`["content-length-range", 0, 0]`:                                  {0, 0},
		`["content-length-range", 0, 99999999999]`:                        {0, 99999999999},
		`["content-length-range", 2, 9], ["content-length-range", 1, 10]`: {2, 9},
	} {
		p, err := Parse([]byte(policy(conditions)))
		if err != nil {
			t.Errorf("%s: %v", conditions, err)
			continue
		}
		if got := [2]int64{p.MinLength, p.MaxLength}; got != want {
			t.Errorf("%s: got %v, want %v", conditions, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(policy(`{"bucket": "b"}, ["starts-with", "$key", "\$a"], ["content-length-range", "1", 2]`)))
	f.Add([]byte(`{"expiration": "2024-06-01T12:00:00.000Z", "conditions": [[], {}, 1]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		p, err := Parse(document)
		if err != nil {
			if api.AsError(err).Code != api.InvalidPolicyDocument {
				t.Errorf("%q: %v", document, err)
			}
			return
		}
		if p.Check(noon.AddDate(9999, 0, 0), nil) == nil {
			t.Errorf("%q lasts for ever", document)
		}
	})
}
