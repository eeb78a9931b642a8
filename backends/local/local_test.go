package local

import (
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/backendtest"
)

func TestBackend(t *testing.T) {
	backendtest.RunPersistent(t, func(t *testing.T) func() (backends.Backend, error) {
		dir := t.TempDir()
		return func() (backends.Backend, error) { return Open(dir) }
	})
}
