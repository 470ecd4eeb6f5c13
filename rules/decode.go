package rules

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decode reads the YAML of one file strictly: an unknown or doubled field and a second document are problems.
func decode(name string, data []byte) (*File, []Problem) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	f := &File{name: name}
	if err := dec.Decode(f); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty; a rule file begins with provider: NAME")
		}
		return nil, yamlProblems(name, err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, []Problem{{File: name, Msg: "more than one YAML document; write one file per provider"}}
	}
	f.digest = f.computeDigest()
	return f, nil
}

// UnmarshalYAML reads {kind: argument}.
func (c *Check) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 || n.Content[1].Kind != yaml.ScalarNode {
		return typeError(n, "a check is written {kind: argument}, for instance {entropy: 3.0}")
	}
	c.Kind, c.Arg = n.Content[0].Value, n.Content[1].Value
	return nil
}

// UnmarshalYAML reads one condition or a list of them.
func (c *Conditions) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.MappingNode {
		n = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: n.Line, Content: []*yaml.Node{n}}
	}
	return n.Decode((*[]Condition)(c))
}

// UnmarshalYAML reads a condition, in which a single status or value stands for a list of one.
func (c *Condition) UnmarshalYAML(n *yaml.Node) error {
	var raw struct {
		Status   oneOrMore[int]               `yaml:"status"`
		Contains string                       `yaml:"contains"`
		Lacks    string                       `yaml:"lacks"`
		JSON     map[string]oneOrMore[string] `yaml:"json"`
		Header   map[string]string            `yaml:"header"`
	}
	if err := strictly(n, &raw); err != nil {
		return err
	}
	*c = Condition{Status: raw.Status, Contains: raw.Contains, Lacks: raw.Lacks, Header: raw.Header}
	for path, values := range raw.JSON {
		if c.JSON == nil {
			c.JSON = make(map[string][]string, len(raw.JSON))
		}
		c.JSON[path] = values
	}
	return nil
}

// oneOrMore is a list that may be written as its only item.
type oneOrMore[T any] []T

// UnmarshalYAML implements yaml.Unmarshaler.
func (l *oneOrMore[T]) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return n.Decode((*[]T)(l))
	}
	var one T
	if err := n.Decode(&one); err != nil {
		return err
	}
	*l = []T{one}
	return nil
}

// strictly decodes a mapping into a struct and refuses fields that the struct does not have. The YAML package forgets
// KnownFields inside an UnmarshalYAML method.
func strictly(n *yaml.Node, into any) error {
	if n.Kind != yaml.MappingNode {
		return typeError(n, "a mapping is wanted here, for instance {status: 200}")
	}
	known := fieldNames(reflect.TypeOf(into).Elem())
	for i := 0; i < len(n.Content); i += 2 {
		if key := n.Content[i]; !slices.Contains(known, key.Value) {
			return typeError(key, "unknown field %q; known here are %s", key.Value, strings.Join(known, ", "))
		}
	}
	return n.Decode(into)
}

// fieldNames lists the YAML names of a struct's fields.
func fieldNames(t reflect.Type) []string {
	var names []string
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// typeError is an error in the form that the YAML package collects.
func typeError(n *yaml.Node, format string, args ...any) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: ", n.Line) + fmt.Sprintf(format, args...)}}
}
