package s3

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/api"
)

func TestDocumentsHaveLimits(t *testing.T) {
	nested := func(depth int) string { return strings.Repeat("<a>", depth) + strings.Repeat("</a>", depth) }
	for name, test := range map[string]struct {
		content string
		ok      bool
	}{
		"nothing":           {"", true},
		"unknown elements":  {"<Other><Thing/></Other>", true},
		"another namespace": {`<x:Tags xmlns:x="urn:x"/>`, true},
		"deep":              {nested(maxDepth - 1), true},
		"too deep":          {nested(maxDepth), false},
		"never closed":      {strings.Repeat("<a>", 100_000), false},
		"long text":         {strings.Repeat(" ", maxToken-1), true},
		"too long text":     {strings.Repeat(" ", maxToken+1), false},
		"many texts":        {strings.Repeat(strings.Repeat(" ", 1000)+"<a/>", 200), true},
		"many attributes":   {"<a " + strings.Repeat(`a="" `, maxToken/5) + "/>", false},
		"mismatched":        {"<a></b>", false},
		"unknown entity":    {"<LocationConstraint>&mine;</LocationConstraint>", false},
		"entity":            {"<LocationConstraint>&amp;&#x41;</LocationConstraint>", true},
	} {
		var configuration createBucketConfiguration
		err := decodeXML([]byte("<CreateBucketConfiguration>"+test.content+"</CreateBucketConfiguration>"), &configuration)
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A document type cannot define entities, and so cannot make a small document large.
	var configuration createBucketConfiguration
	bomb := `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><CreateBucketConfiguration><LocationConstraint>&b;` +
		`</LocationConstraint></CreateBucketConfiguration>`
	if err := decodeXML([]byte(bomb), &configuration); err == nil {
		t.Errorf("an entity became %q", configuration.LocationConstraint)
	}
}

func TestNamespacesMayBeLeftOut(t *testing.T) {
	for _, start := range []string{"<Tagging>", `<Tagging xmlns="` + namespace + `">`} {
		var document tagging
		err := decodeXML([]byte(xml.Header+start+"<TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>\n"), &document)
		if err != nil {
			t.Fatal(err)
		}
		if tags, err := document.tags(api.ObjectTags); err != nil || len(tags) != 1 || tags[0].Key != "k" || tags[0].Value != "v" {
			t.Errorf("%s: got %v, %v", start, tags, err)
		}
	}
}

func FuzzTagging(f *testing.F) {
	f.Add([]byte(taggingDocument("a=1", "b=")))
	f.Add([]byte(`<x:Tagging xmlns:x="urn:x"><TagSet><Tag/></TagSet></x:Tagging>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var document tagging
		if !checkDecode(t, data, &document) {
			return
		}
		tags, err := document.tags(api.ObjectTags)
		if err == nil && len(tags) > 10 {
			t.Errorf("%d tags", len(tags))
		}
	})
}

func FuzzCORSConfiguration(f *testing.F) {
	f.Add([]byte(testCORS))
	f.Add([]byte("<CORSConfiguration><CORSRule/></CORSConfiguration>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var configuration corsConfiguration
		if checkDecode(t, data, &configuration) && len(configuration.rules()) != len(configuration.Rules) {
			t.Error("rules are lost")
		}
	})
}
