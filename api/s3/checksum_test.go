package s3

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"slices"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/api"
	"github.com/cespare/xxhash/v2"
	"github.com/zeebo/xxh3"
)

// testSums compute each checksum another way than the server does, where there is one.
var testSums = map[string]func(content string) []byte{
	api.CRC32:     sumOf(func() hash.Hash { return crc32.NewIEEE() }),
	api.CRC32C:    sumOf(func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }),
	api.CRC64NVME: sumOf(func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) }),
	api.MD5:       sumOf(md5.New),
	api.SHA1:      sumOf(sha1.New),
	api.SHA256:    sumOf(sha256.New),
	api.SHA512:    sumOf(sha512.New),
	api.XXHASH3:   func(s string) []byte { return fmt.Appendf(nil, "%016x", xxh3.HashString(s)) },
	api.XXHASH64:  func(s string) []byte { return fmt.Appendf(nil, "%016x", xxhash.Sum64String(s)) },
	api.XXHASH128: func(s string) []byte {
		sum := xxh3.HashString128(s)
		return fmt.Appendf(nil, "%016x%016x", sum.Hi, sum.Lo)
	},
}

// sumOf makes a function that gives a checksum in hex.
func sumOf(newHash func() hash.Hash) func(string) []byte {
	return func(content string) []byte {
		h := newHash()
		h.Write([]byte(content))
		return hex.AppendEncode(nil, h.Sum(nil))
	}
}

// sum is a checksum as headers and documents have it.
func sum(algorithm, content string) string {
	raw, err := hex.DecodeString(string(testSums[algorithm](content)))
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// The canonical forms of the hashes of nothing, as their specification has them.
func TestXXHashesOfNothing(t *testing.T) {
	s := newBucket(t, "bucket")
	for algorithm, want := range map[string]string{
		"xxhash64": "ef46db3751d8e999", "xxhash3": "2d06800538d394c2", "xxhash128": "99aa06d3014798d86001c324468d497f",
	} {
		raw, err := hex.DecodeString(want)
		if err != nil {
			t.Fatal(err)
		}
		s.do("PUT", "/bucket/key", "", "X-Amz-Checksum-"+algorithm+": "+base64.StdEncoding.EncodeToString(raw)).want(200, "")
	}
}

func TestEveryChecksum(t *testing.T) {
	s := newBucket(t, "bucket")
	for _, f := range checksumFields {
		t.Run(f.algorithm, func(t *testing.T) {
			s.t = t
			want, wrong := sum(f.algorithm, lyric), sum(f.algorithm, "other")
			a := s.do("PUT", "/bucket/key", lyric, f.header+": "+want).want(200, "")
			if a.header.Get(f.header) != want || a.header.Get("X-Amz-Checksum-Type") != "FULL_OBJECT" {
				t.Errorf("put answered %v", a.header)
			}
			s.do("PUT", "/bucket/key", lyric, f.header+": "+wrong).want(400, "BadDigest")
			s.do("PUT", "/bucket/key", lyric, f.header+": AAAA").want(400, "InvalidRequest")
			a = s.do("HEAD", "/bucket/key", "", "X-Amz-Checksum-Mode: ENABLED").want(200, "")
			if a.header.Get(f.header) != want || a.header.Get("X-Amz-Checksum-Type") != "FULL_OBJECT" {
				t.Errorf("head answered %v", a.header)
			}
			if a = s.do("HEAD", "/bucket/key", "").want(200, ""); a.header.Get(f.header) != "" {
				t.Errorf("head answered %v without being asked for checksums", a.header)
			}
			a = s.do("GET", "/bucket/key", "", "X-Amz-Checksum-Mode: ENABLED", "Range: bytes=0-1").want(206, "")
			if a.header.Get(f.header) != "" {
				t.Errorf("a range has the checksum of the whole: %v", a.header)
			}

			for value, status := range map[string]int{want: 200, wrong: 400} {
				r := s.request("PUT", "/bucket/trailing", fmt.Sprintf("%x\r\n%s\r\n0\r\n%s:%s\r\n\r\n", len(lyric), lyric, f.header, value),
					"Content-Encoding: aws-chunked", "X-Amz-Trailer: "+strings.ToLower(f.header),
					"X-Amz-Decoded-Content-Length: "+fmt.Sprint(len(lyric)))
				s.sign(r, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
				s.send(r).want(status, "")
			}

			s.do("PUT", "/bucket/plain", lyric).want(200, "")
			a = s.do("PUT", "/bucket/copy", "", "X-Amz-Copy-Source: bucket/plain", "X-Amz-Checksum-Algorithm: "+f.algorithm).want(200, "")
			if a.element(f.element) != want || a.element("ChecksumType") != "FULL_OBJECT" {
				t.Errorf("copy answered %s", a.body)
			}
			a = s.do("GET", "/bucket/key?attributes", "", "X-Amz-Object-Attributes: Checksum").want(200, "")
			if a.element(f.element) != want || a.element("ChecksumType") != "FULL_OBJECT" || strings.Contains(a.body, "<ETag>") {
				t.Errorf("attributes are %s", a.body)
			}
		})
	}
}

// multipart uploads parts under an algorithm and returns the URL that completes them, and the document that does.
func (s *testServer) multipart(f checksumField, kind string, parts ...string) (target, document string) {
	s.t.Helper()
	var headers []string
	if kind != "" {
		headers = append(headers, "X-Amz-Checksum-Type: "+kind)
	}
	target = "/bucket/key?uploadId=" +
		s.do("POST", "/bucket/key?uploads", "", append(headers, "X-Amz-Checksum-Algorithm: "+f.algorithm)...).want(200, "").element("UploadId")
	for i, part := range parts {
		value := sum(f.algorithm, part)
		a := s.do("PUT", fmt.Sprintf("%s&partNumber=%d", target, i+1), part, f.header+": "+value).want(200, "")
		document += fmt.Sprintf("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag><%s>%s</%[3]s></Part>", i+1, a.header.Get("ETag"), f.element, value)
	}
	return target, "<CompleteMultipartUpload>" + document + "</CompleteMultipartUpload>"
}

func TestEveryChecksumOfParts(t *testing.T) {
	parts := []string{strings.Repeat("a", api.MinPartSize), "bc"}
	canBe := map[string][]string{ // the default first
		api.CRC64NVME: {"FULL_OBJECT"}, api.CRC32: {"COMPOSITE", "FULL_OBJECT"}, api.CRC32C: {"COMPOSITE", "FULL_OBJECT"},
	}
	s := newBucket(t, "bucket")
	for _, f := range checksumFields {
		kinds := canBe[f.algorithm]
		if kinds == nil {
			kinds = []string{"COMPOSITE"}
		}
		for i, kind := range []string{"", "COMPOSITE", "FULL_OBJECT"} {
			t.Run(f.algorithm+" "+kind, func(t *testing.T) {
				s.t = t
				if kind != "" && !slices.Contains(kinds, kind) {
					s.do("POST", "/bucket/key?uploads", "", "X-Amz-Checksum-Algorithm: "+f.algorithm, "X-Amz-Checksum-Type: "+kind).
						want(400, "InvalidRequest")
					return
				}
				target, document := s.multipart(f, kind, parts...)
				if i == 0 {
					kind = kinds[0]
				}
				want := sum(f.algorithm, parts[0]+parts[1])
				suffix := ""
				if kind == "COMPOSITE" {
					raw, err := hex.DecodeString(string(testSums[f.algorithm](parts[0])) + string(testSums[f.algorithm](parts[1])))
					if err != nil {
						t.Fatal(err)
					}
					want, suffix = sum(f.algorithm, string(raw)), "-2"
				}
				s.do("POST", target, document, f.header+": "+sum(f.algorithm, "other")+suffix).want(400, "BadDigest")
				a := s.do("POST", target, document, f.header+": "+want+suffix, "X-Amz-Checksum-Type: "+kind).want(200, "")
				if a.element(f.element) != want+suffix || a.element("ChecksumType") != kind {
					t.Errorf("completed as %s, want %s", a.body, want+suffix)
				}
				s.wantPartChecksum(f, kind, parts[1])
				s.wantParts(f, kind, want, parts)
			})
		}
	}
}

// wantPartChecksum checks that the second part has a checksum of its own only where that of the object is composite.
func (s *testServer) wantPartChecksum(f checksumField, kind, part string) {
	s.t.Helper()
	want := ""
	if kind == "COMPOSITE" {
		want = sum(f.algorithm, part)
	}
	a := s.do("GET", "/bucket/key?partNumber=2", "", "X-Amz-Checksum-Mode: ENABLED").want(206, "")
	if got := a.header.Get(f.header); got != want || a.body != part {
		s.t.Errorf("part 2 has the checksum %q, want %q", got, want)
	}
}

func (s *testServer) wantParts(f checksumField, kind, want string, parts []string) {
	s.t.Helper()
	a := s.do("GET", "/bucket/key?attributes", "", "X-Amz-Object-Attributes: ETag,Checksum,ObjectParts,StorageClass,ObjectSize",
		"X-Amz-Max-Parts: 1", "X-Amz-Part-Number-Marker: 1").want(200, "")
	if a.elements(f.element)[0] != want || a.element("PartsCount") != "2" || a.element("ObjectSize") != "5242882" ||
		a.element("StorageClass") != "STANDARD" || strings.Contains(a.element("ETag"), `"`) || a.header.Get("Last-Modified") == "" {
		s.t.Errorf("attributes are %s", a.body)
	}
	if kind == "FULL_OBJECT" {
		if len(a.elements("Part")) != 0 {
			s.t.Errorf("parts are told: %s", a.body)
		}
		return
	}
	if !slices.Equal(a.elements("PartNumber"), []string{"2"}) || a.element("IsTruncated") != "false" || a.element("PartNumberMarker") != "1" ||
		a.element("NextPartNumberMarker") != "2" || a.element("MaxParts") != "1" || a.elements(f.element)[1] != sum(f.algorithm, parts[1]) {
		s.t.Errorf("attributes are %s", a.body)
	}
}

func TestGetObjectAttributesRefuses(t *testing.T) {
	s := newVersioned(t)
	version := s.put("key", "content")
	a := s.do("GET", "/bucket/key?attributes&versionId="+version, "", "X-Amz-Object-Attributes: ObjectSize").want(200, "")
	if a.element("ObjectSize") != "7" || a.header.Get("X-Amz-Version-Id") != version || len(a.elements("ObjectParts")) != 0 {
		t.Errorf("answered %v %s", a.header, a.body)
	}
	s.do("GET", "/bucket/key?attributes", "").want(400, "InvalidArgument")
	s.do("GET", "/bucket/key?attributes", "", "X-Amz-Object-Attributes: Mood").want(400, "InvalidArgument")
	s.do("GET", "/bucket/key?attributes", "", "X-Amz-Object-Attributes: ETag", "X-Amz-Max-Parts: -1").want(400, "InvalidArgument")
	s.do("GET", "/bucket/missing?attributes", "", "X-Amz-Object-Attributes: ETag").want(404, "NoSuchKey")
	marker := s.do("DELETE", "/bucket/key", "").want(204, "").header.Get("X-Amz-Version-Id")
	s.do("GET", "/bucket/key?attributes", "", "X-Amz-Object-Attributes: ETag").want(404, "NoSuchKey")
	a = s.do("GET", "/bucket/key?attributes&versionId="+marker, "", "X-Amz-Object-Attributes: ETag").want(405, "MethodNotAllowed")
	if a.header.Get("X-Amz-Delete-Marker") != "true" {
		t.Errorf("answered %v", a.header)
	}
}
