package s3

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/openapi"
)

var (
	testDocument = OpenAPI()
	testRouter   = newRouter(new(handler))
)

// checkDocumented fails the test unless the document has an answer. All answers in the tests of this package are checked so.
func checkDocumented(t testing.TB, r *http.Request, a *answer) {
	t.Helper()
	op := routed(r)
	if op == nil {
		return // what is no operation has no answer in the document
	}
	o := testDocument.Paths[op.documentPath()][strings.ToLower(op.method)]
	documented := o.Responses[strconv.Itoa(a.status)]
	if documented == nil {
		t.Errorf("%s: the document has no answer %d of %s: %s", a.what, a.status, o.ID, a.body)
		return
	}
	media, hasBody := documented.Content["application/xml"]
	switch {
	case !hasBody && documented.Content == nil && a.body != "":
		t.Errorf("%s: the document has no body of the answer %d of %s: %s", a.what, a.status, o.ID, a.body)
	case hasBody && a.body == "":
		t.Errorf("%s: the answer %d of %s has no body", a.what, a.status, o.ID)
	case hasBody:
		root, err := parseElement(xml.NewDecoder(strings.NewReader(references.ReplaceAllString(a.body, "?"))))
		if err != nil {
			t.Errorf("%s: %v in %s", a.what, err, a.body)
			return
		}
		if err := root.conforms(media.Schema); err != nil {
			t.Errorf("%s: the answer of %s is not as the document has it: %v: %s", a.what, o.ID, err, a.body)
		}
		if code := root.text("Code"); a.status >= 400 && !slices.Contains(strings.Split(documented.Description, ", "), code) {
			t.Errorf("%s: the document does not have that %s can be answered with %s", a.what, o.ID, code)
		}
	}
	if a.status < 300 {
		for name := range a.header {
			if name := strings.ToLower(name); !slices.Contains(commonHeaders, name) && !hasHeader(documented, name) {
				t.Errorf("%s: the document does not have the header %s of the answer of %s", a.what, name, o.ID)
			}
		}
	}
}

// commonHeaders are those of answers that go without saying.
var commonHeaders = append(strings.Fields(corsHeaders+" vary content-type content-length"),
	"date", "server", "x-amz-id-2", "x-amz-request-id")

// references are those to characters, of which answers have some that XML does not.
var references = regexp.MustCompile(`&#x[0-9a-f]+;`)

func hasHeader(r *openapi.Response, name string) bool {
	_, ok := r.Headers[name]
	return ok || strings.HasPrefix(name, "x-amz-meta-")
}

// routed is the operation that a request is for; nil if it is none.
func routed(r *http.Request) *operation {
	path := r.URL.Path
	if bucket := api.HostBucket(r.Host, testDomain); bucket != "" {
		path = "/" + bucket + path
	}
	_, params, _ := testRouter.Lookup(http.MethodGet, path)
	c := &call{r: r, w: newResponse(httptest.NewRecorder(), r, 0)}
	c.name(params)
	if c.route() != nil {
		return nil
	}
	return c.op
}

// element is one of a document.
type element struct {
	name       xml.Name
	attributes []xml.Attr
	content    string
	children   []*element
}

func parseElement(d *xml.Decoder) (*element, error) {
	parent := new(element)
	for open := []*element{parent}; ; {
		token, err := d.Token()
		if err == io.EOF && len(parent.children) == 1 {
			return parent.children[0], nil
		}
		if err != nil {
			return nil, err
		}
		inner := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			e := &element{name: t.Name, attributes: slices.Clone(t.Attr)}
			inner.children = append(inner.children, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			inner.content += string(t)
		}
	}
}

func (e *element) text(child string) string {
	for _, c := range e.children {
		if c.name.Local == child {
			return c.content
		}
	}
	return ""
}

// conforms returns an error unless the element is as a schema has it.
func (e *element) conforms(s *openapi.Schema) error {
	if s.Ref != "" {
		return e.conforms(testDocument.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")])
	}
	// All of a document is in the namespace of its root, which is the element that has one in its schema.
	if s.XML != nil && s.XML.Namespace != "" && s.XML.Namespace != e.name.Space {
		return fmt.Errorf("%s has the namespace %q", e.name.Local, e.name.Space)
	}
	switch s.Type {
	case "object":
		return e.conformsToObject(s)
	case "array": // wrapped
		for _, c := range e.children {
			if c.name.Local != s.Items.XML.Name {
				return fmt.Errorf("%s in %s", c.name.Local, e.name.Local)
			}
			if err := c.conforms(s.Items); err != nil {
				return err
			}
		}
		return nil
	}
	return conformsToScalar(e.name.Local, e.content, s)
}

func (e *element) conformsToObject(s *openapi.Schema) error {
	found := make(map[string]int)
	for _, c := range e.children {
		name := c.name.Local
		member, known := s.Properties[name]
		switch {
		case !known && e.name.Local == "Error":
			continue // errors have further elements
		case !known:
			return fmt.Errorf("%s in %s", name, e.name.Local)
		}
		if found[name]++; member.Type == "array" && member.XML == nil {
			member = member.Items
		} else if found[name] > 1 {
			return fmt.Errorf("%s is twice in %s", name, e.name.Local)
		}
		if err := c.conforms(member); err != nil {
			return err
		}
	}
	for name, member := range s.Properties {
		if member.XML == nil || !member.XML.Attribute {
			continue
		}
		for _, a := range e.attributes {
			if a.Name == (xml.Name{Space: member.XML.Namespace, Local: member.XML.Name}) {
				found[name]++
				if err := conformsToScalar(name, a.Value, member); err != nil {
					return err
				}
			}
		}
	}
	for _, name := range s.Required {
		if found[name] == 0 {
			return fmt.Errorf("no %s in %s", name, e.name.Local)
		}
	}
	return nil
}

func conformsToScalar(name, content string, s *openapi.Schema) (err error) {
	switch s.Type + " " + s.Format {
	case "boolean ":
		_, err = strconv.ParseBool(content)
	case "integer int64":
		_, err = strconv.ParseInt(content, 10, 64)
	case "string date-time":
		_, err = time.Parse(time.RFC3339, content)
	}
	if err == nil && s.Enum != nil && !slices.Contains(s.Enum, any(content)) {
		err = fmt.Errorf("%q is none of %v", content, s.Enum)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return err
}
