package s3_test

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
	"github.com/bleepstore/bleepstore/backends/s3"
)

// overTLS is the same, asked over TLS, with a certificate that the environment names.
func (p proxied) overTLS(t *testing.T) proxied {
	t.Helper()
	secure := httptest.NewTLSServer(p.Config.Handler)
	t.Cleanup(secure.Close)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(bundle, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	p.Bucket = openClosed(t, s3.Config{
		Bucket: "bucket", Region: "us-east-1", Endpoint: secure.URL, AccessKey: "access", SecretKey: "secret", PathStyle: true,
	})
	return p
}

// isolate has the SDK find nothing.
func isolate(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": nowhere,
		"AWS_SHARED_CREDENTIALS_FILE": nowhere, "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
	} {
		t.Setenv(name, value)
	}
}

func TestConfig(t *testing.T) {
	isolate(t)
	for _, tt := range []struct {
		config s3.Config
		text   string
	}{
		{s3.Config{Region: "r"}, "storage.s3.bucket"},
		{s3.Config{Bucket: "b--x-s3", Region: "r"}, "directory bucket"},
		{s3.Config{Bucket: "b", Region: "r", AccessKey: "a"}, "storage.s3.secret_key"},
		{s3.Config{Bucket: "b", Region: "r", SecretKey: "a"}, "storage.s3.access_key"},
		{s3.Config{Bucket: "b", Endpoint: "localhost:9000"}, "storage.s3.endpoint"},
		{s3.Config{Bucket: "b"}, "storage.s3.region"},
	} {
		_, err := s3.Open(t.Context(), tt.config)
		wantError(t, err, nil, tt.text)
	}
	b := openClosed(t, s3.Config{Bucket: "b", Endpoint: "http://127.0.0.1:1"})
	if b.String() != "s3://b" {
		t.Errorf("String is %q", b)
	}
	wantError(t, b.Check(t.Context()), backends.ErrUnavailable, "no credentials", "storage.s3.access_key")
}

// TestRefused checks what is said about wrong settings.
func TestRefused(t *testing.T) {
	t.Parallel()
	right := emulated(t)
	create(t, right)
	for name, tt := range map[string]struct {
		change func(*s3.Config)
		texts  []string
	}{
		"access key": {func(c *s3.Config) { c.AccessKey = "wrong" }, []string{"storage.s3.access_key"}},
		"secret key": {func(c *s3.Config) { c.SecretKey = "wrong" }, []string{"storage.s3.secret_key"}},
		"bucket":     {func(c *s3.Config) { c.Bucket = "none" }, []string{"no bucket none", "storage.s3.bucket"}},
		"region":     {func(c *s3.Config) { c.Region = "eu-west-9" }, []string{"storage.s3.region"}},
		"endpoint":   {func(c *s3.Config) { c.Endpoint = "http://127.0.0.1:1" }, []string{"no answer", "storage.s3.endpoint"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := right
			tt.change(&c)
			b := openClosed(t, c)
			wantError(t, b.Put(t.Context(), "x", remote.NewContent(small), remote.Options{}), backends.ErrUnavailable,
				append(tt.texts, "put object x")...)
			_, _, err := b.Get(t.Context(), "x", "", 0, 1)
			wantError(t, err, backends.ErrUnavailable, tt.texts...)
			for _, err := range b.List(t.Context(), "", "", 1) {
				wantError(t, err, backends.ErrUnavailable, tt.texts...)
			}
			if name == "region" { // versitygw says too little in an answer without a body
				return
			}
			_, err = b.Head(t.Context(), "x")
			wantError(t, err, backends.ErrUnavailable, tt.texts...)
			wantError(t, b.Check(t.Context()), backends.ErrUnavailable, tt.texts...)
		})
	}
}

// TestRefusedByS3 checks what errors of S3 are turned into that no emulator gives.
func TestRefusedByS3(t *testing.T) {
	t.Parallel()
	p := newProxied(t)
	for _, tt := range []struct {
		status  int
		code    string
		headers []string
		text    string
	}{
		{301, "PermanentRedirect", []string{"x-amz-bucket-region", "eu-central-1"}, "set storage.s3.region to eu-central-1"},
		{400, "AuthorizationHeaderMalformed", []string{"x-amz-bucket-region", "eu-central-1"}, "set storage.s3.region to eu-central-1"},
		{301, "PermanentRedirect", nil, "storage.s3.region"},
		{403, "ExpiredToken", nil, "expired"},
		{403, "InvalidObjectState", nil, "restore it"},
	} {
		p.Fail(nil, buckettest.Always, refusal(tt.status, tt.code, tt.headers...))
		_, _, err := p.Get(t.Context(), "x", "", 0, 1)
		wantError(t, err, backends.ErrUnavailable, "get object x", tt.code, tt.text)
		if tt.headers != nil { // which HEAD has too
			wantError(t, p.Check(t.Context()), backends.ErrUnavailable, tt.text)
		}
	}
	p.Fail(nil, buckettest.Always, refusal(403, ""))
	wantError(t, p.Check(t.Context()), backends.ErrUnavailable, "s3:ListBucket")
	_, err := p.Head(t.Context(), "x")
	wantError(t, err, backends.ErrUnavailable, "s3:GetObject")
}
