package rules

import (
	"bytes"
	_ "embed" // for the rule files
	"encoding/gob"
	"fmt"
)

// builtin is the rule files that quash ships, in the form that is quickest to read: as YAML they would take longer than the
// scan of a commit. The YAML files are the source; a test compares, and go generate writes the form anew.
//
//go:generate go test -run TestGenerated -update .
//go:embed builtin.gob
var builtin []byte

// packed is a rule file in that form.
type packed struct {
	File File
	// Digest is that of the file's content.
	Digest string
	// Facts are those of the file's rules, in order.
	Facts []facts
}

// unpack is the file, as decode would have returned it.
func (p *packed) unpack() *File {
	p.File.name, p.File.digest = "rules/"+p.File.Provider+".yaml", p.Digest
	return &p.File
}

// builtinFiles reads the embedded files.
func builtinFiles() ([]packed, error) {
	var files []packed
	if err := gob.NewDecoder(bytes.NewReader(builtin)).Decode(&files); err != nil {
		return nil, fmt.Errorf("embedded rule files: %w", err)
	}
	return files, nil
}
