package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/bleepstore/bleepstore/api"
)

// buffers holds the space in which canonical requests are written.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// maxPooledBuffer keeps one giant request from staying in memory.
const maxPooledBuffer = 64 << 10

// checkSignature compares a claim's signature with the one that the key makes of the request.
func checkSignature(r *http.Request, c *claim, p payload, key signingKey) error {
	pooled := buffers.Get().(*[]byte)
	b := *pooled
	defer func() {
		if cap(b) <= maxPooledBuffer {
			*pooled = b
			buffers.Put(pooled)
		}
	}()

	mac := newMAC(key)
	matches := func(f form) bool {
		b = appendCanonical(b[:0], r, c, p.hash, f)
		return mac.signs(appendStringToSign(b, c, b)[len(b):], []byte(c.signature))
	}
	if matches(encoded) || matches(verbatim) {
		return nil
	}
	if p.assumed {
		return api.Errorf(api.InvalidRequest, "Missing required header for this request: x-amz-content-sha256")
	}
	canonical := appendCanonical(b[:0], r, c, p.hash, encoded)
	return errSignature(c, string(appendStringToSign(nil, c, canonical)), c.signature, string(canonical))
}

// appendStringToSign appends the string that is signed for a canonical request.
func appendStringToSign(b []byte, c *claim, canonical []byte) []byte {
	digest := sha256.Sum256(canonical)
	b = append(b, algorithm+"\n"...)
	b = append(b, c.timestamp...)
	b = append(b, '\n')
	b = append(b, c.scope...)
	b = append(b, '\n')
	return hex.AppendEncode(b, digest[:])
}

// mac makes and compares signatures.
type mac struct {
	hash hash.Hash
	sum  [sha256.Size]byte
	text [2 * sha256.Size]byte
}

func newMAC(key signingKey) *mac { return &mac{hash: hmac.New(sha256.New, key[:])} }

// signs tells whether signature, in hex, is that of the string to sign, in a time that says nothing about where it differs.
func (m *mac) signs(stringToSign, signature []byte) bool {
	m.hash.Reset()
	m.hash.Write(stringToSign)
	hex.Encode(m.text[:], m.hash.Sum(m.sum[:0]))
	return hmac.Equal(m.text[:], signature)
}

// errSignature shows what should have been signed, so that the client's author can compare. canonical is empty for chunks
// and trailers.
func errSignature(c *claim, stringToSign, provided, canonical string) error {
	err := api.NewError(api.SignatureDoesNotMatch,
		api.Detail{Name: "AWSAccessKeyId", Value: c.accessKey},
		api.Detail{Name: "StringToSign", Value: stringToSign},
		api.Detail{Name: "SignatureProvided", Value: provided},
		api.Detail{Name: "StringToSignBytes", Value: fmt.Sprintf("% x", stringToSign)})
	if canonical != "" {
		err.Details = append(err.Details,
			api.Detail{Name: "CanonicalRequest", Value: canonical},
			api.Detail{Name: "CanonicalRequestBytes", Value: fmt.Sprintf("% x", canonical)})
	}
	return err
}

// checkSignedHeaders demands that the signature covers Host and every x-amz-* header of the request: these change what it
// does, so nobody may add one on the way.
//
// x-amz-content-sha256 may be left out with an Authorization header, as its value is in the canonical request anyway.
func checkSignedHeaders(r *http.Request, c *claim) error {
	var unsigned []string
	if !isSigned(c, "host") {
		unsigned = append(unsigned, "host")
	}
	for name := range r.Header {
		if !strings.HasPrefix(name, "X-Amz-") || isSigned(c, name) {
			continue
		}
		if name == "X-Amz-Content-Sha256" && !c.presigned {
			continue
		}
		unsigned = append(unsigned, strings.ToLower(name))
	}
	if unsigned == nil {
		return nil
	}
	slices.Sort(unsigned)
	err := api.Errorf(api.AccessDenied, "There were headers present in the request which were not signed")
	err.Details = []api.Detail{{Name: "HeadersNotSigned", Value: strings.Join(unsigned, ", ")}}
	return err
}

func isSigned(c *claim, header string) bool {
	for name := range strings.SplitSeq(c.signedHeaders, ";") {
		if strings.EqualFold(name, header) {
			return true
		}
	}
	return false
}

// signingKey is derived from a secret for one day, region and service.
type signingKey [sha256.Size]byte

func deriveKey(secret, date, region string) signingKey {
	key := []byte("AWS4" + secret)
	for _, part := range []string{date, region, service, terminator} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return signingKey(key)
}

// keyCache remembers signing keys, which take longer to derive than a request takes to verify. The zero value is empty.
type keyCache struct {
	mu   sync.RWMutex
	keys map[keyOf]signingKey
}

// keyOf holds the secret as well, so that a changed secret is in force at once.
type keyOf struct{ accessKey, secret, date string }

// maxCachedKeys bounds the cache. A key is of use for a day, or a week when it has presigned, so a full cache is mostly
// old and is simply emptied.
const maxCachedKeys = 1024

func (k *keyCache) signingKey(accessKey, secret, date, region string) signingKey {
	of := keyOf{accessKey, secret, date}
	k.mu.RLock()
	key, ok := k.keys[of]
	k.mu.RUnlock()
	if ok {
		return key
	}
	key = deriveKey(secret, date, region)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil || len(k.keys) >= maxCachedKeys {
		k.keys = make(map[keyOf]signingKey)
	}
	// The strings are pieces of a whole header, which the cache must not keep alive.
	k.keys[keyOf{strings.Clone(accessKey), secret, strings.Clone(date)}] = key
	return key
}
