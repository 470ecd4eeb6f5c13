package rules

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Problem is one thing that is wrong with a rule file.
type Problem struct {
	// File is the name under which the file was given.
	File string
	// Line is where, counted from 1; 0 means the file as a whole.
	Line int
	// Rule is the id of the rule, empty where the problem is not of one rule.
	Rule string
	// Msg says what is wrong and what to do about it.
	Msg string
}

// String is the problem as a line for a person: file:line: rule: message.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		b.WriteString(":" + strconv.Itoa(p.Line))
	}
	if p.Rule != "" {
		b.WriteString(": " + p.Rule)
	}
	b.WriteString(": " + p.Msg)
	return b.String()
}

// Error implements error.
func (p Problem) Error() string { return p.String() }

// join makes one error of problems; nil when there are none.
func join(problems []Problem) error {
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// sortByLine orders problems as a reader meets them in the file.
func sortByLine(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int { return a.Line - b.Line })
}

// The forms in which the YAML package names a place and a field it does not know.
var (
	yamlLine    = form(`^(?:yaml: )?(?:unmarshal errors:\s*)?line (\d+): (?s:(.*))$`)
	yamlUnknown = form(`^field (\S+) not found in type `)
)

// yamlProblems puts the YAML package's errors into our words.
func yamlProblems(file string, err error) []Problem {
	var te *yaml.TypeError
	if !errors.As(err, &te) {
		return []Problem{yamlProblem(file, err.Error())}
	}
	problems := make([]Problem, len(te.Errors))
	for i, msg := range te.Errors {
		problems[i] = yamlProblem(file, msg)
	}
	return problems
}

func yamlProblem(file, msg string) Problem {
	p := Problem{File: file, Msg: strings.TrimPrefix(msg, "yaml: ")}
	if m := yamlLine().FindStringSubmatch(msg); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Msg = m[2]
	}
	if m := yamlUnknown().FindStringSubmatch(p.Msg); m != nil {
		p.Msg = fmt.Sprintf("unknown field %q; rules/schema.json lists the fields", m[1])
	}
	return p
}

// lineOf finds the line of the node at a path of mapping keys (string) and indexes (int); where the path leaves the
// document it is the line of the last node on it. Without a document it is 0.
func lineOf(n *yaml.Node, path ...any) int {
	if n == nil {
		return 0
	}
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	line := n.Line
	for _, step := range path {
		var key *yaml.Node
		if key, n = child(n, step); n == nil {
			return line
		}
		line = key.Line
	}
	return line
}

// child returns the node under one step and the node whose line names it: the key of a mapping, the item of a list.
// One mapping stands for a list of one, as the loader reads it.
func child(n *yaml.Node, step any) (key, value *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch step := step.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && step < len(n.Content) {
			return n.Content[step], n.Content[step]
		}
		if n.Kind == yaml.MappingNode && step == 0 {
			return n, n
		}
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i], n.Content[i+1]
			}
		}
	}
	return nil, nil
}
