package pebble

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/bleepstore/bleepstore/projections"
)

// The keys of the store, and what is under them. A key is its parts one behind the other, the first of which is one
// byte that tells the kind of the record. All values are JSON.
//
//	f                                       format of the store, a number
//	n                                       position
//	b name                                  Bucket
//	o bucket 00 key                         Object
//	v bucket 00 key* newest-first(version)  Version
//	u bucket 00 key* upload-id              Upload
//	p upload-id 00 number                   Part; number has 4 bytes, big-endian
//	s blob-id                               shared count, a number
//	g since blob-id                         Garbage; since has 8 bytes, big-endian: milliseconds since 1970 plus 2^63
//
// Bucket names and ids never hold a byte 00, so the one behind them ends them, and those of a bucket lie together.
//
// An object's key may hold any byte, and comes last, as it is: keys sort as their bytes do. Where something follows,
// key* is the key with each 00 as 00 FF and then 00 01 as its end. It sorts as the key does, and what begins with a
// prefix begins with the prefix in that form without its end.
//
// newest-first(version) is the version with all bits inverted and FF as its end, so that a greater one sorts first.
const (
	kindFormat   = 'f'
	kindPosition = 'n'
	kindBucket   = 'b'
	kindObject   = 'o'
	kindVersion  = 'v'
	kindUpload   = 'u'
	kindPart     = 'p'
	kindShared   = 's'
	kindGarbage  = 'g'
)

var (
	formatKey   = []byte{kindFormat}
	positionKey = []byte{kindPosition}
)

func bucketKey(name string) []byte {
	return append([]byte{kindBucket}, name...)
}

// inBucket begins the keys of one kind of record of a bucket, with room for n more bytes.
func inBucket(kind byte, bucket string, n int) []byte {
	k := make([]byte, 0, len(bucket)+2+n)
	k = append(k, kind)
	k = append(k, bucket...)
	return append(k, 0)
}

func objectKey(bucket, key string) []byte {
	return append(inBucket(kindObject, bucket, len(key)), key...)
}

func versionKey(bucket, key, version string) []byte {
	k := inBucket(kindVersion, bucket, len(key)+len(version)+3)
	k = append(appendEscaped(k, key), 0, 1)
	for i := range len(version) {
		k = append(k, ^version[i])
	}
	return append(k, 0xff)
}

func uploadKey(bucket, key, id string) []byte {
	k := inBucket(kindUpload, bucket, len(key)+len(id)+2)
	k = append(appendEscaped(k, key), 0, 1)
	return append(k, id...)
}

// appendEscaped appends key* without its end.
func appendEscaped(k []byte, key string) []byte {
	for {
		i := strings.IndexByte(key, 0)
		if i < 0 {
			return append(k, key...)
		}
		k = append(k, key[:i]...)
		k = append(k, 0, 0xff)
		key = key[i+1:]
	}
}

func partsPrefix(upload string) []byte {
	k := make([]byte, 0, len(upload)+6)
	k = append(k, kindPart)
	k = append(k, upload...)
	return append(k, 0)
}

func partKey(upload string, number int) []byte {
	return binary.BigEndian.AppendUint32(partsPrefix(upload), uint32(number))
}

func sharedKey(blob string) []byte {
	return append([]byte{kindShared}, blob...)
}

func garbageKey(g projections.Garbage) []byte {
	k := make([]byte, 0, len(g.ID)+9)
	k = append(k, kindGarbage)
	k = binary.BigEndian.AppendUint64(k, uint64(g.Since.UnixMilli())+1<<63)
	return append(k, g.ID...)
}

// span is a stretch of keys, [lower, upper).
type span struct{ lower, upper []byte }

// prefixed is the span of the keys that begin with prefix, which begins with a kind.
func prefixed(prefix []byte) span {
	upper := bytes.Clone(prefix)
	for upper[len(upper)-1] == 0xff {
		upper = upper[:len(upper)-1] // ends at the kind, which is not FF
	}
	upper[len(upper)-1]++
	return span{prefix, upper}
}

// from cuts off what is below lower.
func (s span) from(lower []byte) span {
	if bytes.Compare(lower, s.lower) > 0 {
		s.lower = lower
	}
	return s
}

// behind cuts off what is below key, and key.
func (s span) behind(key []byte) span { return s.from(append(key, 0)) }
