package scanner

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/quash-sh/quash/rules"
)

// judgement weighs one match.
type judgement struct {
	rule       *rules.Rule
	prefix     string
	confidence rules.Confidence
	reasons    []string
	sure       bool
	refused    bool
	path       string
	// documented says that the key is published by its issuer.
	documented bool
}

// validate runs the offline checks and the placeholder test; false means that it is no key. A checksum raises or lowers
// the confidence and never decides alone: published examples rarely carry a right one. A right one outweighs the looks.
func (j *judgement) validate(parts map[string]string) bool {
	if j.refused {
		return false
	}
	if j.prefix != "" {
		j.reasons = append(j.reasons, "prefix "+j.prefix)
	}
	doubt := false
	for _, res := range j.rule.Validate(parts) {
		if !res.OK && !res.Weak {
			return false
		}
		j.sure = j.sure || res.OK && res.Check.Kind == "checksum"
		doubt = doubt || !res.OK
		if res.Note != "" {
			j.reasons = append(j.reasons, res.Note)
		}
	}
	switch {
	case j.sure:
		j.confidence = rules.High
	case doubt:
		j.confidence = lower(j.confidence)
	}
	j.known(parts["token"])
	j.placed()
	if j.sure || j.documented {
		return true
	}
	if j.rule.Literal() != "" {
		return true // its surroundings say more than the value alone
	}
	return placeholder(strings.TrimPrefix(parts["token"], j.prefix)) == ""
}

// known lowers what its issuer has published.
func (j *judgement) known(token string) {
	if rules.Documented(token) {
		j.confidence, j.documented = rules.Low, true
		j.reasons = append(j.reasons, "documented example")
	}
}

// placed lowers what its rule takes for made up in such a place.
func (j *judgement) placed() {
	kind := j.rule.Place()
	if kind == rules.PlaceTests && placeOf(j.path) != "" || kind == rules.PlaceFixtures && fixtureOf(j.path) {
		j.confidence = rules.Low
		j.reasons = append(j.reasons, inTests)
	}
}

// context names the word before the key that the rule is anchored in, such as a variable.
func (j *judgement) context(before []byte) {
	if j.prefix != "" {
		return
	}
	low := bytes.ToLower(before)
	for _, k := range j.rule.Keywords {
		i := bytes.Index(low, []byte(strings.ToLower(k)))
		if i < 0 {
			continue
		}
		from, to := i, i+len(k)
		for from > 0 && wordByte(before[from-1]) {
			from--
		}
		for to < len(before) && wordByte(before[to]) {
			to++
		}
		if to-from <= 64 {
			j.reasons = append(j.reasons, "beside "+string(before[from:to]))
		}
		return
	}
}

func wordByte(c byte) bool {
	return c == '_' || c == '-' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func lower(c rules.Confidence) rules.Confidence {
	if c == rules.High {
		return rules.Medium
	}
	return rules.Low
}

// rank orders confidences.
func rank(c rules.Confidence) int {
	return slices.Index([]rules.Confidence{rules.Low, rules.Medium, rules.High}, c)
}

// byPlace orders candidates by where their key stands, then by rule.
func byPlace(a, b candidate) int {
	return cmp.Or(cmp.Compare(a.token.from, b.token.from), cmp.Compare(a.token.to, b.token.to),
		strings.Compare(a.rule.rule.ID, b.rule.rule.ID))
}

// better orders candidates for one place: the more specific first.
func better(a, b candidate) int {
	return cmp.Or(
		compareBool(a.places != nil, b.places != nil), // what may not count after all
		-compareBool(a.sure, b.sure),
		compareBool(a.general(), b.general()),
		-cmp.Compare(rank(a.finding.Confidence), rank(b.finding.Confidence)),
		-cmp.Compare(len(a.rule.prefix), len(b.rule.prefix)),
		-cmp.Compare(len(a.finding.Parts), len(b.finding.Parts)),
		-cmp.Compare(a.token.to-a.token.from, b.token.to-b.token.from),
		strings.Compare(a.rule.rule.ID, b.rule.rule.ID),
		byPlace(a, b))
}

// general says that the rule reads the keys of all issuers: it gives way to one that knows whose key it is.
func (c candidate) general() bool {
	_, all := c.rule.rule.Overlaps["*"]
	return all
}

// backed makes a candidate as sure as what a general rule says of the same place: its name and syntax tell of a key as much as
// they did without the issuer's rule.
func (c *candidate) backed(by candidate) {
	if !by.general() || c.general() || rank(by.finding.Confidence) <= rank(c.finding.Confidence) {
		return
	}
	c.finding.Confidence = by.finding.Confidence
	c.finding.Reasons = slices.Concat(c.finding.Reasons, by.finding.Reasons)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// winners returns, in order of place, the candidates of a cluster that no better one overlaps.
func winners(cluster []candidate) []candidate {
	if len(cluster) == 1 {
		return cluster
	}
	var won []candidate
	for _, c := range slices.SortedStableFunc(slices.Values(cluster), better) {
		beaten := false
		for i := range won {
			if won[i].token.overlaps(c.token) {
				beaten = true
				won[i].backed(c)
			}
		}
		if !beaten {
			won = append(won, c)
		}
	}
	slices.SortFunc(won, byPlace)
	return won
}
