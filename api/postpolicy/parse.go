package postpolicy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bleepstore/bleepstore/api"
)

// expirationLayout is ISO 8601. A fraction of a second may be in it.
const expirationLayout = "2006-01-02T15:04:05Z"

// Parse reads a policy document. All that is wrong with one is InvalidPolicyDocument.
func Parse(document []byte) (*Policy, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(unescape(document), &members); err != nil {
		return nil, notJSON(err)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if name != "expiration" && name != "conditions" {
			return nil, invalid("Unexpected: '%s'", strings.ToLower(name))
		}
	}
	p := &Policy{MaxLength: -1}
	if err := p.readExpiration(members["expiration"]); err != nil {
		return nil, err
	}
	return p, p.readConditions(members["conditions"])
}

// unescape removes the escapes that policies may have and JSON has not: `\$`, and `\v` for a vertical tab.
func unescape(document []byte) []byte {
	if !slices.Contains(document, '\\') {
		return document
	}
	var plain []byte
	for i := 0; i < len(document); i++ {
		if document[i] != '\\' || i+1 == len(document) {
			plain = append(plain, document[i])
			continue
		}
		switch i++; document[i] {
		case '$':
			plain = append(plain, '$')
		case 'v':
			plain = append(plain, `\u000b`...)
		default:
			plain = append(plain, '\\', document[i])
		}
	}
	return plain
}

func invalid(format string, args ...any) *api.Error {
	return api.Errorf(api.InvalidPolicyDocument, "Invalid Policy: "+format, args...)
}

func notJSON(cause error) error {
	err := invalid("Invalid JSON.")
	err.Cause = cause
	return err
}

func (p *Policy) readExpiration(value jsontext.Value) error {
	if value == nil {
		return invalid("Policy missing expiration.")
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return notJSON(err)
	}
	var err error
	if p.expiration, err = time.Parse(expirationLayout, text); err != nil {
		return invalid("Invalid 'expiration' value: '%s'", text)
	}
	return nil
}

func (p *Policy) readConditions(value jsontext.Value) error {
	if value == nil {
		return invalid("Policy missing conditions.")
	}
	var conditions []jsontext.Value
	if value.Kind() != jsontext.KindBeginArray || json.Unmarshal(value, &conditions) != nil {
		return invalid("Invalid 'conditions' value: must be a List.")
	}
	for _, value := range conditions {
		read := p.readSimple
		switch value.Kind() {
		case jsontext.KindBeginArray:
			read = p.readList
		case jsontext.KindBeginObject:
		default:
			return invalid("Invalid condition test: must be a List or Object.")
		}
		if err := read(value); err != nil {
			return err
		}
	}
	return nil
}

// readSimple reads a condition of the form {"field": "value"}.
func (p *Policy) readSimple(value jsontext.Value) error {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(value, &members); err != nil {
		return notJSON(err)
	}
	if len(members) != 1 {
		return invalid("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.")
	}
	for field, value := range members {
		var want string
		if value.Kind() != jsontext.KindString || json.Unmarshal(value, &want) != nil {
			return invalid("Invalid Simple-Condition: value must be a string.")
		}
		p.add("eq", "$"+field, want)
	}
	return nil
}

// readList reads a condition of the form [operation, argument, argument].
func (p *Policy) readList(value jsontext.Value) error {
	var list []jsontext.Value
	if err := json.Unmarshal(value, &list); err != nil {
		return notJSON(err)
	}
	if len(list) == 0 {
		return invalid("Invalid Condition: missing operation identifier.")
	}
	var operation string
	if err := json.Unmarshal(list[0], &operation); err != nil {
		return notJSON(err)
	}
	operation = strings.ToLower(operation)
	length := operation == "content-length-range"
	switch {
	case !length && operation != "eq" && operation != "starts-with":
		return invalid("Invalid Condition: unknown operation '%s'.", operation)
	case len(list) != 3:
		return invalid("Invalid %s: wrong number of arguments.", operation)
	case length:
		return p.readLength(list[1], list[2])
	}
	var texts [3]string
	if err := json.Unmarshal(value, &texts); err != nil {
		return notJSON(err)
	}
	p.add(operation, texts[1], texts[2])
	return nil
}

func (p *Policy) add(operation, field, want string) {
	name, isField := strings.CutPrefix(strings.ToLower(field), "$")
	p.conditions = append(p.conditions, condition{
		field: name, value: want, prefix: operation == "starts-with", never: !isField,
		text: fmt.Sprintf("[%q, %q, %q]", operation, field, want),
	})
}

// readLength reads the bounds of the size of the file, both inclusive. As on S3, the numbers may be in quotes, and then
// what is no number is a condition that nothing meets.
func (p *Policy) readLength(low, high jsontext.Value) error {
	bounds := [2]int64{}
	for i, value := range []jsontext.Value{low, high} {
		text := value.String()
		quoted := value.Kind() == jsontext.KindString
		if quoted {
			if err := json.Unmarshal(value, &text); err != nil {
				return notJSON(err)
			}
		}
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err != nil && quoted:
			p.conditions = append(p.conditions, condition{
				field: "file", never: true, text: fmt.Sprintf(`["content-length-range", %s, %s]`, low, high),
			})
			return nil
		case err != nil:
			return notJSON(err)
		case n < 0:
			return invalid("Invalid content-length-range: %d is no number of bytes.", n)
		}
		bounds[i] = n
	}
	p.MinLength = max(p.MinLength, bounds[0])
	if p.MaxLength < 0 || bounds[1] < p.MaxLength {
		p.MaxLength = bounds[1]
	}
	return nil
}
