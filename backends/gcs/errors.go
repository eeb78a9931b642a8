package gcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"

	"github.com/bleepstore/bleepstore/backends"
)

const (
	// nameCredentials is what to do where there are no credentials.
	nameCredentials = "name a file of them in storage.gcs.credentials_file, set GOOGLE_APPLICATION_CREDENTIALS, or run: " +
		"gcloud auth application-default login"
	// checkCredentials is what to do where there are some.
	checkCredentials = "check storage.gcs.credentials_file, and the clock of this machine"
)

// explain says of an error what was being done where, of which kind it is, and what to do about it if that can be told.
func (b *Bucket) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	remedy, kind := b.judge(err)
	err = fmt.Errorf("%s in %v: %w", doing, b, err)
	if remedy != "" {
		err = fmt.Errorf("%w: %s", err, remedy)
	}
	if kind != nil && !errors.Is(err, kind) {
		err = fmt.Errorf("%w: %w", kind, err)
	}
	return err
}

// explainWrite explains an error of a request that creates an object: what it does not find is the bucket, or its upload.
func (b *Bucket) explainWrite(ctx context.Context, doing string, err error) error {
	if failedWith(err, http.StatusNotFound) || failedWith(err, http.StatusGone) {
		if probed := b.probe(ctx); probed != nil {
			err = probed
		} else {
			err = fmt.Errorf("%w: the service has forgotten the upload: %w", backends.ErrUnavailable, err)
		}
	}
	return b.explain(doing, err)
}

// judge returns what to do about an error, "" if that is not known, and of which kind it is, nil if of none that package
// backends knows. The service's own text is told, too.
//
// The codes are those of https://cloud.google.com/storage/docs/json_api/v1/status-codes.
func (b *Bucket) judge(err error) (remedy string, kind error) {
	for _, known := range []error{backends.ErrNotFound, backends.ErrChanged, context.Canceled} {
		if errors.Is(err, known) {
			return "", nil
		}
	}
	if errors.Is(err, storage.ErrBucketNotExist) {
		return fmt.Sprintf("create the bucket, with gcloud storage buckets create %v --location=LOCATION "+
			"--uniform-bucket-level-access, or correct storage.gcs.bucket", b), backends.ErrUnavailable
	}
	if errors.Is(err, storage.ErrObjectNotExist) {
		return "", backends.ErrNotFound
	}
	if answer, ok := errors.AsType[*googleapi.Error](err); ok {
		return b.judgeAnswer(answer)
	}
	if _, ok := errors.AsType[*auth.Error](err); ok {
		return "Google does not take the credentials: " + checkCredentials, backends.ErrUnavailable
	}
	if isNetworkError(err) {
		return "check the network between here and Google Cloud Storage, and https://status.cloud.google.com", backends.ErrUnavailable
	}
	return "", nil
}

func (b *Bucket) judgeAnswer(answer *googleapi.Error) (remedy string, kind error) {
	switch {
	case answer.Code == http.StatusTooManyRequests || hasReason(answer, "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"):
		remedy = "the load is above a quota of the project, or rose faster than the bucket grows, which may double every 20 minutes"
		return remedy, backends.ErrBusy
	case answer.Code == http.StatusUnauthorized:
		remedy = "Google does not take the credentials: " + checkCredentials
	case answer.Code == http.StatusForbidden && hasReason(answer, "retentionPolicyNotMet", "objectUnderActiveHold"):
		remedy = "a bucket of blobs must have no retention policy and no holds: remove them, or name another one in storage.gcs.bucket"
	case answer.Code == http.StatusForbidden:
		remedy = fmt.Sprintf("the account of storage.gcs.credentials_file needs the role roles/storage.objectUser: "+
			"gcloud storage buckets add-iam-policy-binding %v --member=serviceAccount:EMAIL --role=roles/storage.objectUser", b)
	case answer.Code == http.StatusBadRequest && strings.Contains(answer.Error(), "equester pays"):
		remedy = "a bucket of blobs cannot let requesters pay: name another one in storage.gcs.bucket"
	case answer.Code == http.StatusRequestTimeout || answer.Code >= http.StatusInternalServerError:
		remedy = "see https://status.cloud.google.com"
	default:
		return "", nil
	}
	return remedy, backends.ErrUnavailable
}

// hasReason tells whether an answer of the JSON API has one of some reasons.
func hasReason(answer *googleapi.Error, reasons ...string) bool {
	return slices.ContainsFunc(answer.Errors, func(item googleapi.ErrorItem) bool { return slices.Contains(reasons, item.Reason) })
}

// failedWith tells whether an error is an answer with a status code.
func failedWith(err error, code int) bool {
	answer, ok := errors.AsType[*googleapi.Error](err)
	return ok && answer.Code == code
}

// isNetworkError tells whether an error is of a service that was not reached, or did not go on.
func isNetworkError(err error) bool {
	_, fromClient := errors.AsType[*url.Error](err)
	_, fromNetwork := errors.AsType[net.Error](err)
	return fromClient || fromNetwork || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
