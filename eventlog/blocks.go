package eventlog

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minio/highwayhash"
)

// This file reads the blocks in which JetStream keeps messages without JetStream, for two reasons. A flipped bit in the
// sequence of a message makes the server, when it starts, note down each sequence that seems to be missing, until the
// memory of the machine is exhausted. And what remains of a damaged log must be read without the server cutting it off.
//
// A block is a row of records; see server/filestore.go of nats-server. All numbers are little-endian.
//
//	4 bytes   length of the record; its highest bit tells that there are headers
//	8 bytes   sequence; the two highest bits mark a message that was erased, and a record that only tells of one
//	8 bytes   time
//	2 bytes   length of the subject, which follows
//	4 bytes   length of the headers, which follow, if there are some
//	          message
//	8 bytes   checksum
const (
	recordHeaderSize   = 22
	recordChecksumSize = 8

	recordHasHeaders = 1 << 31
	recordErased     = 1 << 63
	recordTombstone  = 1 << 62

	// maxRecord is more than a record of the log can have.
	maxRecord = maxMessage + 64<<10
)

// record is a message as a block has it. Its checksum is not checked: commits have their own.
type record struct {
	seq  uint64
	data []byte // nil unless it was asked for
}

// block is a file of records.
type block struct {
	path    string
	index   int // they are in the order of their numbers
	written time.Time
}

func messageDir(dir string) string {
	return filepath.Join(streamDir(dir), "msgs")
}

// blocks lists the blocks of the stream in dir; none if there is no stream.
func blocks(dir string) ([]block, error) {
	entries, err := os.ReadDir(messageDir(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []block
	for _, entry := range entries {
		name, isBlock := strings.CutSuffix(entry.Name(), ".blk")
		index, err := strconv.Atoi(name)
		if !isBlock || err != nil {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			return nil, err
		}
		list = append(list, block{filepath.Join(messageDir(dir), entry.Name()), index, info.ModTime()})
	}
	slices.SortFunc(list, func(a, b block) int { return cmp.Compare(a.index, b.index) })
	return list, nil
}

// checkBlocks checks that the sequences in the blocks of the stream in dir, which the server is going to read when it
// starts, follow each other. It reads the last one alone if the server was stopped properly; else the server reads all.
// A *CorruptError says where they do not.
func checkBlocks(dir string) error {
	list, err := blocks(dir)
	if err != nil || len(list) == 0 {
		return err
	}
	last := list[len(list)-1]
	if stoppedProperly(dir, last) {
		list = list[len(list)-1:]
	}
	prev := uint64(0)
	for _, b := range list {
		err := eachRecord(b, false, func(r record) error {
			if prev != 0 && r.seq != prev+1 || r.seq == 0 {
				return &CorruptError{
					Seq: prev + 1, Want: fmt.Sprintf("commit %d", prev+1), Found: fmt.Sprintf("message %d in %s", r.seq, b.path),
				}
			}
			prev = r.seq
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// stoppedProperly tells whether the server will take the state of the stream from index.db, which it writes when it stops.
func stoppedProperly(dir string, last block) bool {
	path := filepath.Join(messageDir(dir), "index.db")
	info, err := os.Stat(path)
	if err != nil || info.ModTime().Before(last.written) {
		return false
	}
	content, err := os.ReadFile(path)
	if err != nil || len(content) < highwayhash.Size64 {
		return false
	}
	key := sha256.Sum256([]byte(streamName))
	sum, err := highwayhash.NewDigest64(key[:])
	if err != nil {
		return false
	}
	_, _ = sum.Write(content[:len(content)-highwayhash.Size64]) // hashes do not fail
	return string(sum.Sum(nil)) == string(content[len(content)-highwayhash.Size64:])
}

// eachRecord passes the messages of a block to visit, with their data if that is wanted. A record that is cut off, or is
// none, ends the block: the server cuts it off there.
func eachRecord(b block, wantData bool, visit func(record) error) error {
	f, err := os.Open(b.path)
	if err != nil {
		return fmt.Errorf("read a block of the event log: %w", err)
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 256<<10)
	header := make([]byte, recordHeaderSize)
	for {
		if _, err := io.ReadFull(r, header); err != nil {
			return blockEnd(err)
		}
		length := binary.LittleEndian.Uint32(header)
		seq := binary.LittleEndian.Uint64(header[4:])
		subject := int(binary.LittleEndian.Uint16(header[20:]))
		hasHeaders := length&recordHasHeaders != 0
		length &^= recordHasHeaders
		rest := int(length) - recordHeaderSize
		if length > maxRecord || rest < subject+recordChecksumSize {
			return nil
		}
		if seq&(recordErased|recordTombstone) != 0 || !wantData {
			if _, err := r.Discard(rest); err != nil {
				return blockEnd(err)
			}
			if seq&(recordErased|recordTombstone) != 0 {
				continue
			}
			if err := visit(record{seq: seq}); err != nil {
				return err
			}
			continue
		}
		body := make([]byte, rest)
		if _, err := io.ReadFull(r, body); err != nil {
			return blockEnd(err)
		}
		body = body[subject : rest-recordChecksumSize]
		if hasHeaders {
			if len(body) < 4 || uint64(len(body)-4) < uint64(binary.LittleEndian.Uint32(body)) {
				return nil
			}
			body = body[4+binary.LittleEndian.Uint32(body):]
		}
		if err := visit(record{seq, body}); err != nil {
			return err
		}
	}
}

// blockEnd is nil for the end of a file.
func blockEnd(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}
