package s3

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/auth"
	"github.com/aws/smithy-go/encoding/httpbinding"
	smithytime "github.com/aws/smithy-go/time"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// direct signs and reads by itself what the SDK passes through dozens of layers, which take more CPU time than all else about a
// small read.
type direct struct {
	url             string // of the bucket
	service, region string // of signatures
	credentials     aws.CredentialsProvider
	signer          *v4.Signer
}

// newDirect returns nil for buckets whose requests take more than a signature of version 4, and for settings of which the SDK will
// say what is wrong with them.
func newDirect(ctx context.Context, o sdk.Options, bucket string) *direct {
	endpoint, err := o.EndpointResolverV2.ResolveEndpoint(ctx, sdk.EndpointParameters{
		Bucket: &bucket, Region: &o.Region, Endpoint: o.BaseEndpoint, ForcePathStyle: &o.UsePathStyle,
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
		UseArnRegion: &o.UseARNRegion, DisableMultiRegionAccessPoints: &o.DisableMultiRegionAccessPoints,
	})
	schemes, _ := auth.GetAuthOptions(&endpoint.Properties) // named as in the rules of S3's endpoints, not by package auth
	if err != nil || len(endpoint.Headers) > 0 || len(schemes) != 1 || schemes[0].SchemeID != "sigv4" ||
		strings.Contains(o.Region, "fips") { // which is no region, but the SDK makes one of it
		return nil
	}
	service, _ := smithyhttp.GetSigV4SigningName(&schemes[0].SignerProperties)
	region, _ := smithyhttp.GetSigV4SigningRegion(&schemes[0].SignerProperties)
	return &direct{
		url: strings.TrimSuffix(endpoint.URI.String(), "/"), service: service, region: region, credentials: o.Credentials,
		signer: v4.NewSigner(func(s *v4.SignerOptions) { s.DisableURIPathEscaping = true }),
	}
}

// getObject is the SDK's GetObject, for less. The SDK does whatever does not succeed at once, so that its errors and its
// repetitions are those of all other requests.
func (b *Bucket) getObject(ctx context.Context, input *sdk.GetObjectInput) (*sdk.GetObjectOutput, error) {
	if b.direct == nil {
		return b.client.GetObject(ctx, input)
	}
	request, err := b.direct.request(ctx, input)
	if err != nil {
		return b.client.GetObject(ctx, input)
	}
	response, err := b.http.Do(request)
	switch {
	case err != nil:
	case isRefusal(response.StatusCode): // the SDK may know better: it corrects a wrong clock, for one
		_ = response.Body.Close() // it is not read
		return b.client.GetObject(ctx, input)
	default:
		if output, err := outputOf(response); err == nil {
			return output, nil
		}
	}
	known := &replay{HTTPClient: b.http, response: response, err: err}
	defer known.drop()
	return b.client.GetObject(ctx, input, func(o *sdk.Options) { o.HTTPClient = known })
}

// isRefusal tells whether a service does not take a request as it is: from this place, at this time, with this signature.
func isRefusal(status int) bool {
	return status >= 300 && status < 500 && status != http.StatusNotFound && status != http.StatusPreconditionFailed &&
		status != http.StatusRequestedRangeNotSatisfiable && status != http.StatusTooManyRequests
}

// emptyHash is the SHA-256 of no bytes.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// request is what the SDK would send, but for what names the SDK.
func (d *direct) request(ctx context.Context, input *sdk.GetObjectInput) (*http.Request, error) {
	keys, err := d.credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+"/"+httpbinding.EscapePath(*input.Key, false), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept-Encoding", "identity")
	r.Header.Set("Range", *input.Range)
	if input.IfMatch != nil {
		r.Header.Set("If-Match", *input.IfMatch)
	}
	r.Header.Set("X-Amz-Content-Sha256", emptyHash)
	return r, d.signer.SignHTTP(ctx, keys, r, emptyHash, d.service, d.region, time.Now())
}

// outputOf reads what Get needs from an answer.
func outputOf(r *http.Response) (*sdk.GetObjectOutput, error) {
	if r.StatusCode != http.StatusOK && r.StatusCode != http.StatusPartialContent || r.ContentLength < 0 {
		return nil, errors.New("no plain success")
	}
	modified, err := smithytime.ParseHTTPDate(r.Header.Get("Last-Modified"))
	if err != nil {
		return nil, err
	}
	header := func(name string) *string { return optional(r.Header.Get(name)) }
	output := &sdk.GetObjectOutput{
		Body: r.Body, ContentLength: &r.ContentLength, ContentRange: header("Content-Range"), LastModified: &modified,
		ETag: header("ETag"), ContentType: header("Content-Type"), ContentEncoding: header("Content-Encoding"),
		ContentLanguage: header("Content-Language"), ContentDisposition: header("Content-Disposition"),
		CacheControl: header("Cache-Control"), ExpiresString: header("Expires"),
		StorageClass: types.StorageClass(r.Header.Get("X-Amz-Storage-Class")), Metadata: make(map[string]string),
	}
	for name, values := range r.Header {
		if name, ok := strings.CutPrefix(name, "X-Amz-Meta-"); ok {
			output.Metadata[strings.ToLower(name)] = values[0]
		}
	}
	return output, nil
}

// replay gives the SDK an answer that is there already, or the error in its place, for its first request.
type replay struct {
	sdk.HTTPClient
	response *http.Response
	err      error
}

func (p *replay) Do(r *http.Request) (*http.Response, error) {
	response, err := p.response, p.err
	if p.response, p.err = nil, nil; response == nil && err == nil {
		return p.HTTPClient.Do(r)
	}
	return response, err
}

// drop closes an answer that the SDK did not come to ask for.
func (p *replay) drop() {
	if p.response != nil {
		_ = p.response.Body.Close() // it is not read
	}
}
