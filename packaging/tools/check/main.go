// Check reads what is packaged as those do who will read it: the PromQL of Grafana's dashboards, and manifests of Kubernetes.
//
//	check DASHBOARD.json... <MANIFESTS.yaml
//
// It is in a module of its own, because the server needs none of this.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
)

func main() {
	err := errors.Join(manifests(os.Stdin), dashboards(os.Args[1:]))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// dashboards parses every expression of the files.
func dashboards(files []string) error {
	var found error
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var d struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(content, &d); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		n := 0
		for _, panel := range d.Panels {
			for _, target := range panel.Targets {
				// Grafana puts a duration in the place of its variable; others stand in strings.
				expr := strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")
				if _, err := parser.NewParser(parser.Options{}).ParseExpr(expr); err != nil {
					found = errors.Join(found, fmt.Errorf("%s, panel %q: %s: %w", file, panel.Title, expr, err))
				}
				n++
			}
		}
		fmt.Printf("%s: %d expressions\n", file, n)
	}
	return found
}

// manifests decodes documents of YAML into the types of Kubernetes; a field that the type does not have is an error. Types of
// operators are not known here, and are only named.
func manifests(r io.Reader) error {
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(r))
	var found error
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			return errors.Join(found, err)
		}
		_, kind, err := decoder.Decode(document, nil, nil)
		switch {
		case runtime.IsMissingKind(err): // a comment
		case runtime.IsNotRegisteredError(err):
			fmt.Printf("not checked: %v\n", err)
		case err != nil:
			found = errors.Join(found, fmt.Errorf("%v: %w", kind, err))
		default:
			fmt.Printf("%v: sound\n", kind)
		}
	}
}
