package api

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/projections"
)

// Code is one of S3's error codes.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
type Code string

// The codes that this server answers with. Status and message of each are in the table below.
const (
	ACLNotSupported                   Code = "AccessControlListNotSupported"
	ACLWithOwnership                  Code = "InvalidBucketAclWithObjectOwnership"
	AccessDenied                      Code = "AccessDenied"
	AccessForbidden                   Code = "AccessForbidden"
	AuthorizationHeaderMalformed      Code = "AuthorizationHeaderMalformed"
	AuthorizationQueryParametersError Code = "AuthorizationQueryParametersError"
	BadDigest                         Code = "BadDigest"
	BadRequest                        Code = "BadRequest"
	BucketAlreadyExists               Code = "BucketAlreadyExists"
	BucketAlreadyOwnedByYou           Code = "BucketAlreadyOwnedByYou"
	BucketNotEmpty                    Code = "BucketNotEmpty"
	EntityTooLarge                    Code = "EntityTooLarge"
	EntityTooSmall                    Code = "EntityTooSmall"
	IllegalLocationConstraint         Code = "IllegalLocationConstraintException"
	IllegalVersioning                 Code = "IllegalVersioningConfigurationException"
	IncompleteBody                    Code = "IncompleteBody"
	InternalError                     Code = "InternalError"
	InvalidAccessKeyID                Code = "InvalidAccessKeyId"
	InvalidArgument                   Code = "InvalidArgument"
	InvalidBucketName                 Code = "InvalidBucketName"
	InvalidDigest                     Code = "InvalidDigest"
	InvalidLocationConstraint         Code = "InvalidLocationConstraint"
	InvalidPart                       Code = "InvalidPart"
	InvalidPartNumber                 Code = "InvalidPartNumber"
	InvalidPartOrder                  Code = "InvalidPartOrder"
	InvalidPolicyDocument             Code = "InvalidPolicyDocument"
	InvalidRange                      Code = "InvalidRange"
	InvalidRedirectLocation           Code = "InvalidRedirectLocation"
	InvalidRequest                    Code = "InvalidRequest"
	InvalidStorageClass               Code = "InvalidStorageClass"
	InvalidTag                        Code = "InvalidTag"
	InvalidToken                      Code = "InvalidToken"
	InvalidURI                        Code = "InvalidURI"
	KeyTooLong                        Code = "KeyTooLongError"
	MalformedACL                      Code = "MalformedACLError"
	MalformedPOSTRequest              Code = "MalformedPOSTRequest"
	MalformedXML                      Code = "MalformedXML"
	MaxMessageLengthExceeded          Code = "MaxMessageLengthExceeded"
	MaxPostPreDataLengthExceeded      Code = "MaxPostPreDataLengthExceededError"
	MetadataTooLarge                  Code = "MetadataTooLarge"
	MethodNotAllowed                  Code = "MethodNotAllowed"
	MissingContentLength              Code = "MissingContentLength"
	MissingRequestBody                Code = "MissingRequestBodyError"
	MissingSecurityHeader             Code = "MissingSecurityHeader"
	NoSuchBucket                      Code = "NoSuchBucket"
	NoSuchKey                         Code = "NoSuchKey"
	NoSuchUpload                      Code = "NoSuchUpload"
	NoSuchVersion                     Code = "NoSuchVersion"
	NotImplemented                    Code = "NotImplemented"
	NotModified                       Code = "NotModified"
	PreconditionFailed                Code = "PreconditionFailed"
	RequestTimeTooSkewed              Code = "RequestTimeTooSkewed"
	RequestTimeout                    Code = "RequestTimeout"
	ServiceUnavailable                Code = "ServiceUnavailable"
	SignatureDoesNotMatch             Code = "SignatureDoesNotMatch"
	SlowDown                          Code = "SlowDown"
	InsufficientStorage               Code = "InsufficientStorage"
	UnexpectedContent                 Code = "UnexpectedContent"
	UnresolvableGrant                 Code = "UnresolvableGrantByEmailAddress"
	XAmzContentSHA256Mismatch         Code = "XAmzContentSHA256Mismatch"
	InvalidChunkSize                  Code = "InvalidChunkSizeError"
	MalformedTrailer                  Code = "MalformedTrailerError"
	NoSuchBucketPolicy                Code = "NoSuchBucketPolicy"
	NoSuchCORSConfiguration           Code = "NoSuchCORSConfiguration"
	NoSuchConfiguration               Code = "NoSuchConfiguration"
	NoSuchLifecycleConfiguration      Code = "NoSuchLifecycleConfiguration"
	NoSuchPublicAccessBlock           Code = "NoSuchPublicAccessBlockConfiguration"
	NoSuchTagSet                      Code = "NoSuchTagSet"
	NoSuchWebsiteConfiguration        Code = "NoSuchWebsiteConfiguration"
	ObjectLockConfigurationNotFound   Code = "ObjectLockConfigurationNotFoundError"
	OwnershipControlsNotFound         Code = "OwnershipControlsNotFoundError"
	ReplicationConfigurationNotFound  Code = "ReplicationConfigurationNotFoundError"
	EncryptionNotFound                Code = "ServerSideEncryptionConfigurationNotFoundError"
)

var codes = map[Code]struct {
	status  int
	message string
}{
	ACLNotSupported:                   {http.StatusBadRequest, "The bucket does not allow ACLs"},
	ACLWithOwnership:                  {http.StatusBadRequest, "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"},
	AccessDenied:                      {http.StatusForbidden, "Access Denied"},
	AccessForbidden:                   {http.StatusForbidden, "Access Forbidden"},
	AuthorizationHeaderMalformed:      {http.StatusBadRequest, "The authorization header that you provided is not valid."},
	AuthorizationQueryParametersError: {http.StatusBadRequest, "The authorization query parameters that you provided are not valid."},
	BadDigest:                         {http.StatusBadRequest, "The Content-MD5 or checksum value that you specified did not match what the server received."},
	BadRequest:                        {http.StatusBadRequest, "Bad Request"},
	BucketAlreadyExists:               {http.StatusConflict, "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."},
	BucketAlreadyOwnedByYou:           {http.StatusConflict, "Your previous request to create the named bucket succeeded and you already own it."},
	BucketNotEmpty:                    {http.StatusConflict, "The bucket you tried to delete is not empty."},
	EntityTooLarge:                    {http.StatusBadRequest, "Your proposed upload exceeds the maximum allowed object size."},
	EntityTooSmall:                    {http.StatusBadRequest, "Your proposed upload is smaller than the minimum allowed size."},
	IllegalLocationConstraint:         {http.StatusBadRequest, "The specified location constraint is incompatible for the region specific endpoint this request was sent to."},
	IllegalVersioning:                 {http.StatusBadRequest, "The versioning configuration specified in the request is invalid."},
	IncompleteBody:                    {http.StatusBadRequest, "You did not provide the number of bytes specified by the Content-Length HTTP header."},
	InternalError:                     {http.StatusInternalServerError, "We encountered an internal error. Please try again."},
	InvalidAccessKeyID:                {http.StatusForbidden, "The AWS access key ID that you provided does not exist in our records."},
	InvalidArgument:                   {http.StatusBadRequest, "Invalid Argument"},
	InvalidBucketName:                 {http.StatusBadRequest, "The specified bucket is not valid."},
	InvalidChunkSize:                  {http.StatusForbidden, "Only the last chunk is allowed to have a size less than 8192 bytes."},
	InvalidDigest:                     {http.StatusBadRequest, "The Content-MD5 or checksum value that you specified is not valid."},
	InvalidLocationConstraint:         {http.StatusBadRequest, "The specified location-constraint is not valid"},
	InvalidPart:                       {http.StatusBadRequest, "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."},
	InvalidPartNumber:                 {http.StatusRequestedRangeNotSatisfiable, "The requested partnumber is not satisfiable"},
	InvalidPartOrder:                  {http.StatusBadRequest, "The list of parts was not in ascending order. The parts list must be specified in order by part number."},
	InvalidPolicyDocument:             {http.StatusBadRequest, "The content of the form does not meet the conditions specified in the policy document."},
	InvalidRange:                      {http.StatusRequestedRangeNotSatisfiable, "The requested range is not satisfiable"},
	InvalidRedirectLocation:           {http.StatusBadRequest, "The website redirect location must have a prefix of 'http://' or 'https://' or '/'."},
	InvalidRequest:                    {http.StatusBadRequest, "Invalid Request"},
	InvalidStorageClass:               {http.StatusBadRequest, "The storage class you specified is not valid."},
	InvalidTag:                        {http.StatusBadRequest, "The tag provided was not a valid tag."},
	InvalidToken:                      {http.StatusBadRequest, "The provided token is malformed or otherwise not valid."},
	InvalidURI:                        {http.StatusBadRequest, "Couldn't parse the specified URI."},
	KeyTooLong:                        {http.StatusBadRequest, "Your key is too long."},
	MalformedTrailer:                  {http.StatusBadRequest, "The request contained trailing data that was not well-formed or did not conform to our published schema."},
	MalformedACL:                      {http.StatusBadRequest, "The XML you provided was not well-formed or did not validate against our published schema"},
	MalformedPOSTRequest:              {http.StatusBadRequest, "The body of your POST request is not well-formed multipart/form-data."},
	MalformedXML:                      {http.StatusBadRequest, "The XML you provided was not well-formed or did not validate against our published schema."},
	MaxMessageLengthExceeded:          {http.StatusBadRequest, "Your request was too big."},
	MaxPostPreDataLengthExceeded:      {http.StatusBadRequest, "Your POST request fields preceding the upload file were too large."},
	MetadataTooLarge:                  {http.StatusBadRequest, "Your metadata headers exceed the maximum allowed metadata size."},
	MethodNotAllowed:                  {http.StatusMethodNotAllowed, "The specified method is not allowed against this resource."},
	MissingContentLength:              {http.StatusLengthRequired, "You must provide the Content-Length HTTP header."},
	MissingRequestBody:                {http.StatusBadRequest, "Request body is empty."},
	MissingSecurityHeader:             {http.StatusBadRequest, "Your request was missing a required header"},
	NoSuchBucket:                      {http.StatusNotFound, "The specified bucket does not exist."},
	NoSuchKey:                         {http.StatusNotFound, "The specified key does not exist."},
	NoSuchUpload:                      {http.StatusNotFound, "The specified multipart upload does not exist. The upload ID might be invalid, or the multipart upload might have been aborted or completed."},
	NoSuchVersion:                     {http.StatusNotFound, "The version ID specified in the request does not match an existing version."},
	NotImplemented:                    {http.StatusNotImplemented, "A header or query parameter that you provided implies functionality that is not implemented."},
	NotModified:                       {http.StatusNotModified, "Not Modified"},
	PreconditionFailed:                {http.StatusPreconditionFailed, "At least one of the preconditions that you specified did not hold."},
	RequestTimeTooSkewed:              {http.StatusForbidden, "The difference between the request time and the server's time is too large."},
	RequestTimeout:                    {http.StatusBadRequest, "Your socket connection to the server was not read from or written to within the timeout period."},
	ServiceUnavailable:                {http.StatusServiceUnavailable, "Service is unable to handle request."},
	SignatureDoesNotMatch:             {http.StatusForbidden, "The request signature that the server calculated does not match the signature that you provided. Check your secret access key and signing method."},
	SlowDown:                          {http.StatusServiceUnavailable, "Please reduce your request rate."},
	InsufficientStorage:               {http.StatusInsufficientStorage, "There is no space left for what you sent."},
	UnexpectedContent:                 {http.StatusBadRequest, "This request does not support content"},
	UnresolvableGrant:                 {http.StatusBadRequest, "The e-mail address you provided does not match any account on record."},
	XAmzContentSHA256Mismatch:         {http.StatusBadRequest, "The provided 'x-amz-content-sha256' header does not match what was computed."},
	NoSuchBucketPolicy:                {http.StatusNotFound, "The bucket policy does not exist."},
	NoSuchCORSConfiguration:           {http.StatusNotFound, "The CORS configuration does not exist."},
	NoSuchConfiguration:               {http.StatusNotFound, "The specified configuration does not exist."},
	NoSuchLifecycleConfiguration:      {http.StatusNotFound, "The lifecycle configuration does not exist."},
	NoSuchPublicAccessBlock:           {http.StatusNotFound, "The public access block configuration was not found."},
	NoSuchTagSet:                      {http.StatusNotFound, "The TagSet does not exist."},
	NoSuchWebsiteConfiguration:        {http.StatusNotFound, "The specified bucket does not have a website configuration."},
	ObjectLockConfigurationNotFound:   {http.StatusNotFound, "Object Lock configuration does not exist for this bucket."},
	OwnershipControlsNotFound:         {http.StatusNotFound, "The bucket ownership controls were not found."},
	ReplicationConfigurationNotFound:  {http.StatusNotFound, "The replication configuration was not found."},
	EncryptionNotFound:                {http.StatusNotFound, "The server side encryption configuration was not found."},
}

func (c Code) message() string { return codes[c].message }

// Status is the HTTP status that goes with the code.
func (c Code) Status() int { return codes[c].status }

// Error is a request that was refused or failed, in S3's terms.
type Error struct {
	Code    Code
	Message string
	// Details are further elements of the answer, such as the ArgumentName of InvalidArgument, in their order.
	Details []Detail
	// Object is the object of a NotModified answer, which carries its ETag and dates.
	Object *projections.Object
	// Marker is the delete marker that a NoSuchKey or a MethodNotAllowed came of.
	Marker *Marker
	// Cause is what went wrong inside, for the server's own log; clients don't see it.
	Cause error
}

// Marker is a delete marker, as far as an answer tells of it.
type Marker struct {
	VersionID string
	Modified  time.Time // zero where it is not told
}

// Detail is one named element of an Error's answer.
type Detail struct{ Name, Value string }

// NewError makes an error of a code with its usual message.
func NewError(code Code, details ...Detail) *Error {
	return &Error{Code: code, Message: code.message(), Details: details}
}

// Errorf makes an error of a code with a message of its own.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// InvalidArgumentf makes an InvalidArgument error that names the argument and its value.
func InvalidArgumentf(name, value, format string, args ...any) *Error {
	return &Error{
		Code:    InvalidArgument,
		Message: fmt.Sprintf(format, args...),
		Details: []Detail{{"ArgumentName", name}, {"ArgumentValue", value}},
	}
}

// Internal makes an InternalError for a cause that is the server's fault.
func Internal(cause error) *Error {
	return &Error{Code: InternalError, Message: InternalError.message(), Cause: cause}
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %v", e.Code, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// AsError finds the Error in err's chain. That metadata or blobs cannot be reached now is a ServiceUnavailable, that there is
// too much to do for where the blobs are a SlowDown, and any other error is an internal one.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	switch {
	case errors.Is(err, projections.ErrUnavailable), errors.Is(err, backends.ErrUnavailable):
		return unavailable(err)
	case errors.Is(err, backends.ErrBusy):
		return slowDown(err)
	}
	return Internal(err)
}
