package e2e

import (
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bleepstore/bleepstore/e2e/emulators"
)

func TestAsyncAPIDocumentIsValid(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(emulators.AsyncAPI(t))
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open("../eventlog/schema/asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document); err != nil {
		t.Error(err)
	}
	document.(map[string]any)["channels"].(map[string]any)["object.created"].(map[string]any)["address"] = 1
	if schema.Validate(document) == nil {
		t.Error("a channel with a number for an address is valid")
	}
}
