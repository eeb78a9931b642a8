package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Servers that must not start.
func TestRefusedConfigurations(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options options
		says    string
	}{
		"default credentials for everybody": {options{args: []string{"--listen", "0.0.0.0:0"}}, "BLEEPSTORE_SECRET_KEY"},
		"unknown key":                       {options{config: "server: {port: 80}"}, "port"},
		"unknown section":                   {options{config: "servers: {}"}, "servers"},
		"unknown variable":                  {options{env: []string{"BLEEPSTORE_METADATA_ENGIN=pebble"}}, "BLEEPSTORE_METADATA_ENGIN"},
		"unknown engine":                    {options{config: "metadata: {engine: abacus}"}, "abacus"},
		"unknown backend":                   {options{env: []string{"BLEEPSTORE_STORAGE_BACKEND=tape"}}, "tape"},
		"missing file":                      {options{args: []string{"--config", "/does/not/exist.yaml"}}, "/does/not/exist.yaml"},
		"half of a credential":              {options{env: []string{"BLEEPSTORE_ACCESS_KEY=alone"}}, "BLEEPSTORE_SECRET_KEY"},
		"public events for everybody":       {options{env: []string{"BLEEPSTORE_EVENTS_LISTEN=0.0.0.0:0"}}, "BLEEPSTORE_SECRET_KEY"},
		"public events without TLS": {options{env: []string{
			"BLEEPSTORE_EVENTS_LISTEN=:0", "BLEEPSTORE_ACCESS_KEY=own", "BLEEPSTORE_SECRET_KEY=own-secret",
		}}, "events.tls.cert"},
		"public events nowhere":     {options{env: []string{"BLEEPSTORE_EVENTS_LISTEN=nowhere"}}, "127.0.0.1:4222"},
		"certificate without a key": {options{config: "server: {tls: {cert: server.pem}}"}, "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := launch(t, test.options)
			s.wantExit(t, 1)
			if log := s.log.tail(); !strings.Contains(log, test.says) {
				t.Errorf("the server does not say %q", test.says)
			}
		})
	}
}

// Flags win over the environment, which wins over the file. startServer sets the flags --listen and --data.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{
		config: `
data: /does/not/exist
server: {listen: "127.0.0.1:1", region: eu-west-1, domain: file.example.test}
auth:
  credentials: [{access_key: file, secret_key: file-secret}]
metadata: {engine: memory}
`,
		env: []string{
			"BLEEPSTORE_LISTEN=127.0.0.1:2", "BLEEPSTORE_DATA=/does/not/exist/either", "BLEEPSTORE_REGION=eu-west-2",
			"BLEEPSTORE_ACCESS_KEY=env", "BLEEPSTORE_SECRET_KEY=env-secret",
			"AWS_ACCESS_KEY_ID=aws", "AWS_SECRET_ACCESS_KEY=aws-secret", "AWS_REGION=eu-west-3",
		},
	})
	try := func(key, region string) error {
		_, err := s.client(func(o *s3.Options) {
			o.Region = region
			o.Credentials = credentials.NewStaticCredentialsProvider(key, key+"-secret", "")
		}).ListBuckets(t.Context(), &s3.ListBucketsInput{})
		return err
	}
	if err := try("env", "eu-west-2"); err != nil {
		t.Error(err)
	}
	wantError(t, try("env", "eu-west-1"), 400, "AuthorizationHeaderMalformed")
	wantError(t, try("file", "eu-west-2"), 403, "InvalidAccessKeyId")
	wantError(t, try("aws", "eu-west-2"), 403, "InvalidAccessKeyId")
	wantError(t, try(accessKey, "eu-west-2"), 403, "InvalidAccessKeyId")
}
