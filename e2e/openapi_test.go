package e2e

import (
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/api/openapi/openapitest"
)

func TestDocuments(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	for path, title := range map[string]string{
		"/openapi.json": "BleepStore S3-Compatible API", "/_/v1/openapi.json": "BleepStore Administration API",
	} {
		page := s.page(t, path)
		want(t, "status of "+path, page.status, 200)
		openapitest.ValidText(t, page.body)
		var document struct {
			Info    struct{ Title string }
			Servers []struct{ URL string }
		}
		if err := json.Unmarshal(page.body, &document, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatal(err)
		}
		want(t, "title of "+path, document.Info.Title, title)
		if len(document.Servers) != 1 || document.Servers[0].URL != s.endpoint {
			t.Errorf("the servers in %s are %v, want %s", path, document.Servers, s.endpoint)
		}
	}
	for _, path := range []string{"/docs", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"} {
		want(t, "status of "+path, s.page(t, path).status, 200)
	}
}
