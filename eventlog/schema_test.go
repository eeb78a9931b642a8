package eventlog_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/invopop/jsonschema"
	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/feed"
)

// TestSchemas keeps the descriptions of events in the folder schema as the types are. A schema of a version that is not
// written any more stays, as its golden file does.
func TestSchemas(t *testing.T) {
	r := newSchemaReflector(t)
	files := map[string]any{"cloudevent.json": cloudEventSchema(), "asyncapi.json": asyncAPI(r)}
	for _, data := range samples {
		files[schemaFile(data)] = r.event(data)
	}
	for name, content := range files {
		want, err := json.Marshal(content, json.Deterministic(true), jsontext.WithIndent("  "))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, '\n')
		path := filepath.Join("schema", name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the types say (%v): go test ./eventlog -run TestSchemas -update", path, err)
		}
	}
}

// TestGoldenEventsAreAsTheirSchemasSay is what says that the schemas are about the events that are written.
func TestGoldenEventsAreAsTheirSchemasSay(t *testing.T) {
	compiler := newSchemaCompiler(t)
	for _, data := range samples {
		schema, err := compiler.Compile(schemaID(data))
		if err != nil {
			t.Fatal(err)
		}
		golden := readJSON(t, filepath.Join("testdata", schemaFile(data)))
		if err := schema.Validate(golden); err != nil {
			t.Errorf("%s: %v", schemaFile(data), err)
		}
		event := golden.(map[string]any)
		event["data"].(map[string]any)["more"] = true
		if schema.Validate(event) == nil {
			t.Errorf("%s: an event with a member that there is not is valid", schemaFile(data))
		}
	}
}

func TestCloudEventIsAsItsSchemaSays(t *testing.T) {
	schema, err := newSchemaCompiler(t).Compile(cloudEventID)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range samples {
		sample := sampleEvent(data)
		text, err := json.Marshal((&feed.Event{
			Event: &sample, Subject: eventlog.SubjectOf(data), Commit: eventlog.Position{Log: "2a78d19b", Seq: 62},
		}).CloudEvent())
		if err != nil {
			t.Fatal(err)
		}
		value, err := validator.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		event := value.(map[string]any)
		if err := schema.Validate(event); err != nil {
			t.Errorf("%s: %v", cloudEventType(data), err)
		}
		event["type"] = "bleepstore.bucket.painted"
		if schema.Validate(event) == nil {
			t.Errorf("the data of %s is valid for a type that there is not", schemaFile(data))
		}
	}
}

// schemaFile is the name of the file that a schema is in; also of the golden file.
func schemaFile(data eventlog.Data) string {
	return fmt.Sprintf("%s.v%d.json", data.EventType(), data.EventVersion())
}

// schemaID is the URI of a schema, which CloudEvents carry as dataschema.
func schemaID(data eventlog.Data) string {
	return fmt.Sprintf("urn:bleepstore:schema:%s:%d", data.EventType(), data.EventVersion())
}

func cloudEventType(data eventlog.Data) string { return "bleepstore." + data.EventType() }

// schemaReflector makes schemas of the package's types.
type schemaReflector struct{ jsonschema.Reflector }

func newSchemaReflector(t *testing.T) *schemaReflector {
	constants := stringConstants(t)
	r := &schemaReflector{jsonschema.Reflector{Anonymous: true, ExpandedStruct: true}}
	if err := r.AddGoComments("github.com/bleepstore/bleepstore/eventlog", ".", jsonschema.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	for name, comment := range r.CommentMap {
		r.CommentMap[name] = strings.ReplaceAll(comment, "\n", " ")
	}
	r.Mapper = func(of reflect.Type) *jsonschema.Schema {
		if values := constants[of.Name()]; of.Kind() == reflect.String && values != nil {
			return &jsonschema.Schema{Type: "string", Enum: values}
		}
		return nil
	}
	return r
}

// event is the schema of an event with data.
func (r *schemaReflector) event(data eventlog.Data) *jsonschema.Schema {
	of := r.ReflectFromType(reflect.TypeOf(data).Elem())
	actor := r.ReflectFromType(reflect.TypeFor[eventlog.Actor]())
	definitions := of.Definitions
	description := of.Description
	of.Version, actor.Version, of.Definitions, of.Description = "", "", nil, ""

	members := jsonschema.NewProperties()
	members.Set("type", &jsonschema.Schema{Const: data.EventType()})
	members.Set("v", &jsonschema.Schema{Const: data.EventVersion(), Description: "Version of the shape of this type of event."})
	members.Set("time", &jsonschema.Schema{Type: "string", Format: "date-time", Description: r.comment("Event.Time")})
	members.Set("actor", actor)
	members.Set("request", &jsonschema.Schema{Type: "string", Description: r.comment("Event.Request")})
	members.Set("data", of)
	return &jsonschema.Schema{
		Version:              jsonschema.Version,
		ID:                   jsonschema.ID(schemaID(data)),
		Title:                fmt.Sprintf("%s, version %d", data.EventType(), data.EventVersion()),
		Description:          description,
		Type:                 "object",
		Properties:           members,
		Required:             []string{"type", "v", "time", "actor", "request", "data"},
		AdditionalProperties: jsonschema.FalseSchema,
		Definitions:          definitions,
	}
}

func (r *schemaReflector) comment(name string) string {
	return r.CommentMap["github.com/bleepstore/bleepstore/eventlog."+name]
}

// stringConstants are the values of the constants of each type of strings.
func stringConstants(t *testing.T) map[string][]any {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	constants := make(map[string][]any)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			of, typed := spec.Type.(*ast.Ident)
			literal, isLiteral := spec.Values[0].(*ast.BasicLit)
			if typed && isLiteral && literal.Kind == token.STRING {
				value, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				constants[of.Name] = append(constants[of.Name], value)
			}
			return true
		})
	}
	return constants
}

// newSchemaCompiler knows the files in the folder schema.
func newSchemaCompiler(t *testing.T) *validator.Compiler {
	compiler := validator.NewCompiler()
	compiler.AssertFormat()
	files, err := filepath.Glob("schema/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		schema := readJSON(t, file)
		if id, ok := schema.(map[string]any)["$id"].(string); ok {
			if err := compiler.AddResource(id, schema); err != nil {
				t.Fatal(err)
			}
		}
	}
	return compiler
}

func readJSON(t *testing.T, path string) any {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	value, err := validator.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
