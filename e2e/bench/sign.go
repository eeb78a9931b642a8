package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/url"
	"strings"
	"time"
)

// signer signs requests with AWS signature version 4 in the Authorization header. It is for one goroutine.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
type signer struct {
	accessKey, secretKey, region string

	day     string    // of mac
	mac     hash.Hash // keyed with the signing key of the day
	scratch []byte
}

const signedHeaders = "host;x-amz-content-sha256;x-amz-date"

// appendHeaders appends to head the header lines, Host among them, that sign a request. Path and query are in their
// canonical form already; bodyHash is the hex SHA-256 of the body.
func (s *signer) appendHeaders(head []byte, method, host, path, query, bodyHash string, now time.Time) []byte {
	timestamp := now.UTC().Format("20060102T150405Z")
	day := timestamp[:8]
	if day != s.day {
		s.day, s.mac = day, hmac.New(sha256.New, s.signingKey(day))
	}
	scope := day + "/" + s.region + "/s3/aws4_request"

	b := s.scratch[:0]
	for _, part := range []string{
		method, "\n", path, "\n", query,
		"\nhost:", host, "\nx-amz-content-sha256:", bodyHash, "\nx-amz-date:", timestamp, "\n\n",
		signedHeaders, "\n", bodyHash,
	} {
		b = append(b, part...)
	}
	request := sha256.Sum256(b)
	b = b[:0]
	for _, part := range []string{"AWS4-HMAC-SHA256\n", timestamp, "\n", scope, "\n"} {
		b = append(b, part...)
	}
	b = hex.AppendEncode(b, request[:])
	s.mac.Reset()
	s.mac.Write(b)
	signature := s.mac.Sum(b[:0])
	s.scratch = signature

	for _, part := range []string{
		"Host: ", host, "\r\nx-amz-content-sha256: ", bodyHash, "\r\nx-amz-date: ", timestamp,
		"\r\nAuthorization: AWS4-HMAC-SHA256 Credential=", s.accessKey, "/", scope,
		",SignedHeaders=", signedHeaders, ",Signature=",
	} {
		head = append(head, part...)
	}
	head = hex.AppendEncode(head, signature)
	return append(head, "\r\n"...)
}

func (s *signer) signingKey(day string) []byte {
	key := []byte("AWS4" + s.secretKey)
	for _, part := range []string{day, s.region, "s3", "aws4_request"} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return key
}

// escapePath gives the canonical form of a path: all but unreserved characters and slashes are percent-encoded.
func escapePath(path string) string {
	return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(path))
}

// encodeQuery gives the canonical form of a query, which url.Values has but for its spaces.
func encodeQuery(q url.Values) string {
	return strings.ReplaceAll(q.Encode(), "+", "%20")
}
