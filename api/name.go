package api

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxKeyLength is how long a key may be, in bytes of UTF-8.
const MaxKeyLength = 1024

// The names of the server's own pages, which no bucket can have.
const (
	HealthPage  = "health"       // how each part of the server is
	LivePage    = "healthz"      // whether the process is up
	MetricsPage = "metrics"      // what the server counts
	ReadyPage   = "readyz"       // whether requests are served
	OpenAPIPage = "openapi.json" // what requests there are
	DocsPage    = "docs"         // the same, to read
)

var (
	reservedNames = []string{HealthPage, LivePage, MetricsPage, ReadyPage, OpenAPIPage, DocsPage}

	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	address    = regexp.MustCompile(`^(\d+\.){3}\d+$`)

	// regionName is the form of the names of AWS's regions, but for one old name of eu-west-1.
	regionName = regexp.MustCompile(`^([a-z]{2}(-[a-z]+){1,2}-\d+|EU)$`)

	// The labels of a domain name begin and end with a letter or a digit.
	noLabels = []string{"..", ".-", "-."}

	// S3 keeps these for itself.
	reservedPrefixes = []string{"xn--", "sthree-", "amzn-s3-demo-"}
	reservedSuffixes = []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}
)

// checkBucketName applies the rules for names of new buckets.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func checkBucketName(name string) error {
	if !bucketName.MatchString(name) || address.MatchString(name) ||
		slices.ContainsFunc(noLabels, func(s string) bool { return strings.Contains(name, s) }) ||
		slices.Contains(reservedNames, name) ||
		slices.ContainsFunc(reservedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) }) ||
		slices.ContainsFunc(reservedSuffixes, func(s string) bool { return strings.HasSuffix(name, s) }) {
		return NewError(InvalidBucketName, Detail{"BucketName", name})
	}
	return nil
}

// checkKey applies the rules for keys: UTF-8 of 1 to 1,024 bytes.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
func checkKey(key string) error {
	switch {
	case len(key) > MaxKeyLength:
		return NewError(KeyTooLong, Detail{"Size", strconv.Itoa(len(key))}, Detail{"MaxSizeAllowed", strconv.Itoa(MaxKeyLength)})
	case key == "":
		return InvalidArgumentf("key", key, "A key must not be empty.")
	case !utf8.ValidString(key):
		return Errorf(InvalidURI, "The key is not valid UTF-8.")
	}
	return nil
}

// HostBucket returns the bucket that a Host header names in the form "bucket.domain", empty if it names none. Upper and
// lower case are the same. With an empty domain no host names a bucket.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
func HostBucket(host, domain string) string {
	if domain == "" {
		return ""
	}
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i] // without the port
	}
	bucket, ok := strings.CutSuffix(strings.ToLower(host), "."+strings.ToLower(domain))
	if !ok {
		return ""
	}
	return bucket
}
