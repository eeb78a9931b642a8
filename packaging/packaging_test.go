// Package packaging has what is needed to install the server, beside its binary. The tests are of what costs no time to check;
// "task packaging-check" has the rest.
package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v3"
)

// exposed returns the server's own metrics, which the page about them lists.
func exposed(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile("../api/metrics/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(bleepstore_\\w+)`").FindAllSubmatch(content, -1) {
		names = append(names, string(row[1]))
	}
	return names
}

// dashboard is what matters here of a dashboard of Grafana.
type dashboard struct {
	Panels []struct {
		ID      int    `json:"id"`
		Title   string `json:"title"`
		Type    string `json:"type"`
		Targets []struct {
			Expr string `json:"expr"`
		} `json:"targets"`
	} `json:"panels"`
}

func TestDashboardAsksForWhatThereIs(t *testing.T) {
	content, err := os.ReadFile("grafana/bleepstore.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(content, &d); err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`bleepstore_\w+`)
	ofHistogram := regexp.MustCompile(`_(bucket|sum|count)$`)
	ids := map[int]bool{}
	for _, panel := range d.Panels {
		if ids[panel.ID] {
			t.Errorf("panel %q: another one has id %d too", panel.Title, panel.ID)
		}
		ids[panel.ID] = true
		if panel.Type != "row" && len(panel.Targets) == 0 {
			t.Errorf("panel %q shows nothing", panel.Title)
		}
	}
	asked := names.FindAllString(string(content), -1)
	if len(asked) == 0 {
		t.Error("the dashboard asks for no metric")
	}
	known := exposed(t)
	for _, name := range asked {
		if !slices.Contains(known, ofHistogram.ReplaceAllString(name, "")) {
			t.Errorf("the server has no metric %s", name)
		}
	}
}

func TestYAML(t *testing.T) {
	files := []string{
		"../.goreleaser.yaml", "systemd/bleepstore.yaml", "compose.yaml", "helm/bleepstore/Chart.yaml", "helm/bleepstore/values.yaml",
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		var document map[string]any
		if err := yaml.Unmarshal(content, &document); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestValuesAreInTheSchema finds values of the chart that its schema would refuse to be set, and none that nothing uses.
func TestValuesAreInTheSchema(t *testing.T) {
	var schema struct {
		Properties map[string]any `json:"properties"`
	}
	content, err := os.ReadFile("helm/bleepstore/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &schema); err != nil {
		t.Fatal(err)
	}
	content, err = os.ReadFile("helm/bleepstore/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(content, &values); err != nil {
		t.Fatal(err)
	}
	var templates strings.Builder
	files, _ := filepath.Glob("helm/bleepstore/templates/*")
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		templates.Write(content)
	}
	for name := range values {
		if _, found := schema.Properties[name]; !found {
			t.Errorf("values.schema.json has no %s", name)
		}
		if !strings.Contains(templates.String(), ".Values."+name) {
			t.Errorf("no template uses the value %s", name)
		}
	}
}

// TestUnit has systemd read the unit, and say how much the service is kept from: 0 is all, 10 nothing.
func TestUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal("NOT TESTED: this machine has no systemd-analyze, which CI must have")
	case err != nil:
		t.Skip("NOT TESTED: this machine has no systemd-analyze")
	}
	content, err := os.ReadFile("systemd/bleepstore.service")
	if err != nil {
		t.Fatal(err)
	}
	// What is started must be there.
	unit := filepath.Join(t.TempDir(), "bleepstore.service")
	if err := os.WriteFile(unit, []byte(strings.Replace(string(content), "ExecStart=/usr/bin/bleepstore", "ExecStart=/bin/true", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v: %s", err, out)
	}
	if out, err := exec.Command(analyze, "security", "--offline=yes", "--threshold=20", unit).CombinedOutput(); err != nil {
		t.Errorf("the service may do more than it must: %v: %s", err, out)
	}
}
