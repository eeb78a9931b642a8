package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"maps"
	"slices"

	"github.com/bleepstore/bleepstore/api"
)

// signer is who signed a request and the key they signed it with.
type signer struct {
	claim *claim
	key   signingKey
}

// chunkSigner verifies the chain of signatures of a payload: each covers the one before it and so the order of chunks.
// The first link is the signature of the request.
type chunkSigner struct {
	claim    *claim
	mac      *mac
	previous []byte // the last signature found right, in hex
	digest   [sha256.Size]byte
	buffer   []byte // the string to sign
}

func (s *signer) chain() *chunkSigner {
	return &chunkSigner{claim: s.claim, mac: newMAC(s.key), previous: []byte(s.claim.signature)}
}

// checkChunk verifies the next signature of the chain and resets content, the hash of the chunk's data, for the next one.
func (s *chunkSigner) checkChunk(content hash.Hash, signature []byte) error {
	digest := content.Sum(s.digest[:0])
	content.Reset()
	s.begin("AWS4-HMAC-SHA256-PAYLOAD\n")
	s.buffer = append(s.buffer, emptySHA256+"\n"...)
	s.buffer = hex.AppendEncode(s.buffer, digest)
	return s.check(signature)
}

// checkTrailer verifies the signature that ends the chain, that of the trailer.
func (s *chunkSigner) checkTrailer(headers map[string]string, signature string) error {
	if signature == "" {
		return api.NewError(api.MalformedTrailer)
	}
	content := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		content.Write([]byte(name + ":" + headers[name] + "\n"))
	}
	s.begin("AWS4-HMAC-SHA256-TRAILER\n")
	s.buffer = hex.AppendEncode(s.buffer, content.Sum(nil))
	return s.check([]byte(signature))
}

// begin writes what all strings to sign of the chain begin with.
func (s *chunkSigner) begin(algorithm string) {
	s.buffer = append(s.buffer[:0], algorithm...)
	s.buffer = append(s.buffer, s.claim.timestamp...)
	s.buffer = append(s.buffer, '\n')
	s.buffer = append(s.buffer, s.claim.scope...)
	s.buffer = append(s.buffer, '\n')
	s.buffer = append(s.buffer, s.previous...)
	s.buffer = append(s.buffer, '\n')
}

// check compares a signature with that of the string to sign and makes it the previous one.
func (s *chunkSigner) check(signature []byte) error {
	if !s.mac.signs(s.buffer, signature) {
		return errSignature(s.claim, string(s.buffer), string(signature), "")
	}
	s.previous = append(s.previous[:0], signature...)
	return nil
}
