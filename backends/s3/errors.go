package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/amazon"
)

// explain adds to an error of the SDK what was being done, what it is to callers, and what to do about it. Nil stays nil.
func (b *Bucket) explain(err error, doing string) error {
	if err == nil {
		return nil
	}
	remedy, kind := b.judge(err)
	if remedy != "" {
		err = fmt.Errorf("%s: %w", remedy, err)
	}
	if kind != nil {
		err = fmt.Errorf("%w: %w", kind, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// judge returns what is wrong and what to do, as far as an error tells, and which error of package backends it is, if it is one.
func (b *Bucket) judge(err error) (remedy string, kind error) {
	var noCredentials *amazon.CredentialsError
	var answer smithy.APIError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "", nil
	case errors.As(err, &noCredentials):
		return "no credentials: set storage.s3.access_key and storage.s3.secret_key, or provide what the AWS SDK looks for",
			backends.ErrUnavailable
	case b.isElsewhere(err) != "":
		return fmt.Sprintf("bucket %s is in region %[2]s: set storage.s3.region to %[2]s", b.name, b.isElsewhere(err)), backends.ErrUnavailable
	case statusOf(err) == http.StatusTooManyRequests:
		return "the service asks for fewer requests", backends.ErrBusy
	case errors.As(err, &answer):
		return b.judgeAnswer(answer, err)
	}
	return "no answer of S3: check the network, storage.s3.region and storage.s3.endpoint", backends.ErrUnavailable
}

// isElsewhere returns the region of the bucket, if an answer tells that it is another one than that of requests.
func (b *Bucket) isElsewhere(err error) string {
	var answer interface{ HTTPResponse() *smithyhttp.Response }
	if !errors.As(err, &answer) || answer.HTTPResponse() == nil {
		return ""
	}
	region := answer.HTTPResponse().Header.Get("x-amz-bucket-region")
	if region == b.region() {
		return ""
	}
	return region
}

// judgeAnswer is judge for an error that the service has answered. Answers without a body have the text of their status as a
// code. See https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
func (b *Bucket) judgeAnswer(answer smithy.APIError, err error) (remedy string, kind error) {
	switch answer.ErrorCode() {
	case "NoSuchKey":
		return "", backends.ErrNotFound
	case "PreconditionFailed":
		return "", backends.ErrChanged
	case "InvalidRange", "RequestedRangeNotSatisfiable":
		return "", nil
	case "NoSuchBucket", "NotFound": // the latter of an object is known before
		return b.missing(), backends.ErrUnavailable
	case "InvalidBucketName":
		return fmt.Sprintf("%q is no name of a bucket: set storage.s3.bucket", b.name), backends.ErrUnavailable
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurity":
		return "wrong credentials: check storage.s3.access_key and storage.s3.secret_key", backends.ErrUnavailable
	case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
		return "the credentials have expired: renew them", backends.ErrUnavailable
	case "RequestTimeTooSkewed":
		return "the clock is wrong: set it", backends.ErrUnavailable
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "MovedPermanently", "IllegalLocationConstraintException":
		return fmt.Sprintf("bucket %s is not in %s: check storage.s3.region and storage.s3.endpoint", b.name, b.region()), backends.ErrUnavailable
	case "InvalidObjectState":
		return "the object is in an archive: restore it, and let no lifecycle rule of the bucket move objects there", backends.ErrUnavailable
	case "AccessDenied", "Forbidden", "AllAccessDisabled", "AccountProblem":
		return denied(err), backends.ErrUnavailable
	case "NoSuchUpload":
		return "the upload is gone: let no lifecycle rule of the bucket abort uploads of less than a day", backends.ErrUnavailable
	case "QuotaExceeded", "XMinioStorageFull", "InsufficientStorage":
		return "", backends.ErrNoSpace
	case "SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException", "RequestLimitExceeded",
		"TooManyRequests", "TooManyRequestsException", "BandwidthLimitExceeded":
		return "the service asks for fewer requests", backends.ErrBusy
	default:
		return "", backends.ErrUnavailable
	}
}

func (b *Bucket) missing() string {
	return fmt.Sprintf("there is no bucket %s: create it, or check storage.s3.bucket and storage.s3.endpoint", b.name)
}

// region is the one of requests.
func (b *Bucket) region() string { return b.client.Options().Region }

// actions are the permissions that operations take.
var actions = map[string]string{
	"HeadBucket": "s3:ListBucket", "ListObjectsV2": "s3:ListBucket",
	"HeadObject": "s3:GetObject", "GetObject": "s3:GetObject",
	"PutObject": "s3:PutObject", "CreateMultipartUpload": "s3:PutObject", "UploadPart": "s3:PutObject",
	"CompleteMultipartUpload": "s3:PutObject", "AbortMultipartUpload": "s3:AbortMultipartUpload",
	"DeleteObject": "s3:DeleteObject", "DeleteObjects": "s3:DeleteObject",
}

func denied(err error) string {
	var operation *smithy.OperationError
	if !errors.As(err, &operation) {
		return "access denied"
	}
	return "access denied: check storage.s3.access_key and storage.s3.secret_key, and allow their owner " + actions[operation.Operation()]
}

// statusOf returns the status of an answer that is an error, or 0.
func statusOf(err error) int {
	var answer interface{ HTTPStatusCode() int }
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}

// isCode tells whether an error is an answer with one of some codes.
func isCode(err error, codes ...string) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && slices.Contains(codes, answer.ErrorCode())
}

// isChangedOnItsWay tells whether a service has got another body than the one that was sent.
func isChangedOnItsWay(err error) bool {
	return isCode(err, "BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch")
}
