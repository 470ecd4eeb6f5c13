package rules

import (
	"slices"
	"strings"
	"time"
)

// sayings are what evidence can say, and the flow that it then speaks of.
var sayings = map[Said]string{SaysRequest: verifyFlow, SaysActive: verifyFlow, SaysInactive: verifyFlow, SaysRevoke: revokeFlow}

// evidence checks that the evidence names a publication, a day, and requests that the rule has.
func (c *ruleChecker) evidence() {
	e := c.rule.Evidence
	if e == nil {
		return
	}
	if !strings.HasPrefix(e.At, "https://") {
		c.addf(at{"evidence", "at"}, "evidence at %q: an https address is wanted", e.At)
	}
	if _, err := time.Parse(time.DateOnly, e.On); err != nil {
		c.addf(at{"evidence", "on"}, "evidence on %q: a day is wanted, YYYY-MM-DD", e.On)
	}
	if len(e.Says) == 0 {
		c.addf(at{"evidence"}, "evidence says nothing; name request, active, inactive or revoke")
	}
	flows := map[string]Flow{verifyFlow: c.rule.Verify, revokeFlow: c.rule.Revoke}
	for i, said := range e.Says {
		flow, ok := sayings[said]
		switch where := (at{"evidence", "says", i}); {
		case !ok:
			c.addf(where, "evidence says %q: it is request, active, inactive or revoke", said)
		case len(flows[flow]) == 0:
			c.addf(where, "evidence says %s, and the rule has no %s", said, flow)
		case slices.Index(e.Says, said) < i:
			c.addf(where, "evidence says %s twice", said)
		}
	}
}
