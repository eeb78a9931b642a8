package accesslog

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bleepstore/bleepstore/api/s3"
)

// secrets are the parameters of a query, in lower case, without which nobody can use a URL that is signed.
var secrets = map[string]bool{"x-amz-signature": true, "x-amz-security-token": true, "signature": true}

// withoutSecrets returns a URI, which may be none, with the values of secrets replaced.
func withoutSecrets(uri string) string {
	path, query, found := strings.Cut(uri, "?")
	if !found {
		return uri
	}
	parameters := strings.Split(query, "&")
	for i, parameter := range parameters {
		name, _, _ := strings.Cut(parameter, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil || secrets[strings.ToLower(plain)] { // what cannot be read may be anything
			parameters[i] = name + "=REDACTED"
		}
	}
	return path + "?" + strings.Join(parameters, "&")
}

// signatureOf tells the version of a signature that held, and where it was; both empty without one, and for a form that was
// posted.
func signatureOf(r *s3.Request) (version, authentication string) {
	if r.Caller.AccessKey == "" || r.Operation == "PostObject" {
		return "", ""
	}
	version, authentication = "SigV4", "AuthHeader"
	switch header := r.HTTP.Header.Get("Authorization"); {
	case header == "":
		authentication = "QueryString"
		if !strings.Contains(r.HTTP.URL.RawQuery, "X-Amz-") {
			version = "SigV2"
		}
	case strings.HasPrefix(header, "AWS "):
		version = "SigV2"
	}
	return version, authentication
}

// tlsOf tells the version and the cipher suite of a connection, named as OpenSSL does; both empty for one without TLS.
func tlsOf(state *tls.ConnectionState) (version, cipher string) {
	if state == nil {
		return "", ""
	}
	switch state.Version {
	case tls.VersionTLS12:
		version = "TLSv1.2"
	case tls.VersionTLS13:
		version = "TLSv1.3"
	default:
		version = tls.VersionName(state.Version)
	}
	return version, ciphers[state.CipherSuite]
}

// ciphers are the names of cipher suites.
var ciphers = func() map[uint16]string {
	openssl := strings.NewReplacer(
		"_WITH_", "-", "AES_", "AES", "_CBC_SHA", "-SHA", "CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305", "_", "-")
	names := make(map[uint16]string)
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		names[suite.ID] = suite.Name // which OpenSSL has, too, for TLS 1.3
		if suite.SupportedVersions[0] != tls.VersionTLS13 {
			names[suite.ID] = openssl.Replace(strings.TrimPrefix(suite.Name, "TLS_"))
		}
	}
	return names
}()

func addressOf(r *http.Request) string {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return address
}
