package cosmos

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"
)

const partitionKeyPath = "/pk"

// indexingPolicy indexes what scans order by, and nothing else: each indexed path makes every write dearer. The service
// always indexes id, by which Get queries.
var indexingPolicy = azcosmos.IndexingPolicy{
	Automatic:     true,
	IndexingMode:  azcosmos.IndexingModeConsistent,
	IncludedPaths: []azcosmos.IncludedPath{{Path: "/sort/?"}},
	ExcludedPaths: []azcosmos.ExcludedPath{{Path: "/*"}},
}

// prepare creates the container if it is missing, and checks that it is one that holds rows.
func (t *Table) prepare(ctx context.Context) error {
	properties, err := t.readContainer(ctx)
	if status(err) == http.StatusNotFound {
		if err := t.create(ctx); err != nil {
			return err
		}
		properties, err = t.readContainer(ctx)
	}
	if err != nil {
		return err
	}
	if paths := properties.PartitionKeyDefinition.Paths; !slices.Equal(paths, []string{partitionKeyPath}) {
		return t.failure("open", fmt.Sprintf("its partition key is %s, and must be %s: name a container that doesn't exist, "+
			"or one that was made for this", strings.Join(paths, " and "), partitionKeyPath), nil)
	}
	return t.checkConsistency(ctx)
}

func (t *Table) readContainer(ctx context.Context) (properties *azcosmos.ContainerProperties, err error) {
	err = t.call(ctx, "read the container", func(ctx context.Context) error {
		r, err := t.container.Read(ctx, nil)
		properties = r.ContainerProperties
		return err
	})
	return properties, err
}

// create makes the database and the container, unless somebody else does at the same time.
func (t *Table) create(ctx context.Context) error {
	err := t.call(ctx, "create the database", func(ctx context.Context) error {
		_, err := t.client.CreateDatabase(ctx, azcosmos.DatabaseProperties{ID: t.config.Database}, nil)
		return unlessConflict(err)
	})
	if err == nil {
		err = t.call(ctx, "create the container", func(ctx context.Context) error {
			database, err := t.client.NewDatabase(t.config.Database)
			if err != nil {
				return err
			}
			_, err = database.CreateContainer(ctx, azcosmos.ContainerProperties{
				ID:                     t.config.Container,
				PartitionKeyDefinition: azcosmos.PartitionKeyDefinition{Paths: []string{partitionKeyPath}, Version: 2},
				IndexingPolicy:         &indexingPolicy,
			}, nil)
			return unlessConflict(err)
		})
	}
	if status(err) == http.StatusForbidden {
		return t.failure("open", t.missing(), err)
	}
	return err
}

// unlessConflict passes over the error that says that what is to be created is there.
func unlessConflict(err error) error {
	if status(err) == http.StatusConflict {
		return nil
	}
	return err
}

// checkConsistency asks for a read of Session consistency, which an account of a weaker level refuses.
func (t *Table) checkConsistency(ctx context.Context) error {
	err := t.call(ctx, "read", func(ctx context.Context) error {
		_, err := t.container.ReadItem(ctx, azcosmos.NewPartitionKeyString(absentID), absentID,
			&azcosmos.ItemOptions{ConsistencyLevel: to.Ptr(azcosmos.ConsistencyLevelSession)})
		return unlessAbsent(err)
	})
	if status(err) == http.StatusBadRequest {
		return t.failure("open", fmt.Sprintf("the account's consistency must be Session or stronger: raise it with az cosmosdb "+
			"update --name %s --resource-group GROUP --default-consistency-level Session: %s", t.account(), said(err)), err)
	}
	return err
}
