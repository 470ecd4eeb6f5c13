package rules

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
)

// Opener reads a file that a rule file extends, by the path that stands there.
type Opener func(path string) ([]byte, error)

// Import reads a rule file of gitleaks or betterleaks (TOML; the formats are described in the README of gitleaks and in
// docs/config.md of betterleaks) as one of ours.
//
// What it does not read, or reads in another way than those tools do, is named in the notes, in the order of lines: where, which
// key, what follows from it, what to do. No key is left out without a note. A rule that cannot be searched as it is written is
// not loaded, and a note says so; so is a file that has no rule left. name is how the notes call the file, and the provider of
// its rules is made from it. open reads what the file extends; nil reads nothing.
//
// Validation steps are never read: only a rule file of quash, which lists the hosts, may send a key anywhere.
func Import(name string, data []byte, open Opener) (*File, []Problem, error) {
	doc, err := readTOML(name, data)
	if err != nil {
		return nil, nil, err
	}
	im := &importer{open: open}
	im.read(doc, 0)
	f := &File{Provider: providerOf(name), Allow: im.allow, name: name}
	im.file = f
	for _, r := range im.rules {
		im.target(r)
		for _, one := range r.inTurn() {
			im.add(one)
		}
	}
	for _, t := range im.targeted {
		t.from.notef("targetrules", "no rule of the file has the id %q", t.id)
	}
	sortByLine(doc.notes)
	notes := slices.Concat(doc.notes, im.notes)
	if len(f.Rules) == 0 {
		return nil, notes, Problem{File: name, Msg: "no rule of the file can be loaded; the notes say why"}
	}
	(&checker{file: f}).prepare(Options{})
	f.digest = f.computeDigest()
	return f, notes, nil
}

// WithImported returns a new set that has the rules of one more file, which [Import] returned.
func (s *Set) WithImported(f *File) (*Set, error) {
	return newSet(append(slices.Clone(s.files), hold(f)))
}

// importer makes one file of a document and of those that it extends.
type importer struct {
	open  Opener
	file  *File
	rules []*foreignRule
	allow []Allow
	// targeted are the allowances of the document for rules that were not met yet.
	targeted []targetedAllow
	// notes are those of documents that are extended.
	notes []Problem
}

// targetedAllow is an allowance for the rule of one id.
type targetedAllow struct {
	id    string
	allow []Allow
	from  *tomlTable
}

// providerOf makes a provider's name of a file's.
func providerOf(name string) string {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	base = strings.TrimSuffix(strings.TrimLeft(base, "."), path.Ext(base))
	return cmp.Or(dashed(base), "imported")
}

// dashed is a text as part of an id: lower case, with single dashes for what no id has.
func dashed(text string) string {
	words := strings.FieldsFunc(lower(text), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
	return strings.Join(words, "-")
}

// maxExtends is how many files may extend one another, as gitleaks has it.
const maxExtends = 2

// notRead are top-level keys that change nothing in what is found.
var notRead = map[string]string{
	"title":                 "",
	"description":           "",
	"minversion":            "quash does not compare versions of other tools; keys that it does not know are named",
	"betterleaksminversion": "quash does not compare versions of other tools; keys that it does not know are named",
}

// read takes in a document: what it extends first.
func (im *importer) read(doc *tomlDoc, depth int) {
	t := doc.root
	for _, key := range []string{"title", "description", "minversion", "betterleaksminversion"} {
		if t.take(key) != nil && notRead[key] != "" {
			t.notef(key, "%s", notRead[key])
		}
	}
	for _, e := range t.tables("extend") {
		im.extend(e, depth)
	}
	for _, rt := range t.tables("rules") {
		im.rule(rt)
	}
	for _, key := range []string{"allowlist", "allowlists"} {
		for _, at := range t.tables(key) {
			im.globalAllow(at)
		}
	}
	for _, key := range []string{"prefilter", "filter"} {
		im.allow = append(im.allow, t.filter(key)...)
	}
	t.rest()
}

// extend reads the files that a document builds on.
func (im *importer) extend(t *tomlTable, depth int) {
	if t.flag("usedefault") {
		t.notef("usedefault", "the default rules of that tool are not part of quash, whose own rules apply; to use them too, give their file with a second --rules")
	}
	if url := t.text("url"); url != "" {
		t.notef("url", "quash fetches no rules; download the file and name it with path")
	}
	if p := t.text("path"); p != "" {
		im.extendFile(t, p, depth)
	}
	for _, id := range t.texts("disabledrules") {
		n := len(im.rules)
		im.rules = slices.DeleteFunc(im.rules, func(r *foreignRule) bool { return r.id == id })
		if len(im.rules) == n {
			t.notef("disabledrules", "no rule %q comes from a file that this one extends; leave out a rule of quash with --skip ID", id)
		}
	}
	t.rest()
}

func (im *importer) extendFile(t *tomlTable, p string, depth int) {
	err := errors.New("files are not read here")
	var data []byte
	switch {
	case depth+1 >= maxExtends:
		err = fmt.Errorf("at most %d files extend one another", maxExtends)
	case im.open != nil:
		data, err = im.open(p)
	}
	var doc *tomlDoc
	if err == nil {
		doc, err = readTOML(p, data)
	}
	if err != nil {
		t.notef("path", "%q is not read: %v; the rules and allowlists that it has are missing", p, err)
		return
	}
	im.read(doc, depth+1)
	sortByLine(doc.notes)
	im.notes = append(im.notes, doc.notes...)
}

// target gives a rule the document's allowances for it.
func (im *importer) target(fr *foreignRule) {
	im.targeted = slices.DeleteFunc(im.targeted, func(t targetedAllow) bool {
		if t.id == fr.id {
			fr.allow = append(fr.allow, t.allow...)
		}
		return t.id == fr.id
	})
}

// add makes a rule of ours and keeps it if it passes the checks that every rule passes.
func (im *importer) add(fr *foreignRule) {
	if fr.skipReport {
		return
	}
	r, ok := im.convert(fr)
	if !ok {
		return
	}
	if slices.ContainsFunc(im.file.Rules, func(other Rule) bool { return other.ID == r.ID }) {
		fr.table.notef("id", "another rule of the file has the same id for quash, %s; the rule is not loaded", r.ID)
		return
	}
	one := &File{Provider: im.file.Provider, Allow: im.file.Allow, Rules: []Rule{r}, name: im.file.name}
	c := &checker{file: one}
	c.prepare(Options{})
	rc := &ruleChecker{checker: c, rule: &one.Rules[0]}
	rc.fields()
	rc.keywords()
	rc.allowed()
	if rc.pattern() {
		rc.checks()
	}
	if len(c.problems) > 0 {
		fr.table.notef("", "%s; the rule is not loaded", c.problems[0].Msg)
		return
	}
	im.file.Rules = append(im.file.Rules, r)
}

// Prove writes an example for every rule of an imported file that has none, made from the rule's own pattern, so that the
// file can be written out and pass [CheckFile]. It returns the ids of the rules for which none was found: a person has to write
// it.
func (f *File) Prove() []string {
	var without []string
	for i := range f.Rules {
		r := &f.Rules[i]
		if len(r.Examples.Match) == 0 {
			r.Examples.Match = r.exampleOf()
		}
		if r.Examples.Match == nil {
			without = append(without, r.ID)
		}
	}
	return without
}

// exampleTries is how many texts are tried as the example of a rule that has none.
const exampleTries = 10

// exampleOf makes an example that proves the rule, nil if none is found.
func (r *Rule) exampleOf() []string {
	rnd := r.rand()
	for range exampleTries {
		s := r.Sample(rnd)
		if s.Token == "" {
			return nil
		}
		example := strings.Replace(s.Text, s.Token, "{{sample}}", 1)
		for _, name := range slices.Sorted(maps.Keys(r.Near)) {
			example += "\n" + r.nearExample(name, rnd)
		}
		if r.proves(example, rnd) {
			return []string{example}
		}
	}
	return nil
}

// nearExample is a text in which a near part is found, with {{NAME}} where it stands.
func (r *Rule) nearExample(name string, rnd *rand.Rand) string {
	g, re, tree := &generator{rnd: rnd}, r.NearRegexp(name), mustParse(r.Near[name].Pattern)
	group := 2 * max(0, re.SubexpIndex(name))
	for range sampleTries {
		text := g.text(tree)
		if m := re.FindStringSubmatchIndex(text); m != nil && m[group] >= 0 {
			return text[:m[group]] + "{{" + name + "}}" + text[m[group+1]:]
		}
	}
	return ""
}

// proves reports whether the rule finds many samples in an example.
func (r *Rule) proves(example string, rnd *rand.Rand) bool {
	c := &ruleChecker{checker: &checker{file: r.file}, rule: r}
	rnds := []*rand.Rand{rnd, r.rand()} // the second is what the loader tries
	for _, rnd := range rnds {
		for range sampleRuns {
			s := r.Sample(rnd)
			text, err := r.Fill(example, s)
			if s.Token == "" || err != nil || text == example || c.matchFault(text, s) != "" {
				return false
			}
		}
	}
	return true
}
