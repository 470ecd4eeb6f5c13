package revoker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

// policySchema is the version of policy files that this package reads.
const policySchema = "quash.policy/1"

// maxPolicy is the greatest length of a policy file in bytes.
const maxPolicy = 1 << 20

// policyFile is a policy as it stands in a file.
type policyFile struct {
	Schema string `yaml:"schema"`
	Policy `yaml:",inline"`
}

// LoadPolicy reads a policy from YAML; name stands in errors and reasons. It is strict: an unknown field, a field given twice,
// a value that means nothing and a policy that could not do what it says are errors, which name line, field and what to do.
func LoadPolicy(name string, data []byte) (Policy, error) {
	file, root, err := decodePolicy(data)
	if err == nil {
		err = file.check(root)
	}
	if err != nil {
		return Policy{}, fmt.Errorf("policy %q: %w", name, err)
	}
	file.Name = name
	return file.Policy, nil
}

func decodePolicy(data []byte) (file policyFile, root *yaml.Node, err error) {
	if len(data) > maxPolicy {
		return file, nil, fmt.Errorf("it has %d bytes and %d are the most; name a policy file", len(data), maxPolicy)
	}
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	switch err := dec.Decode(&file); {
	case errors.Is(err, io.EOF):
		return file, nil, fmt.Errorf("it is empty; begin with schema: %s", policySchema)
	case err != nil:
		return file, nil, plainYAML(err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return file, nil, errors.New("it holds more than one document; remove what follows ---")
	}
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return file, nil, plainYAML(err)
	}
	if len(doc.Content) != 1 {
		return file, nil, fmt.Errorf("it is empty; begin with schema: %s", policySchema)
	}
	return file, doc.Content[0], nil
}

// goType is how the YAML package names a Go type of this package.
var goType = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(in type|into) revoker\.\S+$`) })

// plainYAML is the first complaint of the YAML package in words for a person.
func plainYAML(err error) error {
	var several *yaml.TypeError
	if errors.As(err, &several) && len(several.Errors) > 0 {
		err = errors.New(goType().ReplaceAllString(several.Errors[0], "in this part of a policy"))
	}
	return fmt.Errorf("%s; see the policy guide for the fields", strings.TrimPrefix(err.Error(), "yaml: "))
}

// field is the path of a field: names and, for list items, numbers from 0.
type field []any

// at returns the path of a part of the field.
func (f field) at(parts ...any) field { return append(slices.Clone(f), parts...) }

// String writes the path as a person would.
func (f field) String() string {
	var b strings.Builder
	for _, part := range f {
		if n, ok := part.(int); ok {
			fmt.Fprintf(&b, "[%d]", n+1)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		fmt.Fprint(&b, part)
	}
	return b.String()
}

// line is where the field stands, or the nearest part of its path that stands anywhere.
func (f field) line(n *yaml.Node) int {
	line := n.Line
	for _, part := range f {
		if n = child(n, part); n == nil {
			break
		}
		line = n.Line
	}
	return line
}

// child returns the part of a node, or nil.
func child(n *yaml.Node, part any) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if i, ok := part.(int); ok {
		if n.Kind == yaml.SequenceNode && i < len(n.Content) {
			return n.Content[i]
		}
		return nil
	}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == part {
			return n.Content[i+1]
		}
	}
	return nil
}

// checker takes complaints about a policy.
type checker struct {
	root *yaml.Node
	err  error
}

// refuse notes what is wrong with a field and what to do, unless something was refused before.
func (c *checker) refuse(bad bool, f field, format string, args ...any) {
	if bad && c.err == nil {
		c.err = fmt.Errorf("line %d: %s: %s", f.line(c.root), f, fmt.Sprintf(format, args...))
	}
}

// check says what is wrong with a policy.
func (p *policyFile) check(root *yaml.Node) error {
	c := &checker{root: root}
	c.refuse(p.Schema != policySchema, field{"schema"}, "%q is not known; write schema: %s", p.Schema, policySchema)
	p.checkOwners(c)
	p.checkCaps(c)
	p.checkQuiet(c)
	executes := false
	for i, r := range p.Rules {
		r.check(c, field{"rules", i})
		executes = executes || r.Mode == ModeApprove || r.Mode == ModeAuto
	}
	c.refuse(len(p.Rules) == 0, field{"rules"}, "there is none; without one everything is only planned, which needs no policy")
	c.refuse(executes && len(p.Owners) == 0, field{"owners"}, "there is none, so that no rule can execute; list provider and owner of your keys")
	return c.err
}

// providerName and keyID are how providers and finding IDs are written.
var (
	providerName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`) })
	keyID        = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^q-[0-9a-f]{16}$`) })
)

func (p *policyFile) checkOwners(c *checker) {
	for i, a := range p.Owners {
		at := field{"owners", i}
		c.refuse(!providerName().MatchString(a.Provider), at.at("provider"), "%q is not the name of a provider; write it in full, as quash rules list shows it", a.Provider)
		c.refuse(blank(a.Owner), at.at("owner"), "it is empty; write the owner as quash verify shows it")
	}
	for i, id := range p.Never.IDs {
		c.refuse(!keyID().MatchString(string(id)), field{"never", "ids", i}, "%q is not a finding ID; it is q- and 16 hex digits", id)
	}
	for i, o := range p.Never.Owners {
		c.refuse(blank(o), field{"never", "owners", i}, "it is empty; write an owner, or take it out")
	}
}

func (p *policyFile) checkCaps(c *checker) {
	for _, limit := range [...]struct {
		name string
		n    int
	}{{"run", p.Caps.Run}, {"provider", p.Caps.Provider}, {"hour", p.Caps.Hour}} {
		at := field{"caps", limit.name}
		caps := child(c.root, "caps")
		given := caps != nil && child(caps, limit.name) != nil
		c.refuse(given && limit.n < 1, at, "%d is not a cap; write at least 1, or use mode dry-run to execute nothing", limit.n)
	}
}

func (p *policyFile) checkQuiet(c *checker) {
	q := &p.Quiet
	if len(q.Windows) > 0 || q.Zone != "" {
		zone, err := time.LoadLocation(q.Zone)
		c.refuse(err != nil || q.Zone == "" || q.Zone == "Local", field{"quiet", "zone"}, "%q is not a time zone; write a name like Europe/Berlin or UTC", q.Zone)
		q.zone = zone
	}
	for i, w := range q.Windows {
		at := field{"quiet", "windows", i}
		from, okFrom := minutes(w.From)
		to, okTo := minutes(w.To)
		c.refuse(!okFrom || from == 24*60, at.at("from"), "%q is not a time; write HH:MM in quotes, 00:00 to 23:59", w.From)
		c.refuse(!okTo, at.at("to"), "%q is not a time; write HH:MM in quotes, 00:00 to 24:00", w.To)
		c.refuse(okFrom && okTo && from == to, at.at("to"), "the window ends when it begins; for a whole day write 00:00 to 24:00")
		for k, day := range w.Days {
			c.refuse(!slices.Contains(weekdays[:], day), at.at("days", k), "%q is not a day; use mon, tue, wed, thu, fri, sat, sun", day)
		}
	}
}

func (r PolicyRule) check(c *checker, at field) {
	c.refuse(!slices.Contains([]Mode{ModeDryRun, ModeApprove, ModeAuto}, r.Mode), at.at("mode"), "%q is not a mode; use dry-run, approve or auto", r.Mode)
	c.refuse(len(r.WithoutApproval) > 0 && r.Mode != ModeAuto, at.at("without_approval"), "it is for mode auto and the mode is %s; take it out", r.Mode)
	for i, risk := range r.WithoutApproval {
		c.refuse(!slices.Contains([]Risk{RiskIrreversible, RiskCollateral, RiskOperator}, risk), at.at("without_approval", i), "%q is not a risk; use irreversible, collateral or operator", risk)
	}
	for _, m := range [...]struct {
		name     string
		patterns Patterns
		known    []string
	}{
		{"provider", r.Match.Provider, nil},
		{"rule", r.Match.Rule, nil},
		{"owner", r.Match.Owner, nil},
		{"environment", r.Match.Environment, nil},
		{"exposure", r.Match.Exposure, []string{string(ExposurePublic), string(ExposureInternal), string(ExposureLocal), "unknown"}},
		{"privilege", r.Match.Privilege, []string{string(PrivilegeAdmin), string(PrivilegeWrite), string(PrivilegeRead), "unknown"}},
	} {
		c.refuse(m.patterns != nil && len(m.patterns) == 0, at.at("match", m.name), "the list is empty; take it out, or name a value")
		for _, pattern := range m.patterns {
			c.refuse(blank(pattern), at.at("match", m.name), "a value is empty; take it out")
			c.refuse(m.known != nil && !slices.Contains(m.known, pattern), at.at("match", m.name), "%q is not one; use %s", pattern, strings.Join(m.known, ", "))
		}
	}
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }
