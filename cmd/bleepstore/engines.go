package main

import (
	"errors"
	"os"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/internal/durable"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/jsonl"
	"github.com/bleepstore/bleepstore/projections/pebble"
	"github.com/bleepstore/bleepstore/projections/sqlite"
)

// openStore opens the store of an engine that keeps it in a folder.
func openStore(engine, dir string) (projections.MetadataStore, error) {
	switch engine {
	case config.EngineJSONL:
		return opened(jsonl.Open(dir))
	case config.EngineSQLite:
		return opened(sqlite.Open(dir))
	default:
		return opened(pebble.Open(dir))
	}
}

// opened returns an interface that is nil with an error.
func opened[S projections.MetadataStore](store S, err error) (projections.MetadataStore, error) {
	if err != nil {
		return nil, err
	}
	return store, nil
}

// makeStore makes a store in a folder, if there is something to fill it with, which fill tells. It gets its name when it is
// full: half of a snapshot is of no use.
func makeStore(engine, dir string, fill func(projections.MetadataStore) (bool, error)) error {
	filling := dir + ".filling"
	if err := os.RemoveAll(filling); err != nil {
		return err
	}
	store, err := openStore(engine, filling)
	if err != nil {
		return err
	}
	filled, err := fill(store)
	if err = errors.Join(err, store.Close()); err == nil && filled {
		err = durable.SyncTree(filling)
	}
	if err == nil && filled {
		err = durable.Rename(filling, dir)
	}
	return errors.Join(err, os.RemoveAll(filling))
}
