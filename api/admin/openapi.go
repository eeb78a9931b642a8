package admin

import (
	"maps"
	"strings"

	"github.com/bleepstore/bleepstore/api/openapi"
)

// The tags of the document.
const (
	tagHealth         = "Health"
	tagAdministration = "Administration"
	tagDocumentation  = "Documentation"
)

// documentPath is where the document of this package is. It tells nothing of this server, so it is for everybody, as the
// program is, and so for the page /docs too, which has no key to sign with.
const documentPath = "/_/v1/openapi.json"

// descriptions say what each page and each route is for, by the patterns of http.ServeMux.
//
// Invariant: they describe all of Config.pages and Config.routes, and nothing else. A test checks it. The files of the page
// /docs, which are below it, are no pages of their own.
var descriptions = map[string]openapi.Operation{
	"GET /healthz": {
		ID: "GetLiveness", Tags: []string{tagHealth}, Summary: "Whether the process is up",
		Responses: map[string]*openapi.Response{"200": {Description: "It is."}},
	},
	"GET /readyz": {
		ID: "GetReadiness", Tags: []string{tagHealth}, Summary: "Whether S3 requests are served",
		Responses: map[string]*openapi.Response{
			"200": {Description: "They are."},
			"503": {Description: "They are not. `/health` says why."},
		},
	},
	"GET /health": {
		ID: "GetHealth", Tags: []string{tagHealth}, Summary: "How each part of the server is",
		Responses: map[string]*openapi.Response{
			"200": inJSON("All parts are well.", openapi.Ref("Health")),
			"503": inJSON("A part is not well.", openapi.Ref("Health")),
		},
	},
	"GET /openapi.json": {
		ID: "GetS3Document", Tags: []string{tagDocumentation}, Summary: "The OpenAPI document of the S3 requests",
		Responses: map[string]*openapi.Response{"200": inJSON("The document.", &openapi.Schema{Type: "object"})},
	},
	"GET " + documentPath: {
		ID: "GetAdministrationDocument", Tags: []string{tagDocumentation}, Summary: "This document",
		Responses: map[string]*openapi.Response{"200": inJSON("The document.", &openapi.Schema{Type: "object"})},
	},
	"GET /docs": {
		ID: "GetDocumentation", Tags: []string{tagDocumentation}, Summary: "A page that shows the OpenAPI documents",
		Responses: map[string]*openapi.Response{"200": {
			Description: "The page.", Content: openapi.Content{"text/html; charset=utf-8": {Schema: openapi.String()}},
		}},
	},

	"GET /_/v1/projections": {
		ID: "ListProjections", Tags: []string{tagAdministration}, Summary: "How the engines of the metadata are",
		Responses: map[string]*openapi.Response{"200": inJSON("The engines.", openapi.Ref("Projections"))},
	},
	"POST /_/v1/projections/{engine}/serve": {
		ID: "ServeProjection", Tags: []string{tagAdministration}, Summary: "Have another engine of the metadata serve",
		Description: "Until the next start, which goes by `metadata.engine` of the configuration.",
		Parameters: []openapi.Parameter{{
			Name: "engine", In: "path", Required: true, Description: "The engine's name.", Schema: openapi.String(),
		}},
		Responses: map[string]*openapi.Response{
			"200": inJSON("It serves. The engines.", openapi.Ref("Projections")),
			"404": inJSON("The server keeps no such engine up to date.", openapi.Ref("Error")),
			"409": inJSON("It cannot serve now; the message says why.", openapi.Ref("Error")),
		},
	},
}

// schemas are the forms of what descriptions tell.
var schemas = map[string]*openapi.Schema{
	"Health": openapi.Object(
		openapi.Always("status", status),
		openapi.Always("checks", openapi.Object(
			openapi.Always("metadata", openapi.Ref("Check")),
			openapi.Always("storage", openapi.Ref("Check")),
			openapi.Always("log", openapi.Ref("Check")),
			openapi.Always("archive", openapi.Ref("Check")),
		)),
		openapi.Always("projections", openapi.Array(openapi.Ref("Projection"))),
	),
	"Check": openapi.Object(
		openapi.Always("status", status),
		openapi.Always("latency_ms", openapi.Number().As("How long the check took, in milliseconds.")),
		openapi.Maybe("error", openapi.String().As("What is wrong.")),
	),
	"Projections": openapi.Object(openapi.Always("projections", openapi.Array(openapi.Ref("Projection")))),
	"Projection": openapi.Object(
		openapi.Always("engine", openapi.String()),
		openapi.Maybe("place", openapi.String().As("Where it keeps the metadata; only for administrators.")),
		openapi.Always("status", status),
		openapi.Always("serving", openapi.Boolean().As("It answers requests.")),
		openapi.Always("position", openapi.Integer().From(0).As("Sequence of the last commit of the log that it has applied.")),
		openapi.Always("behind", openapi.Integer().From(0).As("How many commits of the log it has not applied.")),
		openapi.Always("caught_up", openapi.Boolean().As("It has applied what the log held when it was opened.")),
		openapi.Maybe("error", openapi.String().As("What is wrong with it.")),
	),
	"Error": openapi.Object(openapi.Always("error", openapi.Object(
		openapi.Always("code", openapi.String()),
		openapi.Always("message", openapi.String()),
	))),
}

var status = openapi.OneOf(statusOK, statusError)

func inJSON(description string, s *openapi.Schema) *openapi.Response {
	return &openapi.Response{Description: description, Content: openapi.Content{"application/json": {Schema: s}}}
}

// document describes the pages and the routes.
func document() *openapi.Document {
	d := &openapi.Document{
		OpenAPI: openapi.Version,
		Info: openapi.Info{
			Title: "BleepStore Administration API", Version: "v1", License: openapi.Apache,
			Description: "What is below `/_/` is for administrators.",
		},
		Tags: []openapi.Tag{
			{Name: tagHealth, Description: "For load balancers and monitoring."},
			{Name: tagAdministration, Description: "For administrators."},
			{Name: tagDocumentation, Description: "What can be asked."},
		},
		Paths: make(map[string]openapi.Operations),
		Components: openapi.Components{
			Schemas: schemas,
			Responses: map[string]*openapi.Response{
				"Denied": inJSON("The request is not signed, or not by an administrator's key.", openapi.Ref("Error")),
			},
			SecuritySchemes: map[string]openapi.SecurityScheme{openapi.Signature: openapi.SignatureV4},
		},
	}
	for pattern, operation := range descriptions {
		method, path, _ := strings.Cut(pattern, " ")
		operation.Security = &[]openapi.Requirement{}
		if strings.HasPrefix(path, "/_/") && path != documentPath {
			operation.Security = &[]openapi.Requirement{{openapi.Signature: {}}}
			operation.Responses = maps.Clone(operation.Responses)
			operation.Responses["403"] = &openapi.Response{Ref: "#/components/responses/Denied"}
		}
		path = strings.ReplaceAll(path, "...}", "}") // documents know no parameter that has slashes
		if d.Paths[path] == nil {
			d.Paths[path] = make(openapi.Operations)
		}
		d.Paths[path][strings.ToLower(method)] = &operation
	}
	return d
}
