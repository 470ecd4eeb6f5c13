package scanner

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"github.com/quash-sh/quash/rules"
)

// claims are the parts that keys have taken, so that no other rule reports the half of a key as a key of its own.
type claims struct {
	all []claim
	// longest is the greatest length of a claimed part.
	longest int64
}

// claim is a part that a key has taken, at its place.
type claim struct {
	at    span
	owner candidate
}

// emptied is no claims, in the same memory.
func (c *claims) emptied() claims { return claims{all: c.all[:0]} }

// add remembers the parts of a key. An allowed key claims nothing: its other half is allowed only where that says so itself.
func (c *claims) add(owner candidate, taken []span) {
	if owner.allowed {
		return
	}
	for _, at := range taken {
		c.all = append(c.all, claim{at, owner})
		c.longest = max(c.longest, at.len())
	}
}

// sort brings the claims in order of place, as has wants them.
func (c *claims) sort() {
	slices.SortStableFunc(c.all, func(a, b claim) int { return cmp.Compare(a.at.from, b.at.from) })
}

// owner is the key that a candidate is the other half of, if that is not less sure by a whole class: a pair of low confidence may
// not be shown, and hides no better key. Of two that claim each other the better one stays.
func (c *claims) owner(half candidate) *candidate {
	first := sort.Search(len(c.all), func(i int) bool { return c.all[i].at.from > half.token.from-c.longest })
	for _, claim := range c.all[first:] {
		if claim.at.from >= half.token.to {
			break
		}
		owner := claim.owner
		if !claim.at.overlaps(half.token) || owner.token.overlaps(half.token) {
			continue
		}
		shown := owner.finding.Confidence != rules.Low || half.finding.Confidence == rules.Low
		if shown && (better(owner, half) < 0 || !c.by(half, owner)) {
			return &owner
		}
	}
	return nil
}

// told is a candidate as it is handed on. The other half of a key is a further place of that key: whoever takes a key out of a text must
// take out both. What several keys share, an account or a host, is no secret, and not told of.
func (c candidate) told() (candidate, bool) {
	if c.owner == nil {
		return c, true
	}
	name := c.owner.partIn(c)
	if name == "" {
		return c, false
	}
	c.kept = c.owner.kept
	c.rule, c.finding.Rule, c.finding.Parts, c.finding.Redacted = c.owner.rule, c.owner.finding.Rule, c.owner.finding.Parts, c.owner.finding.Redacted
	c.finding.Reasons = append([]string{"the " + name + " of this key"}, c.finding.Reasons...)
	return c, true
}

// partIn names the part of a key that another candidate holds, or is a piece of; empty for one that several keys share.
func (c candidate) partIn(half candidate) string {
	value := half.finding.Token().value()
	for _, n := range c.rule.near() {
		part := c.finding.Parts[n.name].value()
		if part != "" && !n.shared && (strings.Contains(value, part) || strings.Contains(part, value)) {
			return n.name
		}
	}
	return ""
}

// by reports whether one candidate claims the key of another.
func (c *claims) by(owner, half candidate) bool {
	return slices.ContainsFunc(c.all, func(claim claim) bool {
		return claim.owner.token == owner.token && claim.owner.rule == owner.rule && claim.at.overlaps(half.token)
	})
}

// drop forgets the claims that end before a place.
func (c *claims) drop(before int64) {
	c.all = slices.DeleteFunc(c.all, func(claim claim) bool { return claim.at.to < before })
}
