package emulators

import "testing"

// AsyncAPI returns the path of the JSON Schema that documents of AsyncAPI 3.0 keep to, as those who write that
// specification publish it. It is no emulator, but comes the same way.
func AsyncAPI(t testing.TB) string {
	t.Helper()
	return npmFile(t, "@asyncapi", "specs", "schemas", "3.0.0.json")
}
