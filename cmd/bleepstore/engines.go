package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/internal/durable"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/cosmos"
	"github.com/bleepstore/bleepstore/projections/dynamodb"
	"github.com/bleepstore/bleepstore/projections/firestore"
	"github.com/bleepstore/bleepstore/projections/jsonl"
	"github.com/bleepstore/bleepstore/projections/memory"
	"github.com/bleepstore/bleepstore/projections/pebble"
	"github.com/bleepstore/bleepstore/projections/rows"
	"github.com/bleepstore/bleepstore/projections/sqlite"
)

// engine is an engine of a metadata store, and where it keeps what it has.
type engine struct {
	name     string // one of config.Engines
	place    string // see config.Config.EnginePlace
	settings config.Metadata
	report   func(error) // is told what a store tries again
}

// engineOf is an engine at its place in the configuration.
func engineOf(c *config.Config, name string, report func(error)) engine {
	return engine{name: name, place: c.EnginePlace(name), settings: c.Metadata, report: report}
}

// open opens the store.
func (e engine) open(ctx context.Context) (projections.MetadataStore, error) {
	switch e.name {
	case config.EngineMemory:
		return memory.New(), nil
	case config.EngineJSONL:
		return opened(jsonl.Open(e.place))
	case config.EngineSQLite:
		return opened(sqlite.Open(e.place))
	case config.EngineDynamoDB:
		s := e.settings.DynamoDB
		table, err := dynamodb.Open(ctx, dynamodb.Config{
			Table: e.place, Region: s.Region, Endpoint: s.Endpoint, AccessKey: s.AccessKey, SecretKey: s.SecretKey,
		})
		return openRows(ctx, e, table, err)
	case config.EngineFirestore:
		s := e.settings.Firestore
		table, err := firestore.Open(ctx, firestore.Config{
			Project: s.Project, Database: s.Database, Collection: e.place, Endpoint: s.Endpoint, CredentialsFile: s.CredentialsFile,
		})
		return openRows(ctx, e, table, err)
	case config.EngineCosmos:
		s := e.settings.Cosmos
		table, err := cosmos.Open(ctx, cosmos.Config{Endpoint: s.Endpoint, Key: s.Key, Database: s.Database, Container: e.place})
		return openRows(ctx, e, table, err)
	default:
		return opened(pebble.Open(e.place))
	}
}

// openRows opens the store of a table, unless the table has an error.
func openRows[T rows.Table](ctx context.Context, e engine, table T, err error) (projections.MetadataStore, error) {
	if err != nil {
		return nil, err
	}
	store, err := rows.Open(ctx, table, e.report)
	if err != nil {
		return nil, fmt.Errorf("open the metadata in %s: %w", e, err)
	}
	return store, nil
}

// opened returns an interface that is nil with an error.
func opened[S projections.MetadataStore](store S, err error) (projections.MetadataStore, error) {
	if err != nil {
		return nil, err
	}
	return store, nil
}

// isNew tells whether there is no store in the folder of an engine.
func (e engine) isNew() bool {
	_, err := os.Stat(e.place)
	return errors.Is(err, os.ErrNotExist)
}

// signs are what a folder of each engine has in it.
var signs = map[string]string{
	config.EnginePebble: "OPTIONS-*",
	config.EngineJSONL:  "[0-9][0-9][0-9][0-9][0-9][0-9]",
	config.EngineSQLite: sqlite.File,
}

// checkFolder returns an error if the place is a folder that has something else in it than what the engine has made.
func (e engine) checkFolder() error {
	sign, isFolder := signs[e.name]
	if !isFolder {
		return nil
	}
	found, err := os.ReadDir(e.place)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(found) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	own, err := fs.Glob(os.DirFS(e.place), sign)
	if err == nil && len(own) == 0 {
		err = fmt.Errorf("%s has something else than metadata in %s in it: choose another folder", e.place, e.name)
	}
	return err
}

// openFilled opens the store, and gives a new one to fill first, which tells whether there is something to fill it with.
func (e engine) openFilled(ctx context.Context, fill func(projections.MetadataStore) (bool, error)) (projections.MetadataStore, error) {
	if config.IsFolder(e.name) {
		if e.isNew() {
			if err := e.make(ctx, fill); err != nil {
				return nil, err
			}
		}
		return e.open(ctx)
	}
	store, err := e.open(ctx)
	if err != nil {
		return nil, err
	}
	position, err := store.Position(ctx)
	if err == nil && position.IsZero() {
		_, err = fill(store)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// make makes a store in a folder, if there is something to fill it with. It gets its name when it is full: half of a
// snapshot is of no use.
func (e engine) make(ctx context.Context, fill func(projections.MetadataStore) (bool, error)) error {
	dir := e.place
	e.place = dir + ".filling"
	if err := os.RemoveAll(e.place); err != nil {
		return err
	}
	store, err := e.open(ctx)
	if err != nil {
		return err
	}
	filled, err := fill(store)
	if err = errors.Join(err, store.Close()); err == nil && filled {
		err = durable.SyncTree(e.place)
	}
	if err == nil && filled {
		err = durable.Rename(e.place, dir)
	}
	return errors.Join(err, os.RemoveAll(e.place))
}

// is tells whether e is the store of another value.
func (e engine) is(other engine) bool {
	return e.name == other.name && e.absolute() == other.absolute()
}

// absolute is the place, wherever the process is.
func (e engine) absolute() string {
	if absolute, err := filepath.Abs(e.place); config.IsFolder(e.name) && err == nil {
		return absolute
	}
	return e.place
}

func (e engine) String() string {
	switch e.name {
	case config.EngineMemory:
		return "memory"
	case config.EngineDynamoDB:
		return "table " + e.place + " of DynamoDB"
	case config.EngineFirestore:
		return "collection " + e.place + " of Firestore"
	case config.EngineCosmos:
		return "container " + e.place + " of Cosmos DB"
	default:
		return e.place
	}
}

// discard says how to begin with a store that is empty.
func (e engine) discard() string {
	if config.IsFolder(e.name) || e.name == config.EngineMemory {
		return fmt.Sprintf("stop the server, run \"mv %s %[1]s.old\", and start the server", e.place)
	}
	return fmt.Sprintf("stop the server, delete %s or choose another name in the configuration, below metadata.%s, and start the server", e, e.name)
}
