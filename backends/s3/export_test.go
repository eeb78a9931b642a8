package s3

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
)

// Actions are the permissions that operations take.
var Actions = actions

// Direct returns the request for an object that is sent past the SDK, or nil, and a URL of the SDK that is signed.
func (b *Bucket) Direct(t *testing.T, name string) (direct *http.Request, url string) {
	t.Helper()
	input := &sdk.GetObjectInput{Bucket: &b.name, Key: &name, Range: aws.String("bytes=0-1")}
	if b.direct == nil {
		return nil, ""
	}
	direct, err := b.direct.request(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := sdk.NewPresignClient(b.client).PresignGetObject(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}
	return direct, signed.URL
}
