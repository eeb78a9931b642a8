package cosmos

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bleepstore/bleepstore/projections/rows"
)

// item is a row as the container keeps it.
type item struct {
	// ID is a hash of the sort key: ids are limited in length, and may not hold / \ ? and #.
	ID string `json:"id"`
	// PK is the partition, and the value of the container's partition key.
	PK string `json:"pk"`
	// Type is the first segment of the partition, for people who query.
	Type string `json:"type"`
	// Sort is the partition and the sort key in an encoding that sorts; see encodeSort.
	Sort string `json:"sort"`
	// Commit is a number, so it is exact up to 2^53.
	Commit uint64 `json:"commit"`
	// Record is a string that holds JSON, not JSON within JSON: the service parses that, reads its numbers as doubles and
	// writes it anew, and Swap compares records by their bytes.
	Record string `json:"record"`
}

// absentID is the id of an item that is nowhere: no hash is so short.
const absentID = "absent"

func encode(r rows.Row) ([]byte, error) {
	kind, _, _ := strings.Cut(r.Partition, "/")
	return json.Marshal(item{
		ID: itemID(r.Sort), PK: r.Partition, Type: kind, Sort: encodeSort(r.Partition, r.Sort), Commit: r.Commit, Record: r.Record,
	})
}

func decode(data []byte) (rows.Row, error) {
	var i item
	if err := json.Unmarshal(data, &i); err != nil {
		return rows.Row{}, fmt.Errorf("an item is not a row: %w", err)
	}
	key, err := decodeSort(i.Sort)
	if err != nil {
		return rows.Row{}, err
	}
	return rows.Row{Key: key, Commit: i.Commit, Record: i.Record}, nil
}

func itemID(sort string) string {
	hash := sha256.Sum256([]byte(sort))
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

func itemIDs(keys []rows.Key) []string {
	ids := make([]string, len(keys))
	for i, key := range keys {
		ids[i] = itemID(key.Sort)
	}
	return ids
}

// sortEncoding is base64 with an alphabet in ASCII order and without padding. So texts of it sort as the bytes they stand
// for, also where one is the beginning of the other, and whether the service compares bytes or UTF-16.
var sortEncoding = base64.NewEncoding("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz").
	WithPadding(base64.NoPadding)

// The partition and the key have sortSeparator between them, which no partition holds. behindSort follows it in ASCII, so a
// partition with it sorts behind all keys of the partition.
const (
	sortSeparator = ":"
	behindSort    = ";"
)

// encodeSort gives a row its place in the order of the container. The partition is in front, so that the rows of a partition
// are neighbours in the index, which is one for all partitions on a machine, and a scan reads its own only.
func encodeSort(partition, sort string) string {
	return partition + sortSeparator + sortEncoding.EncodeToString([]byte(sort))
}

func decodeSort(encoded string) (rows.Key, error) {
	partition, sort, ok := strings.Cut(encoded, sortSeparator)
	decoded, err := sortEncoding.DecodeString(sort)
	if !ok || err != nil {
		return rows.Key{}, fmt.Errorf("an item with sort %.100q is not a row", encoded)
	}
	return rows.Key{Partition: partition, Sort: string(decoded)}, nil
}
