package rules

import (
	_ "embed" // for the schema
	"slices"
)

// schema is generated from the types of this package and their comments.
//
//go:embed schema.json
var schema []byte

// Schema is the JSON Schema (2020-12) of a rule file, for editors. It describes the fields; [CheckFile] proves the rest.
func Schema() []byte { return slices.Clone(schema) }
