// Package openapi describes HTTP interfaces as OpenAPI documents, and serves those with a page that shows them.
//
// What there is to describe is known elsewhere: package s3 makes the document of S3's operations from its table of them,
// and package admin that of its own pages.
package openapi

// Version is that of the specification which documents keep to.
// See https://spec.openapis.org/oas/v3.1.1.html
const Version = "3.1.1"

// Document is an OpenAPI document, but for its servers: a Document is the same wherever it is served.
type Document struct {
	OpenAPI    string                `json:"openapi"` // Version
	Info       Info                  `json:"info"`
	Tags       []Tag                 `json:"tags,omitzero"`
	Security   []Requirement         `json:"security,omitzero"` // what operations need that say nothing else
	Paths      map[string]Operations `json:"paths"`
	Components Components            `json:"components,omitzero"`
}

// Info says what a document is about.
type Info struct {
	Title       string  `json:"title"`
	Description string  `json:"description,omitzero"` // in CommonMark
	Version     string  `json:"version"`
	License     License `json:"license"`
}

// License is that of the interface.
type License struct {
	Name       string `json:"name"`
	Identifier string `json:"identifier,omitzero"` // of SPDX
}

// Apache is the license of BleepStore.
var Apache = License{Name: "Apache License 2.0", Identifier: "Apache-2.0"}

// Tag is a group of operations.
type Tag struct {
	Name        string `json:"name"`
	Description string `json:"description,omitzero"`
}

// Requirement names a security scheme that is enough. The empty one allows requests without credentials.
type Requirement map[string][]string

// Operations are those of one path, by their methods in lower case.
type Operations map[string]*Operation

// Operation is what a request of a method to a path does.
type Operation struct {
	ID           string               `json:"operationId,omitzero"`
	Tags         []string             `json:"tags,omitzero"`
	Summary      string               `json:"summary,omitzero"`
	Description  string               `json:"description,omitzero"`
	ExternalDocs *ExternalDocs        `json:"externalDocs,omitzero"`
	Parameters   []Parameter          `json:"parameters,omitzero"`
	RequestBody  *Body                `json:"requestBody,omitzero"`
	Responses    map[string]*Response `json:"responses"`         // by their statuses
	Security     *[]Requirement       `json:"security,omitzero"` // in place of the document's
}

// ExternalDocs leads to more about something.
type ExternalDocs struct {
	URL string `json:"url"`
}

// Parameter is a part of a request beside its body. It either has a Ref and nothing else, or no Ref.
type Parameter struct {
	Ref         string  `json:"$ref,omitzero"`
	Name        string  `json:"name,omitzero"`
	In          string  `json:"in,omitzero"` // path, query or header
	Description string  `json:"description,omitzero"`
	Required    bool    `json:"required,omitzero"`
	Schema      *Schema `json:"schema,omitzero"`
}

// Body is that of a request.
type Body struct {
	Description string  `json:"description,omitzero"`
	Required    bool    `json:"required,omitzero"`
	Content     Content `json:"content"`
}

// Content is what a body holds, by media types.
type Content map[string]Media

// Media is what a body of a media type holds. Bytes have no Schema.
type Media struct {
	Schema *Schema `json:"schema,omitzero"`
}

// Response is an answer. It either has a Ref and nothing else, or a Description and no Ref.
type Response struct {
	Ref         string            `json:"$ref,omitzero"`
	Description string            `json:"description,omitzero"`
	Headers     map[string]Header `json:"headers,omitzero"`
	Content     Content           `json:"content,omitzero"`
}

// Header is one of an answer. It either has a Ref and nothing else, or no Ref.
type Header struct {
	Ref         string  `json:"$ref,omitzero"`
	Description string  `json:"description,omitzero"`
	Schema      *Schema `json:"schema,omitzero"`
}

// Components are what other parts of a document name by Refs.
type Components struct {
	Schemas         map[string]*Schema        `json:"schemas,omitzero"`
	Parameters      map[string]Parameter      `json:"parameters,omitzero"`
	Headers         map[string]Header         `json:"headers,omitzero"`
	Responses       map[string]*Response      `json:"responses,omitzero"`
	SecuritySchemes map[string]SecurityScheme `json:"securitySchemes,omitzero"`
}

// SecurityScheme is a way to show who sends a request.
type SecurityScheme struct {
	Type        string `json:"type"`
	Description string `json:"description,omitzero"`
	Name        string `json:"name,omitzero"`   // of the header, for type apiKey
	In          string `json:"in,omitzero"`     // for type apiKey
	Scheme      string `json:"scheme,omitzero"` // for type http
	// AuthType is how programs that know Amazon's API Gateway learn that requests are signed.
	AuthType string `json:"x-amazon-apigateway-authtype,omitzero"`
}

// Signature is the name of the security scheme of requests that are signed.
const Signature = "sigv4"

// SignatureV4 is the security scheme Signature.
var SignatureV4 = SecurityScheme{
	Type: "apiKey", In: "header", Name: "Authorization", AuthType: "awsSigv4",
	Description: "AWS Signature Version 4: `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`. " +
		"See https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html",
}
