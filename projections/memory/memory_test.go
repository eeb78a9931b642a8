package memory_test

import (
	"testing"

	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
	"github.com/bleepstore/bleepstore/projections/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) projections.MetadataStore { return memory.New() })
}
