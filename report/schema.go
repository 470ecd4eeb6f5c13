package report

import (
	_ "embed" // for the schema
	"slices"
)

// schema is generated from the types of the stream and their comments: go test ./report -update.
//
//go:embed schema.json
var schema []byte

// JSONSchema is the JSON Schema (2020-12) of one line of the stream, in the version that [Schema] names. Whoever reads a
// stream in another language makes its types from it.
func JSONSchema() []byte { return slices.Clone(schema) }
