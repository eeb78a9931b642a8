package s3

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/api/openapi/openapitest"
)

func TestDocumentIsValid(t *testing.T) { openapitest.Valid(t, OpenAPI()) }

// Who adds an operation to the table adds its description.
func TestEveryOperationIsDescribed(t *testing.T) {
	described := make(map[string]string)
	for tag, descriptions := range descriptionsByTag {
		for name := range descriptions {
			if other, twice := described[name]; twice {
				t.Errorf("%s is described with the tags %s and %s", name, tag, other)
			}
			described[name] = tag
		}
	}
	known := make(map[string]bool)
	for i := range operations {
		known[operations[i].documentID()] = true
		if _, ok := described[operations[i].documentID()]; !ok {
			t.Errorf("%s is not described", operations[i].documentID())
		}
	}
	for name := range described {
		if !known[name] {
			t.Errorf("%s is described, but there is no such operation", name)
		}
	}
}

// What the document has is what the router goes by: method and path, and the parameter and header behind "#".
func TestDocumentHasTheRoutesOfTheRouter(t *testing.T) {
	type route struct{ id, method, path, resource, header string }
	var routed, documented []route
	for _, op := range operations {
		path := [...]string{"/", "/{Bucket}", "/{Bucket}/{Key}"}[op.level]
		routed = append(routed, route{op.documentID(), op.method, path, op.resource, strings.ToLower(op.header)})
	}
	d := OpenAPI()
	ids := make(map[string]bool)
	for path, methods := range d.Paths {
		path, _, _ := strings.Cut(path, "#")
		for method, o := range methods {
			r := route{id: o.ID, method: strings.ToUpper(method), path: path}
			for _, p := range o.Parameters {
				switch selects := p.Ref == "" && p.Required; {
				case selects && p.In == "query" && implemented[bucketLevel][p.Name], selects && p.In == "query" && implemented[objectLevel][p.Name]:
					r.resource = p.Name
				case selects && p.Name == strings.ToLower(copySourceHeader):
					r.header = p.Name
				}
			}
			documented = append(documented, r)
			if ids[o.ID] {
				t.Errorf("%s is there twice", o.ID)
			}
			ids[o.ID] = true
			if len(o.Tags) != 1 || o.Summary == "" || len(o.Responses) == 0 {
				t.Errorf("%s lacks a tag, a summary or answers", o.ID)
			}
		}
	}
	for _, r := range routed {
		if !slices.Contains(documented, r) {
			t.Errorf("the document lacks %+v", r)
		}
	}
	for _, r := range documented {
		if !slices.Contains(routed, r) {
			t.Errorf("the document has %+v, which is routed to nothing", r)
		}
	}
}

func TestEveryComponentIsUsed(t *testing.T) {
	d := OpenAPI()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	for _, ref := range regexp.MustCompile(`"\$ref":"([^"]*)"`).FindAllStringSubmatch(string(text), -1) {
		used[ref[1]] = true
	}
	for _, inline := range []string{"list-type", "uploadId", "x-amz-copy-source", "x-amz-object-attributes"} {
		used["#/components/parameters/"+inline] = true // only where it must be there
	}
	check := func(kind string, names []string) {
		for _, name := range names {
			if ref := "#/components/" + kind + "/" + name; !used[ref] {
				t.Errorf("%s is used by nothing", ref)
			}
		}
	}
	check("schemas", slices.Collect(maps.Keys(d.Components.Schemas)))
	check("parameters", slices.Collect(maps.Keys(d.Components.Parameters)))
	check("headers", slices.Collect(maps.Keys(d.Components.Headers)))
}
