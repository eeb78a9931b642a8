package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/bleepstore/bleepstore/internal/amazon"
)

// errUnprocessed says that DynamoDB has put off the items of a batch again and again.
var errUnprocessed = errors.New("the items of a batch were left unprocessed")

// explain adds to an error which table it is about, and what to do about it. Nil stays nil.
func (t *Table) explain(err error) error {
	if err == nil {
		return nil
	}
	if remedy := remedy(err); remedy != "" {
		return fmt.Errorf("DynamoDB table %q %s: %s: %w", t.name, t.place, remedy, err)
	}
	return fmt.Errorf("DynamoDB table %q %s: %w", t.name, t.place, err)
}

const throttled = "throttled: raise the capacity of the table, or the limits of the account"

// remedy returns what is wrong and what to do, as far as an error tells.
func remedy(err error) string {
	var noCredentials *amazon.CredentialsError
	var answer smithy.APIError
	var unanswered *smithyhttp.RequestSendError
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case errors.Is(err, errUnprocessed):
		return throttled
	case errors.As(err, &noCredentials):
		return "no credentials: set an access key and a secret key, or provide what the AWS SDK looks for"
	case errors.As(err, &answer):
		return remedyOf(answer, err)
	case errors.As(err, &unanswered), errors.Is(err, context.DeadlineExceeded):
		return "no answer: check the network, the region and the endpoint"
	}
	return ""
}

// remedyOf is remedy for an error that the service has answered.
// See https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
func remedyOf(answer smithy.APIError, err error) string {
	switch answer.ErrorCode() {
	case "UnrecognizedClientException", "InvalidSignatureException", "IncompleteSignatureException",
		"MissingAuthenticationTokenException", "InvalidClientTokenId":
		return "wrong credentials: check the access key, the secret key and the clock"
	case "ExpiredTokenException", "ExpiredToken":
		return "the credentials have expired: renew them"
	case "AccessDeniedException":
		var operation *smithy.OperationError
		if errors.As(err, &operation) {
			return "access denied: allow dynamodb:" + operation.Operation() + " on the table"
		}
	case "ResourceNotFoundException":
		return "the table is gone: restart, so that it is created and filled from the log"
	case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded":
		return throttled
	case "ValidationException":
		if strings.Contains(answer.ErrorMessage(), "Item size") {
			return "the row is larger than an item can be, 400 KB"
		}
	}
	return ""
}
