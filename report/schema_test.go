package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// node is a piece of a JSON Schema.
type node = map[string]any

// values are the types that have a fixed set of values.
var values = map[reflect.Type][]any{
	reflect.TypeFor[rules.Severity]():   {rules.SeverityInfo, rules.SeverityLow, rules.SeverityMedium, rules.SeverityHigh, rules.SeverityCritical},
	reflect.TypeFor[rules.Confidence](): {rules.Low, rules.Medium, rules.High},
	reflect.TypeFor[revoker.Validity](): {revoker.Active, revoker.Inactive, revoker.Unknown},
	reflect.TypeFor[revoker.State]():    {revoker.Requested, revoker.Done, revoker.Manual},
	reflect.TypeFor[revoker.Verb]():     {revoker.Leave, revoker.Propose, revoker.Execute},
	reflect.TypeFor[revoker.Stage](): {
		revoker.StageUnknown, revoker.StageDead, revoker.StagePlanned, revoker.StageLeft, revoker.StagePending, revoker.StageFailed,
		revoker.StageConfirmed, revoker.StageReviewed,
	},
}

// schemaWriter makes the schema of the types, with their comments as descriptions.
type schemaWriter struct {
	comments map[string]string
	defs     node
}

func (w *schemaWriter) typeOf(t reflect.Type) node {
	if all, ok := values[t]; ok {
		return node{"enum": all}
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return node{"type": "string", "format": "date-time"}
	case reflect.TypeFor[time.Duration]():
		return node{"type": "integer", "description": "nanoseconds"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return w.typeOf(t.Elem())
	case reflect.Struct:
		w.define(t)
		return node{"$ref": "#/$defs/" + t.String()}
	case reflect.Slice:
		return node{"type": "array", "items": w.typeOf(t.Elem())}
	case reflect.Map:
		return node{"type": "object", "additionalProperties": w.typeOf(t.Elem())}
	case reflect.Bool:
		return node{"type": "boolean"}
	case reflect.String:
		return node{"type": "string"}
	case reflect.Float64:
		return node{"type": "number"}
	}
	return node{"type": "integer"}
}

func (w *schemaWriter) define(t reflect.Type) {
	if _, done := w.defs[t.String()]; done {
		return
	}
	properties, required := node{}, map[string]bool{}
	def := node{"type": "object", "additionalProperties": false, "properties": properties}
	w.defs[t.String()] = def
	w.fields(t, properties, required)
	if len(required) > 0 {
		def["required"] = slices.Sorted(maps.Keys(required))
	}
}

// fields adds the fields of a struct, those of embedded structs first, as package encoding/json writes them.
func (w *schemaWriter) fields(t reflect.Type, properties node, required map[string]bool) {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			w.fields(f.Type, properties, required)
			continue
		case name == "-":
			continue
		}
		field := maps.Clone(w.typeOf(f.Type))
		optional := strings.Contains(options, "omit")
		if f.Type.Kind() == reflect.Slice && !optional {
			field["type"] = []any{"array", "null"} // a nil slice
		}
		if text := w.comments[t.String()+"."+f.Name]; text != "" {
			field["description"] = strings.TrimSpace(text + " " + fmt.Sprint(orEmpty(field["description"])))
		}
		properties[name] = field
		if !optional {
			required[name] = true
		}
	}
}

func orEmpty(v any) any {
	if v == nil {
		return ""
	}
	return v
}

// fieldComments reads the comments of the struct fields of packages as plain text, by "package.Type.Field".
func fieldComments(t *testing.T, dirs ...string) map[string]string {
	t.Helper()
	comments := map[string]string{}
	for _, dir := range dirs {
		err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && path != ".":
				return fs.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			file, err := parser.ParseFile(token.NewFileSet(), dir+"/"+path, nil, parser.ParseComments)
			if err == nil {
				commentsOf(file, comments)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return comments
}

func commentsOf(file *ast.File, comments map[string]string) {
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if fields, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range fields.Fields.List {
				for _, name := range f.Names {
					comments[file.Name.Name+"."+spec.Name.Name+"."+name.Name] = plain(f.Doc.Text())
				}
			}
		}
		return false
	})
}

func plain(text string) string {
	p := comment.Printer{TextWidth: -1}
	return strings.TrimSpace(string(p.Text(new(comment.Parser).Parse(text))))
}

func generateSchema(t *testing.T) []byte {
	t.Helper()
	w := &schemaWriter{comments: fieldComments(t, ".", "../scanner", "../revoker"), defs: node{}}
	w.define(reflect.TypeFor[Item]())
	item := w.defs["report.Item"].(node)
	delete(w.defs, "report.Item")
	item["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	item["title"] = "one line of a quash stream, " + Schema
	item["minProperties"], item["maxProperties"] = 1, 1
	w.defs["report.Config"].(node)["properties"].(node)["schema"] = node{"const": Schema}
	item["$defs"] = w.defs
	var b bytes.Buffer
	if err := encode(&b, item, "  "); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
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
	if !bytes.Equal(JSONSchema(), want) {
		t.Error("schema.json is not what the types say; look whether readers of old streams can live with it, then run go test ./report -update")
	}
}

func compileSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("run.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("run.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t testing.TB, s *jsonschema.Schema, line []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// TestSchemaTakesEveryItem validates items of every kind, and the least that each can hold.
func TestSchemaTakesEveryItem(t *testing.T) {
	s := compileSchema(t)
	least := []Item{
		{Config: &Config{Schema: Schema}}, {Progress: &Progress{}}, {Finding: &Finding{Severity: rules.SeverityLow, Confidence: rules.Low}},
		{Verdict: &Verdict{Verdict: revoker.Verdict{Validity: revoker.Unknown}}}, {Plan: &revoker.Plan{Actions: []revoker.PlanAction{{}}}},
		{Outcome: &revoker.Outcome{Stage: revoker.StageUnknown, Activity: &revoker.Activity{}}}, {Stats: &Stats{}},
	}
	kinds := map[string]bool{}
	for _, it := range append(story(), least...) {
		line, err := json.Marshal(it)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, err := onlyField(line)
		if err != nil {
			t.Fatal(err)
		}
		kinds[kind] = true
		if err := validate(t, s, line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if len(kinds) != reflect.TypeFor[Item]().NumField() {
		t.Errorf("the story has items of the kinds %v only", slices.Sorted(maps.Keys(kinds)))
	}
}

// TestSchemaRefuses takes away each required field of each item in turn, and adds one that is not known.
func TestSchemaRefuses(t *testing.T) {
	s := compileSchema(t)
	refused := 0
	for _, it := range story() {
		line, err := json.Marshal(it)
		if err != nil {
			t.Fatal(err)
		}
		kind, value, err := onlyField(line)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(value, &fields); err != nil {
			t.Fatal(err)
		}
		def := "report." + strings.ToUpper(kind[:1]) + kind[1:]
		if kind == "plan" || kind == "outcome" {
			def = "revoker" + strings.TrimPrefix(def, "report")
		}
		for _, name := range requiredOf(t, def) {
			less := maps.Clone(fields)
			delete(less, name)
			refused += refuse(t, s, kind, less, "without "+name)
		}
		more := maps.Clone(fields)
		more["surprise"] = json.RawMessage("1")
		refused += refuse(t, s, kind, more, "with a field more")
	}
	for _, line := range []string{`{}`, `{"config":null}`, `{"other":{}}`, `[]`, `{"progress":{"reading":"x","bytes":1,"chunks":1,"at":"yesterday"}}`} {
		if validate(t, s, []byte(line)) == nil {
			t.Errorf("the schema takes %s", line)
		}
	}
	if refused < 50 {
		t.Errorf("only %d broken items were tried", refused)
	}
}

func refuse(t *testing.T, s *jsonschema.Schema, kind string, fields map[string]json.RawMessage, what string) int {
	t.Helper()
	line, err := json.Marshal(map[string]any{kind: fields})
	if err != nil {
		t.Fatal(err)
	}
	if validate(t, s, line) == nil {
		t.Errorf("the schema takes a %s %s", kind, what)
	}
	return 1
}

func requiredOf(t *testing.T, def string) []string {
	t.Helper()
	var doc struct {
		Defs map[string]struct{ Required []string } `json:"$defs"`
	}
	if err := json.Unmarshal(JSONSchema(), &doc); err != nil {
		t.Fatal(err)
	}
	d, ok := doc.Defs[def]
	if !ok || len(d.Required) == 0 {
		t.Fatalf("the schema has no required fields for %s", def)
	}
	return d.Required
}
