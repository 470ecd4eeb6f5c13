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
	if doubt && !j.sure {
		j.confidence = lower(j.confidence)
	}
	if j.sure {
		j.confidence = rules.High
		return true
	}
	if j.rule.Literal() != "" {
		return true // its surroundings say more than the value alone
	}
	return placeholder(strings.TrimPrefix(parts["token"], j.prefix)) == ""
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
		-cmp.Compare(rank(a.finding.Confidence), rank(b.finding.Confidence)),
		-cmp.Compare(len(a.rule.prefix), len(b.rule.prefix)),
		-cmp.Compare(len(a.finding.Parts), len(b.finding.Parts)),
		-cmp.Compare(a.token.to-a.token.from, b.token.to-b.token.from),
		strings.Compare(a.rule.rule.ID, b.rule.rule.ID),
		byPlace(a, b))
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
	for _, c := range slices.SortedFunc(slices.Values(cluster), better) {
		if !slices.ContainsFunc(won, func(w candidate) bool { return w.token.overlaps(c.token) }) {
			won = append(won, c)
		}
	}
	slices.SortFunc(won, byPlace)
	return won
}
