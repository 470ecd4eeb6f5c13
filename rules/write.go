package rules

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// YAML writes a file as [CheckFile] reads it, without what is not set.
func (f *File) YAML() ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(withoutDefaults(f)); err != nil {
		return nil, fmt.Errorf("write rule file %q: %w", f.name, err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("write rule file %q: %w", f.name, err)
	}
	return b.Bytes(), nil
}

// withoutDefaults is the file without what the loader set.
func withoutDefaults(f *File) *File {
	c := *f
	c.Rules = make([]Rule, len(f.Rules))
	for i, r := range f.Rules {
		if r.Family == f.Provider {
			r.Family = ""
		}
		c.Rules[i] = r
	}
	return &c
}

// MarshalYAML writes {kind: argument}.
func (c Check) MarshalYAML() (any, error) {
	return map[string]yaml.Node{c.Kind: {Kind: yaml.ScalarNode, Value: c.Arg}}, nil
}
