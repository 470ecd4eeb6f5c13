package rules

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
)

// sampleRuns is how many generated keys each example is tried with.
const sampleRuns = 20

// examples tries the examples with generated keys, the same on every run.
func (c *ruleChecker) examples() {
	rnd := c.rule.rand()
	samples := make([]Sample, sampleRuns)
	for i := range samples {
		samples[i] = c.rule.Sample(rnd)
		if samples[i].Token == "" {
			c.addf(at{"pattern"}, "no sample key could be made that the pattern matches and whose checks pass (%s)", c.rule.whyNoSample(rnd))
			return
		}
	}
	if len(c.rule.Examples.Match) == 0 {
		c.addf(at{"examples"}, "no example; write at least one under match, with {{sample}} where the key stands")
	}
	for i, example := range c.rule.Examples.Match {
		c.tryExample(at{"examples", "match", i}, example, samples, c.matchFault)
	}
	for i, example := range c.rule.Examples.Ignore {
		c.tryExample(at{"examples", "ignore", i}, example, samples, c.ignoreFault)
	}
}

// rand is a source that depends on the rule alone.
func (r *Rule) rand() *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.ID + "\x00" + r.Pattern)) // never fails
	return rand.New(rand.NewPCG(h.Sum64(), 1))
}

// whyNoSample says what stands against a generated text, without the text.
func (r *Rule) whyNoSample(rnd *rand.Rand) string {
	parts, ok := r.wholeMatch((&generator{rnd: rnd}).text(r.compiled.tree()))
	if !ok {
		return "the pattern does not match a text made from itself"
	}
	if why := failures(r.Validate(parts), true); why != "" {
		return why
	}
	return "it is longer than max"
}

// tryExample fills an example with each sample and notes the first fault. The problem shows the example as it is written.
func (c *ruleChecker) tryExample(where at, example string, samples []Sample, fault func(text string, s Sample) string) {
	for _, s := range samples {
		text, err := c.rule.Fill(example, s)
		if err != nil {
			c.addf(where, "%v", err)
			return
		}
		if why := fault(text, s); why != "" {
			c.addf(where, "example %q: %s", example, why)
			return
		}
		if text == example {
			if where[1] == "match" {
				c.addf(where, "example %q: it has no {{sample}}; no key-shaped text stands in a rule file", example)
			}
			return
		}
	}
}

func (c *ruleChecker) matchFault(text string, s Sample) string {
	found, why := c.rule.find(text, true)
	switch {
	case len(found) == 0:
		return "the rule does not find it: " + why
	case len(found) > 1:
		return fmt.Sprintf("the rule finds %d keys in it", len(found))
	}
	if found[0]["token"] != s.Token {
		return "the rule finds another text than {{sample}}"
	}
	for name := range c.rule.Near {
		if got := found[0][name]; got != s.Parts[name] && strings.Contains(text, s.Parts[name]) {
			return fmt.Sprintf("the rule finds another text than {{%s}}", name)
		}
	}
	return ""
}

func (c *ruleChecker) ignoreFault(text string, _ Sample) string {
	if found, _ := c.rule.find(text, false); len(found) > 0 {
		return "the rule finds it, and it should not"
	}
	return ""
}

// find returns the parts of the distinct keys that the rule finds in a text, and why it found none. A failed checksum
// stands against a match only if checksums is set.
func (r *Rule) find(text string, checksums bool) (found []map[string]string, why string) {
	if !r.Bare() && !r.hasKeyword(text) {
		return nil, "it has no keyword"
	}
	re := r.Regexp()
	seen := make(map[string]bool)
	why = "the pattern does not match"
	for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
		if r.Max > 0 && m[1]-m[0] > r.Max {
			why = "the match is longer than max"
			continue
		}
		parts := partsOf(re, text, m)
		if why = r.addNear(parts, text, m[0], m[1]); why != "" {
			continue
		}
		if why = failures(r.Validate(parts), checksums); why != "" || seen[parts["token"]] {
			continue
		}
		if _, counts := r.Places(Occurrence{Token: parts["token"], Match: text[m[0]:m[1]], Line: lineAround(text, m[0], m[1])}); !counts {
			why = "an allow of the rule or its file takes it out"
			continue
		}
		seen[parts["token"]] = true
		found = append(found, parts)
	}
	return found, why
}

// lineAround is the line of a text from one place to another.
func lineAround(text string, from, to int) string {
	from = strings.LastIndexByte(text[:from], '\n') + 1
	if i := strings.IndexByte(text[to:], '\n'); i >= 0 {
		return text[from : to+i]
	}
	return text[from:]
}

func (r *Rule) hasKeyword(text string) bool {
	text = lower(text)
	for _, k := range r.Keywords {
		if strings.Contains(text, lower(k)) {
			return true
		}
	}
	return false
}

// failures names the checks that failed; empty when none did.
func failures(results []Result, checksums bool) string {
	var notes []string
	for _, res := range results {
		if !res.OK && (checksums || !res.Weak) {
			notes = append(notes, res.Note)
		}
	}
	return strings.Join(notes, ", ")
}

// addNear adds the parts that stand near a match; it says which one is missing, if one is that the key needs.
func (r *Rule) addNear(parts map[string]string, text string, from, to int) (missing string) {
	for name, n := range r.Near {
		value, ok := r.nearest(name, n.Within, text, from, to)
		if ok {
			parts[name] = value
		} else if !n.Optional {
			return fmt.Sprintf("no part %q stands within %d bytes", name, n.Within)
		}
	}
	return ""
}

// nearest finds the part that stands closest to a match, and not in it.
func (r *Rule) nearest(name string, within int, text string, from, to int) (value string, ok bool) {
	re := r.NearRegexp(name)
	best := within + 1
	for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
		i, j := m[0], m[1]
		if g := re.SubexpIndex(name); g >= 0 && m[2*g] >= 0 {
			i, j = m[2*g], m[2*g+1]
		}
		distance := max(from-j, i-to)
		if distance >= 0 && distance < best {
			value, ok, best = text[i:j], true, distance
		}
	}
	return value, ok
}
