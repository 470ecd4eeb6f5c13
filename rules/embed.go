package rules

import (
	_ "embed" // for the rule files
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// The rule files that quash ships, in the form that is quickest to start with: reading them all, as YAML or otherwise, would
// take longer than the scan of a commit, which needs few. The index is read at the start, a line for each file and rule; a
// file's content only when a rule of it is asked for. The YAML files are the source; a test compares, and go generate writes
// both anew.
//
//go:generate go test -run TestGenerated -update .
var (
	// builtinIndex has lines of fields between tabs: "file", provider, version, length in builtinText, names of vars; and after
	// it, for each of its rules, "rule", id, longest match, context, offset of the anchor (-1: none), prefix, kind of literal, expression,
	// keywords.
	//
	//go:embed builtin.index
	builtinIndex string
	// builtinText is the files' content without what is not set, each as a JSON object on a line, in order.
	//
	//go:embed builtin.json
	builtinText string
)

// packed is a rule file in that form.
type packed struct {
	provider string
	// version names the file's content and its vars.
	version string
	text    string
	vars    []string
	rules   []Outline
}

// unpack is the file, as decode would have returned it.
func (p *packed) unpack() (*File, error) {
	f := &File{name: "rules/" + p.provider + ".yaml"}
	if err := json.Unmarshal([]byte(p.text), f); err != nil {
		return nil, fmt.Errorf("embedded rule file %s: %w", p.provider, err)
	}
	f.digest, _, _ = strings.Cut(p.version, " ")
	return f, nil
}

// line is a line of the index.
func (p *packed) line() string {
	return strings.Join(append([]string{"file", p.provider, p.version, strconv.Itoa(len(p.text))}, p.vars...), "\t") + "\n"
}

// line is a line of the index.
func (o *Outline) line() string {
	offset := -1
	if o.Anchored {
		offset = o.Offset
	}
	return strings.Join(append([]string{
		"rule", o.ID, strconv.Itoa(o.Span.Match), strconv.Itoa(o.Span.Context), strconv.Itoa(offset), o.Prefix, o.Literal, o.Expr,
	}, o.Keywords...), "\t") + "\n"
}

// builtinFiles reads the index.
func builtinFiles() ([]packed, error) { return readIndex(builtinIndex, builtinText) }

func readIndex(index, text string) ([]packed, error) {
	files := make([]packed, 0, 128)
	n := 0
	for line := range strings.Lines(index) {
		n++
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		ok := false
		switch {
		case fields[0] == "file" && len(fields) > 3:
			var p packed
			if p, text, ok = fileLine(fields, text); ok {
				files = append(files, p)
			}
		case fields[0] == "rule" && len(fields) > 8 && len(files) > 0:
			var o Outline
			if o, ok = ruleLine(fields); ok {
				p := &files[len(files)-1]
				p.rules = append(p.rules, o)
			}
		}
		if !ok {
			return nil, fmt.Errorf("embedded rule files: line %d of the index says nothing; run go generate ./rules", n)
		}
	}
	return files, nil
}

// fileLine reads the line of a file, whose content is the first of the text.
func fileLine(fields []string, text string) (p packed, rest string, ok bool) {
	size, err := strconv.Atoi(fields[3])
	if err != nil || size < 0 || size > len(text) {
		return packed{}, text, false
	}
	return packed{provider: fields[1], version: fields[2], text: text[:size], vars: fields[4:]}, text[size:], true
}

// ruleLine reads the line of a rule.
func ruleLine(fields []string) (o Outline, ok bool) {
	var n [3]int
	for i := range n {
		var err error
		if n[i], err = strconv.Atoi(fields[2+i]); err != nil {
			return Outline{}, false
		}
	}
	return Outline{ID: fields[1], Keywords: fields[8:], Facts: Facts{
		Span: Span{Match: n[0], Context: n[1]}, Prefix: fields[5], Offset: max(n[2], 0), Anchored: n[2] >= 0, Literal: fields[6], Expr: fields[7],
	}}, true
}
