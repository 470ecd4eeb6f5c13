package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// maxTOML bounds the size of a rule file of others, in bytes.
const maxTOML = 8 << 20

// tomlDoc is a TOML document with the lines of its keys. Names are compared without case, as the tools do.
type tomlDoc struct {
	name  string
	root  *tomlTable
	lines map[string]int
	notes []Problem
}

// tomlTable is one table. Every key of it is either taken or noted: see rest.
type tomlTable struct {
	doc *tomlDoc
	// path is the table's place in the document: "rules[3].allowlists[0]".
	path string
	// rule is the id of the rule that it belongs to.
	rule  string
	keys  map[string]any
	taken map[string]bool
}

// readTOML reads a document. An error has the line and does not quote the text.
func readTOML(name string, data []byte) (*tomlDoc, error) {
	if len(data) > maxTOML {
		return nil, Problem{File: name, Msg: fmt.Sprintf("the file is larger than %d MB; split it", maxTOML>>20)}
	}
	d := &tomlDoc{name: name, lines: map[string]int{}}
	keys := map[string]any{}
	if err := toml.Unmarshal(data, &keys); err != nil {
		p := Problem{File: name, Msg: "not a TOML file: " + strings.TrimPrefix(err.Error(), "toml: ")}
		if de := (*toml.DecodeError)(nil); errors.As(err, &de) {
			p.Line, _ = de.Position()
		}
		return nil, p
	}
	d.number(data)
	d.root = d.table("", "", keys)
	return d, nil
}

// number notes on which line each key stands.
func (d *tomlDoc) number(data []byte) {
	var p unstable.Parser
	p.Reset(data)
	counts, base := map[string]int{}, ""
	for p.NextExpression() {
		e := p.Expression()
		path, line := base, 0
		if e.Kind != unstable.KeyValue {
			path = ""
		}
		for it := e.Key(); it.Next(); {
			if n := counts[path]; n > 0 {
				path += "[" + strconv.Itoa(n-1) + "]"
			}
			path = join2(path, lower(string(it.Node().Data)))
			line = p.Shape(it.Node().Raw).Start.Line
		}
		if e.Kind == unstable.ArrayTable {
			counts[path]++
		}
		if n := counts[path]; n > 0 {
			path += "[" + strconv.Itoa(n-1) + "]"
		}
		if e.Kind != unstable.KeyValue {
			base = path
		}
		d.lines[path] = line
	}
}

func join2(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (d *tomlDoc) table(path, rule string, keys map[string]any) *tomlTable {
	t := &tomlTable{doc: d, path: path, rule: rule, keys: map[string]any{}, taken: map[string]bool{}}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		t.keys[lower(k)] = keys[k]
	}
	return t
}

// notef names something that is not read, or not as it is written.
func (t *tomlTable) notef(key, format string, args ...any) {
	path := join2(t.path, key)
	if key == "" {
		path = t.path
	}
	line := 0
	for p := path; line == 0 && p != ""; p = parentOf(p) {
		line = t.doc.lines[p]
	}
	msg := fmt.Sprintf(format, args...)
	if key != "" {
		msg = key + ": " + msg
	}
	t.doc.notes = append(t.doc.notes, Problem{File: t.doc.name, Line: line, Rule: t.rule, Msg: msg})
}

// parentOf is the place above a place.
func parentOf(path string) string { return path[:max(0, strings.LastIndexAny(path, ".["))] }

// take returns a key's value, nil if the table has no such key.
func (t *tomlTable) take(key string) any {
	t.taken[key] = true
	return t.keys[key]
}

// taken1 reads a value of one type.
func taken1[T any](t *tomlTable, key, want string) (value T) {
	v := t.take(key)
	if v == nil {
		return value
	}
	value, ok := v.(T)
	if !ok {
		t.notef(key, "%s is wanted here; the key is not read", want)
	}
	return value
}

func (t *tomlTable) text(key string) string { return taken1[string](t, key, "a text") }

func (t *tomlTable) flag(key string) bool { return taken1[bool](t, key, "true or false") }

// number reads a number, whole or not.
func (t *tomlTable) number(key string) float64 {
	switch v := t.take(key).(type) {
	case nil:
	case int64:
		return float64(v)
	case float64:
		return v
	default:
		t.notef(key, "a number is wanted here; the key is not read")
	}
	return 0
}

// texts reads a list of texts.
func (t *tomlTable) texts(key string) []string {
	var texts []string
	for _, v := range taken1[[]any](t, key, "a list of texts") {
		s, ok := v.(string)
		if !ok {
			t.notef(key, "a list of texts is wanted here; an item that is none is not read")
			continue
		}
		texts = append(texts, s)
	}
	return texts
}

// tables reads a table or a list of tables.
func (t *tomlTable) tables(key string) []*tomlTable {
	path := join2(t.path, key)
	switch v := t.take(key).(type) {
	case nil:
	case map[string]any:
		return []*tomlTable{t.doc.table(path, t.rule, v)}
	case []any:
		var all []*tomlTable
		for i, item := range v {
			keys, ok := item.(map[string]any)
			if !ok {
				t.notef(key, "a list of tables is wanted here; an item that is none is not read")
				continue
			}
			all = append(all, t.doc.table(path+"["+strconv.Itoa(i)+"]", t.rule, keys))
		}
		return all
	default:
		t.notef(key, "a table is wanted here; the key is not read")
	}
	return nil
}

// rest names the keys that nobody took.
func (t *tomlTable) rest() {
	for _, key := range slices.Sorted(maps.Keys(t.keys)) {
		if !t.taken[key] {
			t.notef(key, "quash does not know this key and does not read it; see whether the rule is right without it")
		}
	}
}
