package rules

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// foreignRule is a rule as the other tools write it.
type foreignRule struct {
	table           *tomlTable
	id, description string
	regex, path     string
	secretGroup     int
	entropy         float64
	keywords        []string
	allow           []Allow
	required        []requiredPart
	skipReport      bool
	// generic rules give way to others at the same place, as those tools have it.
	generic bool
}

// usualSpecificity is that of a rule of betterleaks that names none.
const usualSpecificity = 100

// requiredPart is a rule that must match near by.
type requiredPart struct {
	id             string
	lines, columns float64
	near, wide     bool // lines, columns are set
	table          *tomlTable
}

// rule reads a rule; one with the id of a rule that is already there changes that one, as far as it says anything.
func (im *importer) rule(t *tomlTable) {
	r := &foreignRule{table: t, id: t.text("id")}
	t.rule = r.id
	r.description = t.text("description")
	r.regex, r.path = t.text("regex"), t.text("path")
	r.secretGroup = int(t.number("secretgroup"))
	r.entropy = t.number("entropy")
	r.keywords = t.texts("keywords")
	r.skipReport = t.flag("skipreport")
	for _, key := range []string{"allowlist", "allowlists"} {
		for _, at := range t.tables(key) {
			r.allow = append(r.allow, at.allowlist()...)
		}
	}
	r.allow = append(r.allow, t.filter("filter")...)
	for _, rt := range t.tables("required") {
		r.required = append(r.required, rt.required())
	}
	if len(t.texts("tags")) > 0 {
		t.notef("tags", "quash has no tags; reports group by rule and provider. The rule is loaded without them")
	}
	r.generic = strings.Contains(lower(r.id), "generic")
	if t.take("specificity") != nil {
		r.generic = r.generic || t.number("specificity") < usualSpecificity
		t.notef("specificity", "of several rules that match one text quash takes the one that is surer of it; below %d the rule is loaded with confidence low, else the number changes nothing", usualSpecificity)
	}
	if t.flag("tokenefficiency") {
		t.notef("tokenefficiency", "quash weighs every value of a generic rule in its own way. The rule is loaded without it")
	}
	if t.text("validate") != "" {
		t.notef("validate", "requests of other tools are not read, since a key goes only to hosts that a rule file of quash lists; write verify: by hand. The rule is loaded without it")
	}
	t.rest()
	if r.id == "" {
		t.notef("", "the rule has no id; it is not loaded")
		return
	}
	i := slices.IndexFunc(im.rules, func(o *foreignRule) bool { return o.id == r.id })
	if i < 0 {
		im.rules = append(im.rules, r)
		return
	}
	im.rules[i] = im.rules[i].changed(r)
}

// changed is a rule with what another of the same id says put over it.
func (r *foreignRule) changed(by *foreignRule) *foreignRule {
	c := *r
	c.table = by.table
	c.description = cmp.Or(by.description, r.description)
	c.regex, c.path = cmp.Or(by.regex, r.regex), cmp.Or(by.path, r.path)
	c.secretGroup = cmp.Or(by.secretGroup, r.secretGroup)
	c.entropy = cmp.Or(by.entropy, r.entropy)
	c.generic = by.generic || r.generic
	c.skipReport = by.skipReport || r.skipReport
	c.keywords = slices.Concat(r.keywords, by.keywords)
	c.allow = slices.Concat(r.allow, by.allow)
	c.required = slices.Concat(r.required, by.required)
	return &c
}

func (t *tomlTable) required() requiredPart {
	_, near := t.keys["withinlines"]
	_, wide := t.keys["withincolumns"]
	p := requiredPart{id: t.text("id"), lines: t.number("withinlines"), columns: t.number("withincolumns"), near: near, wide: wide, table: t}
	t.rest()
	return p
}

// mostInTurn is how many rules one is split into.
const mostInTurn = 8

// inTurn splits a rule of which now one group, now another holds the key into one rule for each.
func (fr *foreignRule) inTurn() []*foreignRule {
	tree, err := parse(fr.regex)
	if err != nil || fr.skipReport {
		return []*foreignRule{fr}
	}
	if _, err = keyGroup(tree, fr.secretGroup); !errors.Is(err, errInTurn) || tree.MaxCap() > mostInTurn {
		return []*foreignRule{fr}
	}
	var all []*foreignRule
	for n := 1; n <= tree.MaxCap(); n++ {
		one := *fr
		part, _ := through(tree, n)
		one.id = fmt.Sprintf("%s-%d", fr.id, n)
		one.regex = named(part, n, "token").String()
		one.secretGroup = 1
		all = append(all, &one)
	}
	fr.table.notef("regex", "%d groups hold the key, in turn; it is loaded as a rule for each, %s to %s", len(all), all[0].id, all[len(all)-1].id)
	return all
}

// convert makes a rule of ours; false: it cannot be, and a note says why.
func (im *importer) convert(fr *foreignRule) (Rule, bool) {
	t := fr.table
	provider := im.file.Provider
	r := Rule{ID: provider + "-" + dashed(fr.id), Name: cmp.Or(fr.description, fr.id), Path: fr.path, Allow: fr.allow}
	if fr.regex == "" {
		if fr.path != "" {
			t.notef("path", "a rule of a path alone finds files, and quash finds keys; the rule is not loaded. Add a regex for what stands in the file")
			return r, false
		}
		t.notef("regex", "the rule has none, and no file that is read has a rule of this id for it to change; it is not loaded")
		return r, false
	}
	tree, err := parse(fr.regex)
	if err != nil {
		t.notef("regex", "not a usable RE2 expression: %v; the rule is not loaded", err)
		return r, false
	}
	group, err := keyGroup(tree, fr.secretGroup)
	if err != nil {
		t.notef("regex", "%v; the rule is not loaded", err)
		return r, false
	}
	r.Pattern = nameGroup(fr.regex, group, "token")
	r.Max = capOf(tree)
	if r.Max > 0 {
		t.notef("regex", "it has no greatest length; quash reports no match longer than %d bytes", r.Max)
	}
	if r.Keywords = fr.keywordsFor(r.Pattern); r.Keywords == nil && fr.bare() {
		r.Confidence = Low
	}
	if fr.generic {
		r.Confidence = Low
	}
	if fr.entropy > 0 {
		r.Checks = []Check{{Kind: "entropy", Arg: strconv.FormatFloat(fr.entropy, 'f', -1, 64)}}
	}
	return r, im.parts(fr, &r)
}

// keywordsFor are the rule's keywords if every match has one of them, else those of the expression, else none.
func (fr *foreignRule) keywordsFor(pattern string) []string {
	tree, err := parse(pattern)
	if err != nil || nodes(tree) > maxNodes {
		return nil
	}
	given := lowerAll(fr.keywords)
	slices.Sort(given)
	given = slices.Compact(given)
	derived := wordsOf(tree)
	switch {
	case inEvery(tree, given):
		return given
	case !inEvery(tree, derived):
		return nil
	}
	if len(given) > 0 {
		fr.table.notef("keywords", "not every match has one of them; quash looks for %q, which every match has, and wants no other text in the file", derived)
	}
	return derived
}

// bare says what it means that no text is in every match, and reports whether the rule wants one elsewhere in the file: its
// matches then say little by themselves.
func (fr *foreignRule) bare() (elsewhere bool) {
	fr.table.notef("regex", "no text of %d or more bytes is in every match, so quash looks for the rule at every byte, which is expensive", leastKeyword)
	if len(fr.keywords) > 0 {
		fr.table.notef("keywords", "not every match has one of them, and quash wants no other text in the file; the rule is loaded with confidence low")
	}
	return len(fr.keywords) > 0
}

// The distances at which required parts are looked for, in bytes.
const (
	// bytesOfLine is what a line of distance counts.
	bytesOfLine = 120
	// anywhere is the distance of a part without one.
	anywhere = 4096
)

func (p *requiredPart) within() int {
	n := anywhere
	switch {
	case p.near:
		n = (int(min(p.lines, 1000)) + 1) * bytesOfLine
	case p.wide:
		n = int(min(p.columns, anywhere))
	}
	return min(max(n, 1), maxSpan)
}

// parts makes near parts of the rules that are required; false: one cannot be made, and a note says why.
func (im *importer) parts(fr *foreignRule, r *Rule) bool {
	for _, p := range fr.required {
		i := slices.IndexFunc(im.rules, func(o *foreignRule) bool { return o.id == p.id })
		if i < 0 || im.rules[i].regex == "" {
			p.table.notef("id", "no rule %q with a regex is in the file; the rule that requires it is not loaded", p.id)
			return false
		}
		name, n, err := im.rules[i].asPart(p.within())
		if err != nil {
			p.table.notef("id", "rule %q cannot stand near by: %v; the rule that requires it is not loaded", p.id, err)
			return false
		}
		if r.Near == nil {
			r.Near = map[string]Near{}
		}
		r.Near[name] = n
		p.table.notef("", "read as a part within %d bytes, a line counted as %d; its expression's repeats end at %d, and its entropy, keywords and allowlists are not looked at", n.Within, bytesOfLine, repeatCap)
	}
	return true
}

// asPart is the rule as a near part of another.
func (fr *foreignRule) asPart(within int) (name string, n Near, err error) {
	tree, err := parse(fr.regex)
	if err != nil {
		return "", n, err
	}
	group, err := keyGroup(tree, fr.secretGroup)
	if err != nil {
		return "", n, err
	}
	name = "part_" + underscored(fr.id)
	pattern := named(bounded(tree), group, name).String()
	if _, err = parse(pattern); err != nil {
		return "", n, fmt.Errorf("with its repeats bounded it is too large")
	}
	return name, Near{Pattern: pattern, Within: within}, nil
}

// underscored is an id as part of a name.
func underscored(id string) string {
	out := []byte(dashed(id))
	for i, c := range out {
		if c == '-' {
			out[i] = '_'
		}
	}
	return string(out)
}
