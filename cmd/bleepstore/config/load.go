package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Load reads the configuration. Later sources win: the defaults, the YAML file unless its name is empty, the variables in
// environ (as os.Environ gives them), and flags, which hold values by key. What is unknown or not allowed is an error
// that says where it stands.
func Load(file string, environ []string, flags map[string]string) (*Config, error) {
	c := Default()
	if file != "" {
		if err := c.readFile(file); err != nil {
			return nil, err
		}
	}
	if err := c.readEnvironment(environ); err != nil {
		return nil, err
	}
	settings := c.settings()
	for _, key := range slices.Sorted(maps.Keys(flags)) {
		i := slices.IndexFunc(settings, func(s setting) bool { return s.key == key })
		if i < 0 {
			return nil, fmt.Errorf("no key %s to set by a flag", key)
		}
		if err := settings[i].set(flags[key]); err != nil {
			return nil, err
		}
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Config) readFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	err = d.Decode(c)
	if errors.Is(err, io.EOF) {
		return nil // an empty file sets nothing
	}
	if err != nil {
		return fmt.Errorf("read configuration: %w", fileError(name, err))
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("read configuration: %s: only one YAML document is allowed", name)
	}
	return nil
}

var unknownField = regexp.MustCompile(`^line (\d+): field (.*) not found in type \S+$`)

// fileError says where in the file each error of the YAML decoder is.
func fileError(name string, err error) error {
	typeError, ok := errors.AsType[*yaml.TypeError](err)
	if !ok {
		return fmt.Errorf("%s: %w", name, err)
	}
	var all []error
	for _, text := range typeError.Errors {
		if m := unknownField.FindStringSubmatch(text); m != nil {
			text = fmt.Sprintf("line %s: unknown key %q", m[1], m[2])
		}
		all = append(all, fmt.Errorf("%s: %s", name, text))
	}
	return errors.Join(all...)
}

const (
	envPrefix    = "BLEEPSTORE_"
	envAccessKey = envPrefix + "ACCESS_KEY"
	envSecretKey = envPrefix + "SECRET_KEY"
)

func (c *Config) readEnvironment(environ []string) error {
	values := map[string]string{}
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, envPrefix) && !serviceLink(name) {
			values[name] = value
		}
	}
	for _, s := range c.settings() {
		value, ok := values[s.env]
		if !ok {
			continue
		}
		delete(values, s.env)
		if err := s.set(value); err != nil {
			return fmt.Errorf("environment variable %s: %w", s.env, err)
		}
	}

	accessKey, hasAccessKey := values[envAccessKey]
	secretKey, hasSecretKey := values[envSecretKey]
	if hasAccessKey != hasSecretKey {
		return fmt.Errorf("environment variables %s and %s: one of them is set without the other", envAccessKey, envSecretKey)
	}
	if hasAccessKey {
		c.Auth.Credentials = []Credential{{AccessKey: accessKey, SecretKey: secretKey, Admin: true}}
		delete(values, envAccessKey)
		delete(values, envSecretKey)
	}

	if len(values) > 0 {
		return fmt.Errorf("unknown environment variable: %s; the names are in the configuration reference in README.md",
			strings.Join(slices.Sorted(maps.Keys(values)), ", "))
	}
	return nil
}

// serviceLink tells whether Kubernetes sets a variable in every pod beside a service called "bleepstore".
// See https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
func serviceLink(name string) bool {
	name = strings.TrimPrefix(name, envPrefix)
	return name == "PORT" || strings.HasPrefix(name, "PORT_") || strings.HasPrefix(name, "SERVICE_")
}
