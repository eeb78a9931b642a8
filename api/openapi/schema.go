package openapi

// Schema is a JSON Schema, as far as our documents need one. Of an XML document it describes the elements: an element with
// elements in it is an object, and one that can be there several times an array.
// See https://spec.openapis.org/oas/v3.1.1.html#schema-object
type Schema struct {
	Ref         string             `json:"$ref,omitzero"`
	Type        string             `json:"type,omitzero"`
	Format      string             `json:"format,omitzero"`
	Description string             `json:"description,omitzero"`
	Enum        []any              `json:"enum,omitzero"`
	Default     any                `json:"default,omitzero"`
	Minimum     *int64             `json:"minimum,omitzero"`
	Maximum     *int64             `json:"maximum,omitzero"`
	Properties  map[string]*Schema `json:"properties,omitzero"`
	Required    []string           `json:"required,omitzero"`
	Items       *Schema            `json:"items,omitzero"`
	Additional  *Schema            `json:"additionalProperties,omitzero"`
	XML         *XML               `json:"xml,omitzero"`
}

// XML says how a value is written in an XML document.
type XML struct {
	Name      string `json:"name,omitzero"`
	Namespace string `json:"namespace,omitzero"`
	Prefix    string `json:"prefix,omitzero"`
	Attribute bool   `json:"attribute,omitzero"`
	Wrapped   bool   `json:"wrapped,omitzero"` // the elements of an array are in one of the array's name
}

// String is a text.
func String() *Schema { return &Schema{Type: "string"} }

// Integer is a whole number.
func Integer() *Schema { return &Schema{Type: "integer", Format: "int64"} }

// Number is a number.
func Number() *Schema { return &Schema{Type: "number"} }

// Boolean is true or false.
func Boolean() *Schema { return &Schema{Type: "boolean"} }

// Time is an instant, in the form of RFC 3339.
func Time() *Schema { return &Schema{Type: "string", Format: "date-time"} }

// Array is a list.
func Array(items *Schema) *Schema { return &Schema{Type: "array", Items: items} }

// OneOf is a text that must be one of some.
func OneOf[S ~string](values ...S) *Schema {
	s := String()
	for _, value := range values {
		s.Enum = append(s.Enum, string(value))
	}
	return s
}

// Ref names a schema among the components.
func Ref(name string) *Schema { return &Schema{Ref: "#/components/schemas/" + name} }

// Object has members.
func Object(fields ...Field) *Schema {
	s := &Schema{Type: "object", Properties: make(map[string]*Schema, len(fields))}
	for _, f := range fields {
		s.Properties[f.name] = f.schema
		if f.required {
			s.Required = append(s.Required, f.name)
		}
	}
	return s
}

// Field is a member of an object.
type Field struct {
	name     string
	schema   *Schema
	required bool
}

// Always is a member that is always there.
func Always(name string, s *Schema) Field { return Field{name, s, true} }

// Maybe is a member that can be missing.
func Maybe(name string, s *Schema) Field { return Field{name, s, false} }

// As is the same schema with a description.
func (s *Schema) As(description string) *Schema {
	s.Description = description
	return s
}

// From is the same schema for numbers that are not less.
func (s *Schema) From(least int64) *Schema {
	s.Minimum = &least
	return s
}

// To is the same schema for numbers that are not greater.
func (s *Schema) To(most int64) *Schema {
	s.Maximum = &most
	return s
}
