package rows

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/bleepstore/bleepstore/internal/sortid"
	"github.com/bleepstore/bleepstore/projections"
)

// The rows of a store. A record is the JSON of what package projections calls it.
//
//	partition        sort                                   record
//	state            state                                  state: the position, and what goes with it
//	journal          sequence / number                      changes that are made once the state names the commit of that sequence
//	bucket           name                                   Bucket
//	object/BUCKET    key                                    Object
//	version/BUCKET   key* newest-first(version)             Version
//	upload/BUCKET    key* upload-id                         Upload
//	part/UPLOAD-ID   number, 5 digits                       Part; see partsOf
//	shared           blob-id                                SharedBlob
//	garbage          since / blob-id                        Garbage; since is milliseconds since 1970 plus 2^63, 20 digits
//
// An object's key is a sort key as it is, because it may be as long as one. Where something follows, key* is the key with
// each NUL as 00 02 and then 00 01 as its end. It sorts as the key does, and what begins with a prefix begins with the
// prefix in that form without its end. Of keys that are too long for that, see longKey.
//
// newest-first(version) is the version's characters, each mirrored within those of ASCII that can be seen, and 7F as their
// end, so that a greater one sorts first.
const (
	partitionState   = "state"
	partitionJournal = "journal"
	partitionBuckets = "bucket"
	partitionShared  = "shared"
	partitionGarbage = "garbage"
)

var stateKey = Key{partitionState, "state"}

func objectsOf(bucket string) string  { return "object/" + bucket }
func versionsOf(bucket string) string { return "version/" + bucket }
func uploadsOf(bucket string) string  { return "upload/" + bucket }

// partsOf is the partition of an upload's parts. Ids of uploads that were made elsewhere may be too long for its name, or have
// characters that it may not.
func partsOf(upload string) string {
	if len(upload) > sortid.Len {
		hash := sha256.Sum256([]byte(upload))
		return "part/sha256/" + hex.EncodeToString(hash[:])
	}
	return "part/" + strings.ReplaceAll(upload, "~", "/")
}

func bucketKey(name string) Key        { return Key{partitionBuckets, name} }
func objectKey(bucket, key string) Key { return Key{objectsOf(bucket), key} }
func sharedKey(blob string) Key        { return Key{partitionShared, blob} }

func versionKey(bucket, key, version string) Key {
	return Key{versionsOf(bucket), ofKey(key) + newestFirst(version)}
}

func uploadKey(bucket, key, id string) Key {
	return Key{uploadsOf(bucket), ofKey(key) + id}
}

func partKey(upload string, number int) Key {
	return Key{partsOf(upload), partSort(number)}
}

func partSort(number int) string { return fmt.Sprintf("%05d", number) }

func garbageKey(g projections.Garbage) Key {
	return Key{partitionGarbage, garbageSort(g)}
}

func garbageSort(g projections.Garbage) string {
	return fmt.Sprintf("%020d/%s", uint64(g.Since.UnixMilli())+1<<63, g.ID)
}

// newestFirst mirrors the characters of an id, which are from space to tilde.
func newestFirst(id string) string {
	mirrored := make([]byte, 0, len(id)+1)
	for i := range len(id) {
		mirrored = append(mirrored, ' '+'~'-id[i])
	}
	return string(append(mirrored, 0x7f))
}

// A key is long if key* with an id behind it might not fit into a sort key. Its rows have the front of key*, 00 03, a hash
// of the key, and the id: all long keys with the same front are a group of rows that lie where the keys would. Within the
// group they do not, so that a scan reads all of one and sorts it. That is slow where many keys of nearly the longest length
// have the same front of maxShort characters, and right.
//
// The front ends where the first character does that does not lie within the first maxShort bytes of key*. So it is longer
// than any key* that is not long, and no front begins with another: nothing lies within a group.
const (
	// maxShort is how many bytes a key* has that is not long, without its end. It leaves room for a front, with 16 digits of hash
	// and an id of up to 128.
	maxShort = MaxSort - utf8.UTFMax - len(endOfFront) - 16 - 128

	endOfKey   = "\x00\x01"
	escapedNUL = "\x00\x02"
	endOfFront = "\x00\x03"
	endOfGroup = "\x00\x04" // is above all of a group
)

// ofKey begins the sort keys of a key's rows.
func ofKey(key string) string {
	escaped := escape(key)
	if len(escaped) <= maxShort {
		return escaped + endOfKey
	}
	hash := sha256.Sum256([]byte(key))
	return front(escaped) + endOfFront + hex.EncodeToString(hash[:8])
}

// escape makes key* without its end.
func escape(key string) string { return strings.ReplaceAll(key, "\x00", escapedNUL) }

// front is what a group's rows begin with: the beginning of a long key*.
func front(escaped string) string {
	end := maxShort + 1
	for end < len(escaped) && (!utf8.RuneStart(escaped[end]) || escaped[end-1] == 0) { // an escape is a character
		end++
	}
	return escaped[:end]
}

// groupOf returns what the rows of a group begin with of which a row is; false if it is in none.
func groupOf(sort string) (string, bool) {
	i := strings.Index(sort, endOfFront)
	if i < 0 {
		return "", false
	}
	return sort[:i+len(endOfFront)], true
}

// cutText cuts a text to at most so many bytes, before a character.
func cutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
