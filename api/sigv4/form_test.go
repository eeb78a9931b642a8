package sigv4

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/api"
)

// documentedPolicy is what the example of AWS signs, line ends included.
// See https://docs.aws.amazon.com/AmazonS3/latest/developerguide/sigv4-post-example.html
const documentedPolicy = "{ \"expiration\": \"2015-12-30T12:00:00.000Z\",\r\n" +
	"  \"conditions\": [\r\n" +
	"    {\"bucket\": \"sigv4examplebucket\"},\r\n" +
	"    [\"starts-with\", \"$key\", \"user/user1/\"],\r\n" +
	"    {\"acl\": \"public-read\"},\r\n" +
	"    {\"success_action_redirect\": \"http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html\"},\r\n" +
	"    [\"starts-with\", \"$Content-Type\", \"image/\"],\r\n" +
	"    {\"x-amz-meta-uuid\": \"14365123651274\"},\r\n" +
	"    {\"x-amz-server-side-encryption\": \"AES256\"},\r\n" +
	"    [\"starts-with\", \"$x-amz-meta-tag\", \"\"],\r\n" +
	"\r\n" +
	"    {\"x-amz-credential\": \"AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request\"},\r\n" +
	"    {\"x-amz-algorithm\": \"AWS4-HMAC-SHA256\"},\r\n" +
	"    {\"x-amz-date\": \"20151229T000000Z\" }\r\n" +
	"  ]\r\n" +
	"}"

func documentedForm() Form {
	return Form{
		Policy:     base64.StdEncoding.EncodeToString([]byte(documentedPolicy)),
		Algorithm:  algorithm,
		Credential: exampleKey + "/20151229/us-east-1/s3/aws4_request",
		Date:       "20151229T000000Z",
		Signature:  "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
	}
}

func TestDocumentedForm(t *testing.T) {
	accessKey, err := verifierAt(time.Now()).VerifyForm(documentedForm())
	if err != nil || accessKey != exampleKey {
		t.Errorf("got %q, %v", accessKey, err)
	}
}

func TestFormsThatAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Form)
		code   api.Code
	}{
		"policy":      {func(f *Form) { f.Policy = f.Policy[:len(f.Policy)-4] }, api.SignatureDoesNotMatch},
		"signature":   {func(f *Form) { f.Signature = "00" + f.Signature[2:] }, api.SignatureDoesNotMatch},
		"algorithm":   {func(f *Form) { f.Algorithm = "AWS4-HMAC-SHA1" }, api.InvalidArgument},
		"credential":  {func(f *Form) { f.Credential = exampleKey }, api.InvalidArgument},
		"region":      {func(f *Form) { f.Credential = exampleKey + "/20151229/eu-west-1/s3/aws4_request" }, api.InvalidArgument},
		"no key":      {func(f *Form) { f.Credential = "/20151229/us-east-1/s3/aws4_request" }, api.InvalidArgument},
		"unknown key": {func(f *Form) { f.Credential = "other/20151229/us-east-1/s3/aws4_request" }, api.InvalidAccessKeyID},
		"date":        {func(f *Form) { f.Date = "2015-12-29" }, api.InvalidArgument},
		"other date":  {func(f *Form) { f.Date = "20151230T000000Z" }, api.InvalidArgument},
		"token":       {func(f *Form) { f.Token = "token" }, api.InvalidToken},
	} {
		f := documentedForm()
		test.change(&f)
		if _, err := verifierAt(time.Now()).VerifyForm(f); err == nil || api.AsError(err).Code != test.code {
			t.Errorf("%s: got %v, want %s", name, err, test.code)
		}
	}
}
