package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"net"
	"net/http"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/sigv4"
)

// Credentials are those of the server's keys. An administrator signs a request with Signature Version 4, as those of S3 are
// signed, or sends the access key and the secret with HTTP Basic authentication (RFC 7617).
//
// Basic authentication sends the secret itself, so it is accepted over TLS only, or from the machine that the server runs on.
type Credentials struct {
	Verifier *sigv4.Verifier // of the signatures of all keys
	Secrets  sigv4.Keys
	// Administrator tells whether a key may be used for administration.
	Administrator func(accessKey string) bool
}

// challenge asks for Basic authentication. See https://www.rfc-editor.org/rfc/rfc7617#section-2
const challenge = `Basic realm="BleepStore administration", charset="UTF-8"`

// unauthorizedError is for who may come again with other credentials, where Basic authentication is accepted.
type unauthorizedError struct{ message string }

func (e *unauthorizedError) Error() string { return e.message }

// require hands requests of administrators to next, and refuses the others.
func (c Credentials) require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.check(r); err != nil {
			refuse(w, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// check returns nil if a request is an administrator's. It reads the body of one that is signed. Errors: *unauthorizedError,
// and *api.Error as those of Verifier and AccessDenied.
func (c Credentials) check(r *http.Request) error {
	accessKey, secret, basic := r.BasicAuth()
	var err error
	if basic {
		err = c.checkSecret(r, accessKey, secret)
	} else {
		accessKey, err = c.checkSignature(r)
	}
	if err != nil {
		return err
	}
	if !c.Administrator(accessKey) {
		return denied("Only a key with admin: true in auth.credentials of the configuration may do this.")
	}
	return nil
}

// checkSignature returns who has signed a request.
func (c Credentials) checkSignature(r *http.Request) (accessKey string, err error) {
	verified, err := c.Verifier.Verify(r)
	if err != nil {
		return "", err
	}
	if verified.AccessKey == "" {
		if isPrivate(r) {
			return "", &unauthorizedError{"This needs an administrator's credentials: the access key and the secret, or a signature."}
		}
		// The same as to somebody who cannot be asked for a secret here.
		return "", denied("This needs an administrator's signature. Access key and secret are accepted over TLS only.")
	}
	_, err = io.Copy(io.Discard, verified.Body) // which is verified as it is read
	return verified.AccessKey, err
}

// checkSecret returns nil if a request has the secret of a key. Who guesses learns neither whether there is such a key, nor how
// much of the secret is right.
//
// Browsers send what they know of a server with every request, also with those that pages of others cause. So what changes
// something has to come from a page of the server itself, or from no browser.
func (c Credentials) checkSecret(r *http.Request, accessKey, secret string) error {
	if !isPrivate(r) {
		return denied("Access key and secret are accepted over TLS only, or from the machine that the server runs on, because " +
			"others could read them on the way: give the server a certificate in server.tls, or sign the request.")
	}
	right, found := c.Secrets(accessKey)
	given, wanted := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(right))
	if equal := subtle.ConstantTimeCompare(given[:], wanted[:]) == 1; !equal || !found {
		return &unauthorizedError{"There is no such access key, or the secret is not the key's."}
	}
	if err := new(http.CrossOriginProtection).Check(r); err != nil {
		return denied("This changes something, and comes from a page of another site.")
	}
	return nil
}

// isPrivate tells whether nobody else can read what comes with a request.
func isPrivate(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && net.ParseIP(host).IsLoopback()
}

func denied(message string) error { return &api.Error{Code: api.AccessDenied, Message: message} }
