package s3

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/openapi"
)

// description is what the table of operations does not say of an operation, for the OpenAPI document.
type description struct {
	summary string
	// parameters are names of described parameters and headers, beside those that select the operation. One with "!" behind
	// it must be there.
	parameters string
	body       *openapi.Body
	status     int            // of an answer that is no error; 0 where all answers are
	headers    string         // names of described headers of that answer
	answer     string         // the schema of its document, or octets; empty for no body
	also       map[int]string // other such statuses, with the schema of their document where it is another
	errors     []api.Code     // beside those that are common
}

// octets stands for the bytes of an object, in the place of a schema.
const octets = "octets"

// The tags of the document.
const (
	tagBucket    = "Bucket"
	tagObject    = "Object"
	tagMultipart = "MultipartUpload"
)

// descriptionsByTag describe the operations, by their names. A test checks that they describe all of them and nothing else.
var descriptionsByTag = map[string]map[string]description{
	tagBucket: bucketDescriptions, tagObject: objectDescriptions, tagMultipart: multipartDescriptions,
}

// OpenAPI describes the operations.
//
// What selects an operation beside method and path stands behind the path as a fragment: "/{Bucket}#acl". OpenAPI has one
// operation for a method of a path, and S3 many, which differ by a parameter or a header. A fragment keeps their paths
// apart, as the OpenAPI form of Amazon's own description does, and is never sent, so a client that takes the path for what
// it is sends the right one. A query in the path would be what OpenAPI rules out. The parameter or header itself is a
// required parameter of the operation.
func OpenAPI() *openapi.Document {
	d := &openapi.Document{
		OpenAPI: openapi.Version,
		Info: openapi.Info{
			Title: "BleepStore S3-Compatible API", Version: "2006-03-01", License: openapi.Apache,
			Description: "The requests of Amazon S3 that BleepStore answers. " +
				"Where several have the same method and path, the fragment behind the path is no part of what is sent: " +
				"it names the parameter or header that selects one. A `Key` can have slashes in it, which are sent as they are.",
		},
		Tags: []openapi.Tag{
			{Name: tagBucket, Description: "Buckets and their configurations."},
			{Name: tagObject, Description: "Objects and their versions."},
			{Name: tagMultipart, Description: "Uploads of objects in parts."},
		},
		Security: []openapi.Requirement{{openapi.Signature: {}}, {}},
		Paths:    make(map[string]openapi.Operations),
		Components: openapi.Components{
			Schemas:         schemas,
			Parameters:      parameters,
			Headers:         responseHeaders,
			SecuritySchemes: map[string]openapi.SecurityScheme{openapi.Signature: openapi.SignatureV4},
		},
	}
	for i := range operations {
		op := &operations[i]
		path := op.documentPath()
		if d.Paths[path] == nil {
			d.Paths[path] = make(openapi.Operations)
		}
		d.Paths[path][strings.ToLower(op.method)] = op.document()
	}
	return d
}

// documentPath is the path of the operation in the document, by which, with its method, it is told from all others.
func (op *operation) documentPath() string {
	path := [...]string{"/", "/{Bucket}", "/{Bucket}/{Key}"}[op.level]
	selectors := strings.Trim(op.resource+"&"+strings.ToLower(op.header), "&")
	if selectors != "" {
		path += "#" + selectors
	}
	return path
}

// documentID is the name of the operation, made unique: S3 has one name for preflights, to buckets and to objects.
func (op *operation) documentID() string {
	if op.name == "OptionsObject" && op.level == bucketLevel {
		return "OptionsBucket"
	}
	return op.name
}

// describe finds what describes an operation, and its tag.
func (op *operation) describe() (description, string) {
	for tag, descriptions := range descriptionsByTag {
		if d, ok := descriptions[op.documentID()]; ok {
			return d, tag
		}
	}
	panic("no description of " + op.documentID()) // a test sees to it
}

func (op *operation) document() *openapi.Operation {
	d, tag := op.describe()
	o := &openapi.Operation{
		ID: op.documentID(), Tags: []string{tag}, Summary: d.summary,
		Parameters: op.documentParameters(d), RequestBody: d.body, Responses: op.documentErrors(d),
	}
	if op.method == http.MethodOptions {
		o.Security = &[]openapi.Requirement{{}}
	}
	success := &openapi.Response{Description: "Success."}
	for name := range strings.FieldsSeq(d.headers) {
		if success.Headers == nil {
			success.Headers = make(map[string]openapi.Header)
		}
		success.Headers[name] = openapi.Header{Ref: "#/components/headers/" + componentName(name)}
	}
	switch d.answer {
	case "":
	case octets:
		success.Content = openapi.Content{"*/*": {}}
	default:
		success.Content = openapi.Content{"application/xml": {Schema: openapi.Ref(d.answer)}}
	}
	if d.status != 0 {
		o.Responses[strconv.Itoa(d.status)] = success
	}
	for status, schema := range d.also {
		other := &openapi.Response{Description: http.StatusText(status) + ".", Headers: success.Headers, Content: success.Content}
		if schema != "" {
			other.Content = openapi.Content{"application/xml": {Schema: openapi.Ref(schema)}}
		}
		o.Responses[strconv.Itoa(status)] = other
	}
	return o
}

// documentParameters are the path, what selects the operation, and the other parameters.
func (op *operation) documentParameters(d description) []openapi.Parameter {
	var list []openapi.Parameter
	refer := func(name string) {
		name, required := strings.CutSuffix(name, "!")
		parameter, ok := parameters[componentName(name)]
		if !ok {
			panic(fmt.Sprintf("%s has the parameter %s, which is not described", op.name, name)) // a test sees to it
		}
		if required {
			parameter.Required = true
			list = append(list, parameter)
		} else {
			list = append(list, openapi.Parameter{Ref: "#/components/parameters/" + componentName(name)})
		}
	}
	for _, name := range []string{"Bucket", "Key"}[:op.level] {
		refer(name)
	}
	_, described := parameters[op.resource]
	switch {
	case op.resource == "":
	case described:
		refer(op.resource + "!")
	default:
		// Whatever its value, the parameter selects the operation. Generated clients need one.
		list = append(list, openapi.Parameter{
			Name: op.resource, In: "query", Required: true, Schema: &openapi.Schema{Type: "boolean", Enum: []any{true}},
		})
	}
	if op.header != "" {
		refer(strings.ToLower(op.header) + "!")
	}
	if op.level != serviceLevel && op.method != http.MethodOptions {
		refer("x-amz-expected-bucket-owner")
	}
	for name := range strings.FieldsSeq(d.parameters) {
		refer(name)
	}
	return list
}

// documentErrors are the answers that are errors, with their codes, by their statuses.
func (op *operation) documentErrors(d description) map[string]*openapi.Response {
	codes := slices.Concat(commonErrors, d.errors)
	if op.level != serviceLevel && op.documentID() != "CreateBucket" {
		codes = append(codes, api.NoSuchBucket)
	}
	if d.body != nil {
		codes = append(codes, bodyErrors...)
	}
	slices.Sort(codes)
	byStatus := make(map[string][]string)
	for _, code := range slices.Compact(codes) {
		status := strconv.Itoa(code.Status())
		byStatus[status] = append(byStatus[status], string(code))
	}
	answers := make(map[string]*openapi.Response)
	for status, names := range byStatus {
		answer := &openapi.Response{Description: strings.Join(names, ", ")}
		if op.method != http.MethodHead && status != strconv.Itoa(http.StatusNotModified) {
			answer.Content = openapi.Content{"application/xml": {Schema: openapi.Ref("Error")}}
		}
		answers[status] = answer
	}
	return answers
}

// commonErrors are those that every request can be answered with.
var commonErrors = []api.Code{
	api.AccessDenied, api.AuthorizationHeaderMalformed, api.AuthorizationQueryParametersError, api.BadRequest,
	api.InternalError, api.InvalidAccessKeyID, api.InvalidArgument, api.InvalidRequest, api.InvalidToken, api.InvalidURI,
	api.MissingSecurityHeader, api.NotImplemented, api.RequestTimeTooSkewed, api.RequestTimeout, api.ServiceUnavailable,
	api.SignatureDoesNotMatch, api.SlowDown, api.XAmzContentSHA256Mismatch,
}

// bodyErrors are those that requests with a body can be answered with.
var bodyErrors = []api.Code{
	api.BadDigest, api.EntityTooLarge, api.IncompleteBody, api.InvalidChunkSize, api.InvalidDigest, api.InsufficientStorage,
	api.MalformedTrailer, api.MissingContentLength,
}

// componentName is the name of a parameter or a header among the components, which can't have all of its characters.
func componentName(name string) string { return strings.TrimSuffix(name, "-*") }

// xmlBody is a body that is a document.
func xmlBody(schema string) *openapi.Body {
	return &openapi.Body{Required: true, Content: openapi.Content{"application/xml": {Schema: openapi.Ref(schema)}}}
}

// optionalXMLBody is a body that is a document or empty.
func optionalXMLBody(schema string) *openapi.Body {
	b := xmlBody(schema)
	b.Required = false
	return b
}

// octetsBody is a body that is the bytes of an object or of a part.
func octetsBody() *openapi.Body { return &openapi.Body{Content: openapi.Content{"*/*": {}}} }

// merged joins maps that have no key in common.
func merged[V any](all ...map[string]V) map[string]V {
	m := make(map[string]V)
	for _, one := range all {
		maps.Copy(m, one)
	}
	return m
}
