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
)

// explain adds to an error of the SDK what was being done, what it is to callers, and what to do about it. Nil stays nil.
func (b *Bucket) explain(err error, doing string) error {
	if err == nil {
		return nil
	}
	kind, remedy := b.judge(err)
	if remedy != "" {
		err = fmt.Errorf("%s: %w", remedy, err)
	}
	if kind != nil {
		err = fmt.Errorf("%w: %w", kind, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// judge returns which error of package backends an error is, if it is one, and what is wrong and what to do, as far as it tells.
func (b *Bucket) judge(err error) (kind error, remedy string) {
	var noCredentials *credentialsError
	var answer smithy.APIError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return nil, ""
	case errors.As(err, &noCredentials):
		return backends.ErrUnavailable, "no credentials: set storage.s3.access_key and storage.s3.secret_key, or provide what " +
			"the AWS SDK looks for"
	case b.isElsewhere(err) != "":
		return backends.ErrUnavailable, fmt.Sprintf("bucket %s is in region %[2]s: set storage.s3.region to %[2]s", b.name, b.isElsewhere(err))
	case statusOf(err) == http.StatusTooManyRequests:
		return backends.ErrBusy, "the service asks for fewer requests"
	case errors.As(err, &answer):
		return b.judgeAnswer(answer, err)
	}
	return backends.ErrUnavailable, "no answer of S3: check the network, storage.s3.region and storage.s3.endpoint"
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
func (b *Bucket) judgeAnswer(answer smithy.APIError, err error) (kind error, remedy string) {
	switch answer.ErrorCode() {
	case "NoSuchKey":
		return backends.ErrNotFound, ""
	case "PreconditionFailed":
		return backends.ErrChanged, ""
	case "InvalidRange", "RequestedRangeNotSatisfiable":
		return nil, ""
	case "NoSuchBucket", "NotFound": // the latter of an object is known before
		return backends.ErrUnavailable, b.missing()
	case "InvalidBucketName":
		return backends.ErrUnavailable, fmt.Sprintf("%q is no name of a bucket: set storage.s3.bucket", b.name)
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurity":
		return backends.ErrUnavailable, "wrong credentials: check storage.s3.access_key and storage.s3.secret_key"
	case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
		return backends.ErrUnavailable, "the credentials have expired: renew them"
	case "RequestTimeTooSkewed":
		return backends.ErrUnavailable, "the clock is wrong: set it"
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "MovedPermanently", "IllegalLocationConstraintException":
		return backends.ErrUnavailable, fmt.Sprintf("bucket %s is not in %s: check storage.s3.region and storage.s3.endpoint", b.name, b.region())
	case "InvalidObjectState":
		return backends.ErrUnavailable, "the object is in an archive: restore it, and let no lifecycle rule of the bucket move objects there"
	case "AccessDenied", "Forbidden", "AllAccessDisabled", "AccountProblem":
		return backends.ErrUnavailable, denied(err)
	case "NoSuchUpload":
		return backends.ErrUnavailable, "the upload is gone: let no lifecycle rule of the bucket abort uploads of less than a day"
	case "QuotaExceeded", "XMinioStorageFull", "InsufficientStorage":
		return backends.ErrNoSpace, ""
	case "SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException", "RequestLimitExceeded",
		"TooManyRequests", "TooManyRequestsException", "BandwidthLimitExceeded":
		return backends.ErrBusy, "the service asks for fewer requests"
	default:
		return backends.ErrUnavailable, ""
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
