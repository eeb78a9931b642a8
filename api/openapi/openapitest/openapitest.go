// Package openapitest checks OpenAPI documents.
package openapitest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/errors"

	"github.com/bleepstore/bleepstore/api/openapi"
)

// Validator knows a document that is valid.
type Validator struct{ validator.Validator }

// Valid fails the test unless a document, as it is served, is as the specification has it.
func Valid(t testing.TB, d *openapi.Document) Validator {
	t.Helper()
	served := httptest.NewRecorder()
	openapi.Handler(d)(served, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:9000/openapi.json", nil))
	return ValidText(t, served.Body.Bytes())
}

// ValidText fails the test unless the text is that of a document that is as the specification has it.
func ValidText(t testing.TB, text []byte) Validator {
	t.Helper()
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	// The model resolves what refers to other parts.
	if _, err := document.BuildV3Model(); err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(document)
	for _, err := range errs {
		t.Fatal(err)
	}
	_, invalid := v.ValidateDocument()
	report(t, "the document", invalid)
	return Validator{v}
}

// Answer fails the test unless the document has the answer to a request.
func (v Validator) Answer(t testing.TB, request *http.Request, answer *http.Response) {
	t.Helper()
	_, invalid := v.ValidateHttpResponse(request, answer)
	report(t, request.Method+" "+request.URL.Path, invalid)
}

func report(t testing.TB, of string, invalid []*errors.ValidationError) {
	t.Helper()
	for _, err := range invalid {
		t.Errorf("%s: %s: %s", of, err.Message, err.Reason)
		for _, schema := range err.SchemaValidationErrors {
			t.Errorf("%s: %s at %s", of, schema.Reason, schema.FieldPath)
		}
	}
}
