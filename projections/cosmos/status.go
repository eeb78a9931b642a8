package cosmos

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// Statuses and sub-statuses of the service that package http doesn't know.
const (
	noStatus        = 0   // of an error that is not the service's
	statusRetryWith = 449 // another change to the same item was under way

	subReadSessionNotAvailable = "1002" // of 404: no replica has what the session tokens say yet
	subOwnerNotFound           = "1003" // of 404: it is the container or the database that is not there
	subBeingCreated            = "1013" // of 404: the container is being created
	subPartitionFull           = "1014" // of 403: a logical partition is at its limit
)

// batchError says that a batch was undone because one of its operations failed.
type batchError struct{ status int }

func (e *batchError) Error() string {
	return fmt.Sprintf("%d %s of an operation in a batch", e.status, http.StatusText(e.status))
}

// status returns the status of the response that an error is, or of the operation that made a batch fail.
func status(err error) int {
	var batch *batchError
	if errors.As(err, &batch) {
		return batch.status
	}
	if r := refusal(err); r != nil {
		return r.StatusCode
	}
	return noStatus
}

func subStatus(err error) string {
	return headerOf(err, "x-ms-substatus")
}

// headerOf returns a header of the response that an error is.
func headerOf(err error, name string) string {
	if r := refusal(err); r != nil && r.RawResponse != nil {
		return r.RawResponse.Header.Get(name)
	}
	return ""
}

// refusal returns the response that an error is, or nil.
func refusal(err error) *azcore.ResponseError {
	var r *azcore.ResponseError
	errors.As(err, &r)
	return r
}

// isAbsent tells whether an error says that an item is not there, and nothing else.
func isAbsent(err error) bool {
	sub := subStatus(err)
	return status(err) == http.StatusNotFound && (sub == "" || sub == "0")
}

// unlessAbsent passes over the error that says that an item is not there.
func unlessAbsent(err error) error {
	if isAbsent(err) {
		return nil
	}
	return err
}
