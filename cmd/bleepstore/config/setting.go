package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// setting is one scalar of a Config.
type setting struct {
	key   string // such as server.tls.cert
	env   string // such as BLEEPSTORE_SERVER_TLS_CERT
	value any    // pointer to the field
}

// settings lists the scalars of c.
func (c *Config) settings() []setting { return settingsOf(reflect.ValueOf(c).Elem(), "") }

func settingsOf(section reflect.Value, prefix string) []setting {
	var all []setting
	for field, value := range section.Fields() {
		key := prefix + field.Tag.Get("yaml")
		_, isText := value.Addr().Interface().(encoding.TextUnmarshaler)
		switch kind := field.Type.Kind(); {
		case kind == reflect.Struct:
			all = append(all, settingsOf(value, key+".")...)
		case kind == reflect.Slice && !isText: // such lists are for the file only
		default:
			env := field.Tag.Get("env")
			if env == "" {
				env = strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
			}
			all = append(all, setting{key: key, env: envPrefix + env, value: value.Addr().Interface()})
		}
	}
	return all
}

// set gives the field the value that text stands for.
func (s setting) set(text string) error {
	var err error
	switch v := s.value.(type) {
	case *string:
		*v = text
	case *bool:
		*v, err = strconv.ParseBool(text)
	case *int64:
		*v, err = strconv.ParseInt(text, 10, 64)
	case *float64:
		*v, err = strconv.ParseFloat(text, 64)
	case *time.Duration:
		*v, err = time.ParseDuration(text)
	case encoding.TextUnmarshaler:
		err = v.UnmarshalText([]byte(text))
	default:
		panic(fmt.Sprintf("config: key %s has type %T, which no text can be read into", s.key, s.value))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.key, err)
	}
	return nil
}
