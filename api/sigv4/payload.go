package sigv4

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/api"
)

// The values of x-amz-content-sha256 that are not a hash.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
const (
	unsignedPayload       = "UNSIGNED-PAYLOAD"
	signedChunks          = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	signedChunksTrailer   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	unsignedChunksTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

	emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// payload is how a request's body is framed and what protects it.
type payload struct {
	// hash is the last line of the canonical request: a value of x-amz-content-sha256.
	hash string
	// assumed tells that the request does not say what hash is.
	assumed bool
	// signed and trailing tell the forms of aws-chunked apart.
	chunked, signed, trailing bool
}

// claimedPayload reads the payload of a request that is signed.
func claimedPayload(r *http.Request, c *claim) (payload, error) {
	value := r.Header.Get("X-Amz-Content-Sha256")
	if c.presigned {
		// Who makes a presigned URL rarely knows what will be sent with it. S3 decodes no aws-chunked here.
		if c.contentSHA256 != "" {
			value = c.contentSHA256
		}
		if value == "" {
			value = unsignedPayload
		}
		p, err := parsePayload(value)
		if err == nil && p.chunked {
			return payload{}, errContentSHA256(value)
		}
		return p, err
	}
	if value != "" {
		return parsePayload(value)
	}
	// S3 wants the header always. Signers made for AWS's other services do not send it and sign the hash of the body: where
	// there is none, its hash is known. With a body only those can be understood who say they did not sign it; for the
	// others a wrong signature is answered with the header that they lack.
	if r.ContentLength == 0 {
		return payload{hash: emptySHA256}, nil
	}
	return payload{hash: unsignedPayload, assumed: true}, nil
}

// anonymousPayload reads the payload of a request that is not signed. Its client had no need to hash anything, but may
// well have sent a trailing checksum.
func anonymousPayload(r *http.Request) (payload, error) {
	value := r.Header.Get("X-Amz-Content-Sha256")
	if value == "" {
		value = unsignedPayload
		if encoding := strings.Join(r.Header["Content-Encoding"], ","); StripAWSChunked(encoding) != encoding {
			value = unsignedChunksTrailer
		}
	}
	p, err := parsePayload(value)
	if err == nil && p.signed {
		return payload{}, api.Errorf(api.InvalidRequest, "Chunks are signed in signed requests only.")
	}
	return p, err
}

func parsePayload(value string) (payload, error) {
	switch value {
	case unsignedPayload:
		return payload{hash: value}, nil
	case signedChunks:
		return payload{hash: value, chunked: true, signed: true}, nil
	case signedChunksTrailer:
		return payload{hash: value, chunked: true, signed: true, trailing: true}, nil
	case unsignedChunksTrailer:
		return payload{hash: value, chunked: true, trailing: true}, nil
	}
	if strings.HasPrefix(value, "STREAMING-AWS4-ECDSA-P256-SHA256-") {
		return payload{}, errAsymmetric(value)
	}
	if digest, err := hex.DecodeString(value); err != nil || len(digest) != len(emptySHA256)/2 {
		return payload{}, errContentSHA256(value)
	}
	return payload{hash: value}, nil
}

func errContentSHA256(value string) error {
	return api.InvalidArgumentf("x-amz-content-sha256", value,
		"x-amz-content-sha256 must be %s, %s, %s, %s or a valid sha256 value.",
		unsignedPayload, unsignedChunksTrailer, signedChunks, signedChunksTrailer)
}

// open gives the request's payload to read. The signer is who signed it, nil for an anonymous request.
func (p payload) open(r *http.Request, s *signer) (*Verified, error) {
	v := &Verified{Body: http.NoBody, Length: r.ContentLength, Chunked: p.chunked}
	if s != nil {
		v.AccessKey = s.claim.accessKey
	}
	body := r.Body
	switch {
	case p.chunked:
		var err error
		if v.Length, err = decodedLength(r.Header); err != nil {
			return nil, err
		}
		c := &chunkedReader{source: body, length: v.Length, deliver: &v.trailer}
		if p.trailing {
			c.trailing = true
			if c.announced, err = announcedTrailers(r.Header); err != nil {
				return nil, err
			}
		}
		if p.signed {
			c.signer = s.chain()
		}
		v.Body = c
	case p.hash == unsignedPayload:
		v.Body = &plainReader{source: body}
	case body != http.NoBody || !strings.EqualFold(p.hash, emptySHA256):
		v.Body = newHashedReader(body, p.hash, r.ContentLength)
	}
	return v, nil
}

// decodedLength reads how long an aws-chunked payload is without its framing. S3 wants to know always; clients whose
// source cannot tell its length do not say.
func decodedLength(h http.Header) (int64, error) {
	value := h.Get("X-Amz-Decoded-Content-Length")
	if value == "" {
		return -1, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return 0, api.InvalidArgumentf("x-amz-decoded-content-length", value, "The decoded content length must be a number of bytes.")
	}
	return n, nil
}

// announcedTrailers reads the lower-case names of the headers that will follow the payload.
func announcedTrailers(h http.Header) ([]string, error) {
	var names []string
	for _, value := range h["X-Amz-Trailer"] {
		for name := range strings.SplitSeq(value, ",") {
			name = strings.ToLower(strings.TrimSpace(name))
			if !strings.HasPrefix(name, "x-amz-checksum-") {
				return nil, api.Errorf(api.InvalidRequest, "The value specified in the x-amz-trailer header is not supported")
			}
			names = append(names, name)
		}
	}
	return names, nil
}

// StripAWSChunked takes aws-chunked out of a Content-Encoding. What is left, perhaps nothing, is what belongs to the
// object: "gzip,aws-chunked" becomes "gzip". A value without aws-chunked is returned as it is.
func StripAWSChunked(contentEncoding string) string {
	var kept []string
	stripped := false
	for coding := range strings.SplitSeq(contentEncoding, ",") {
		if coding = strings.TrimSpace(coding); strings.EqualFold(coding, "aws-chunked") {
			stripped = true
		} else if coding != "" {
			kept = append(kept, coding)
		}
	}
	if !stripped {
		return contentEncoding
	}
	return strings.Join(kept, ",")
}
