package rules

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// special are the types that the loader reads in a way of its own.
var special = node{
	"Check": node{
		"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
		"properties": node{
			"checksum": node{"enum": checksumNames()},
			"entropy":  node{"type": "number", "exclusiveMinimum": 0},
			"distinct": node{"type": "number", "exclusiveMinimum": 0},
			"words":    node{"const": "none"},
			"literal":  node{"enum": literalKinds},
			"jwt":      node{"const": "header"},
			"base64":   node{"type": "string"},
			"pem":      node{"const": "der"},
			"place":    node{"enum": []any{PlaceFixtures, PlaceTests}},
		},
	},
	"Conditions": node{"anyOf": []any{ref("Condition"), listOf(ref("Condition"))}},
	"Confidence": node{"enum": []any{Low, Medium, High}},
	"Severity":   node{"enum": []any{SeverityInfo, SeverityLow, SeverityMedium, SeverityHigh, SeverityCritical}},
	"Said":       node{"enum": []any{SaysRequest, SaysActive, SaysInactive, SaysRevoke}},
	"Bind":       node{"enum": []any{BindValue, BindSelf, BindIDInKey, BindEchoed, BindMatched}},
}

// required are the fields that a file cannot do without.
var required = map[string][]any{
	"File":         {"provider", "rules"},
	"Rule":         {"id", "name", "pattern", "examples"},
	"Near":         {"pattern", "within"},
	"Evidence":     {"at", "on", "says"},
	"Events":       {"list", "time"},
	"ReplyExample": {"reply"},
	"Reply":        {"status"},
	"Assertion":    {"alg", "key"},
	"Login":        {"scheme", "host", "password"},
}

func checksumNames() []any {
	var names []any
	for _, name := range slices.Sorted(maps.Keys(checksums)) {
		names = append(names, name)
	}
	return names
}

// node is a piece of a JSON Schema.
type node = map[string]any

func ref(name string) node { return node{"$ref": "#/$defs/" + name} }

func listOf(item node) node { return node{"type": "array", "items": item} }

func oneOrList(item node) node { return node{"anyOf": []any{item, listOf(item)}} }

// scalars are the kinds of value that YAML writes without quotes and the loader takes as text.
var scalars = node{"type": []any{"string", "number", "boolean"}}

// schemaWriter makes the schema of the types: the comments are those of rules.go.
type schemaWriter struct {
	comments map[string]string
	defs     node
}

func (w *schemaWriter) typeOf(t reflect.Type) node {
	if _, ok := special[t.Name()]; ok || t.Kind() == reflect.Struct {
		w.define(t)
		return ref(t.Name())
	}
	switch t.Kind() {
	case reflect.Pointer:
		return w.typeOf(t.Elem())
	case reflect.Slice:
		return listOf(w.typeOf(t.Elem()))
	case reflect.Map:
		return node{"type": "object", "additionalProperties": w.typeOf(t.Elem())}
	case reflect.Bool:
		return node{"type": "boolean"}
	case reflect.Int:
		return node{"type": "integer"}
	}
	return scalars
}

func (w *schemaWriter) define(t reflect.Type) {
	if _, done := w.defs[t.Name()]; done {
		return
	}
	if def, ok := special[t.Name()]; ok {
		w.defs[t.Name()] = def
		if t.Name() == "Conditions" {
			w.define(t.Elem())
		}
		return
	}
	properties := node{}
	def := node{"type": "object", "additionalProperties": false, "properties": properties}
	if fields := required[t.Name()]; fields != nil {
		def["required"] = fields
	}
	w.defs[t.Name()] = def
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		field := maps.Clone(w.typeOf(f.Type))
		switch t.Name() + "." + name {
		case "Condition.status":
			field = oneOrList(node{"type": "integer", "minimum": 100, "maximum": 599})
		case "Condition.json":
			field = node{"type": "object", "additionalProperties": oneOrList(scalars)}
		}
		if text := w.comments[t.Name()+"."+f.Name]; text != "" {
			field["description"] = text
		}
		properties[name] = field
	}
}

// fieldComments reads the comments of the struct fields of rules.go as plain text.
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "rules.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if fields, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range fields.Fields.List {
				for _, name := range f.Names {
					comments[spec.Name.Name+"."+name.Name] = plain(f.Doc.Text())
				}
			}
		}
		return false
	})
	return comments
}

func plain(text string) string {
	p := comment.Printer{TextWidth: -1}
	return strings.TrimSpace(string(p.Text(new(comment.Parser).Parse(text))))
}

func generateSchema(t *testing.T) []byte {
	w := &schemaWriter{comments: fieldComments(t), defs: node{}}
	w.define(reflect.TypeFor[File]())
	file := w.defs["File"].(node)
	delete(w.defs, "File")
	file["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	file["title"] = "quash rule file"
	file["$defs"] = w.defs
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(file); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestGeneratedSchema compares the published schema with the types.
func TestGeneratedSchema(t *testing.T) {
	want := generateSchema(t)
	if *update {
		if err := os.WriteFile("schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(Schema(), want) {
		t.Error("schema.json is not what the types say; run go generate ./rules")
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("rules.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("rules.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asJSON reads YAML as what a JSON Schema validator takes.
func asJSON(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestSchemaAccepts validates every shipped file, and files with a field that is misspelt or missing.
func TestSchemaAccepts(t *testing.T) {
	s := compileSchema(t)
	for _, name := range sources(t) {
		if err := s.Validate(asJSON(t, readFile(t, name))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, change := range [][2]string{
		{"keywords:", "keyword:"}, {"    verify:", "    verfy:"}, {"active: {status: 200}", "active: {state: 200}"},
		{"provider: acme\n", ""}, {"entropy: 3.0", "entrpy: 3.0"}, {"severity: high", "severity: awful"},
		{"bind: self", "bind: first"}, {"within: 100", "withn: 100"}, {"want: active", "wants: active"},
	} {
		broken := strings.Replace(acme, change[0], change[1], 1)
		if broken == acme {
			t.Fatalf("the good file has no %q", change[0])
		}
		if s.Validate(asJSON(t, []byte(broken))) == nil {
			t.Errorf("the schema takes %q", change[1])
		}
	}
	if err := s.Validate(asJSON(t, []byte(acme))); err != nil {
		t.Errorf("the schema refuses a good file: %v", err)
	}
}
