package scanner

import (
	"cmp"
	"slices"
	"sort"

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

// has reports whether a candidate is the other half of another, and not less sure by a whole class: a pair of low confidence may
// not be shown, and hides no better key. Of two that claim each other the better one stays.
func (c *claims) has(half candidate) bool {
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
			return true
		}
	}
	return false
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
