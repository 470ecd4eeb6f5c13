package rules

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
)

// Sample is a generated key: it has the form of a real one and was never issued.
type Sample struct {
	// Text is a whole match of the rule's pattern; for rules that are anchored in context it holds the context too.
	Text string
	// Token is the key.
	Token string
	// Parts are the named groups that took part in the match, "token" among them, and the near parts.
	Parts map[string]string
}

// sampleTries bounds the search for a text that passes all checks.
const sampleTries = 400

// Sample makes a key from the pattern, puts its checksum right and sees that the other checks pass. The same rnd gives
// the same keys. It is the zero Sample if no text passes; [CheckFile] refuses such a rule.
func (r *Rule) Sample(rnd *rand.Rand) Sample { return r.sampleOf(&generator{rnd: rnd}) }

func (r *Rule) sampleOf(g *generator) Sample {
	for range sampleTries {
		text := g.text(r.compiled.tree())
		for _, kind := range fixOrder {
			for _, c := range r.Checks {
				if c.Kind == kind {
					text = fixes[kind](g, r, c.Arg, text)
				}
			}
		}
		parts, ok := r.wholeMatch(text)
		if !ok || r.Max > 0 && len(text) > r.Max || !passes(r.Validate(parts)) {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(r.Near)) {
			parts[name] = g.nearPart(r, name)
		}
		return Sample{Text: text, Token: parts["token"], Parts: parts}
	}
	return Sample{}
}

// fillName is what stands for a part in an example. Other uses of braces, {{ secrets.TOKEN }}, are text.
var fillName = form(`\{\{([a-z][a-z0-9_]*)\}\}`)

// Fill puts a sample into an example: {{sample}} is the key, {{NAME}} another part. A name in lower case that is no part of
// the sample is an error.
func (r *Rule) Fill(example string, s Sample) (string, error) {
	var err error
	text := fillName().ReplaceAllStringFunc(example, func(use string) string {
		name := use[2 : len(use)-2]
		if name == "sample" {
			return s.Token
		}
		part, ok := s.Parts[name]
		if !ok {
			err = fmt.Errorf("{{%s}}: the rule has no part of that name", name)
		}
		return part
	})
	return text, err
}

// passes reports whether all checks passed.
func passes(results []Result) bool {
	return !slices.ContainsFunc(results, func(res Result) bool { return !res.OK })
}

// wholeMatch reads the parts of a text that the pattern matches from end to end.
func (r *Rule) wholeMatch(text string) (map[string]string, bool) {
	re := r.Regexp()
	m := re.FindStringSubmatchIndex(text)
	if m == nil || m[0] != 0 || m[1] != len(text) {
		return nil, false
	}
	return partsOf(re, text, m), true
}

// partsOf names the groups of a match; "token" is the whole match where there is no such group.
func partsOf(re *regexp.Regexp, text string, m []int) map[string]string {
	parts := map[string]string{"token": text[m[0]:m[1]]}
	for i, name := range re.SubexpNames() {
		if name != "" && m[2*i] >= 0 {
			parts[name] = text[m[2*i]:m[2*i+1]]
		}
	}
	return parts
}

// place is where a part stands in a text that the pattern matches from end to end: the group of that name, else of the
// key, else all.
func (r *Rule) place(text string, names ...string) (from, to int, ok bool) {
	re := r.Regexp()
	m := re.FindStringSubmatchIndex(text)
	if m == nil || m[1]-m[0] != len(text) {
		return 0, 0, false
	}
	for _, name := range names {
		if i := re.SubexpIndex(name); i >= 0 && m[2*i] >= 0 {
			return m[2*i], m[2*i+1], true
		}
	}
	return m[0], m[1], true
}

// nearPart makes a part that stands near a match.
func (g *generator) nearPart(r *Rule, name string) string {
	re := r.NearRegexp(name)
	tree := mustParse(r.Near[name].Pattern)
	for range sampleTries {
		text := g.text(tree)
		m := re.FindStringSubmatchIndex(text)
		if m == nil {
			continue
		}
		if i := re.SubexpIndex(name); i >= 0 && m[2*i] >= 0 {
			return text[m[2*i]:m[2*i+1]]
		}
		return text[m[0]:m[1]]
	}
	return ""
}
