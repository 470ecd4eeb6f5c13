package provider

import (
	"context"
	"maps"
	"strings"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// control asks the same question with one character of the key changed. Only an issuer that refuses the altered key has
// proven anything by accepting the real one.
func (f *flow) control(ctx context.Context, finding scanner.Finding, v revoker.Verdict) (revoker.Verdict, error) {
	sc, ok := f.controlled(finding)
	if !ok {
		return doubt(v, "; no control is possible: the key has no character that can be changed"), nil
	}
	c, err := f.present(ctx, sc)
	v.Control = c.Proof
	switch {
	case err != nil:
		return doubt(v, "; the control was stopped"), err
	case c.Validity == revoker.Active:
		return doubt(v, "; the issuer accepts an altered key too: the check proves nothing"), nil
	case c.Validity == revoker.Unknown:
		v.RetryAfter = c.RetryAfter
		return doubt(v, "; the control with an altered key got no clear answer: "+c.Reason), nil
	}
	v.Reason += "; with one character changed it " + c.Reason
	return v, nil
}

// doubt makes a verdict unknown.
func doubt(v revoker.Verdict, why string) revoker.Verdict {
	v.Validity, v.Reason = revoker.Unknown, v.Reason+why
	return v
}

// controlled is the scope of a control. A key that signs stays as it is, since a private key with another character is none: it is the
// signature in which one is changed.
func (f *flow) controlled(finding scanner.Finding) (*scope, bool) {
	if f.rule.Verify[0].JWT != nil {
		sc := newScope(finding)
		sc.control = true
		return sc, true
	}
	altered, ok := f.altered(finding)
	return newScope(altered), ok
}

// altered returns the finding with one character changed in the part that the verify request shows: the token, or
// the longest part where it shows no token.
func (f *flow) altered(finding scanner.Finding) (scanner.Finding, bool) {
	_, uses, err := f.render(&f.rule.Verify[0], newScope(finding))
	if err != nil {
		return finding, false
	}
	shown := ""
	for _, u := range uses {
		if u.kind == fromKey && shown != "token" && (u.name == "token" || finding.Parts[u.name].Len() > finding.Parts[shown].Len()) {
			shown = u.name
		}
	}
	fixed := ""
	if shown == "token" {
		fixed = f.rule.Prefix()
	}
	value, ok := alter(finding.Parts[shown].Reveal(), fixed)
	finding.Parts = maps.Clone(finding.Parts)
	finding.Parts[shown] = scanner.NewSecret(value)
	return finding, ok
}

// alter changes one letter or digit for another of its class. It takes one at two thirds of the way behind the fixed prefix:
// behind ids that stand first, before checksums that stand last.
func alter(value, prefix string) (string, bool) {
	fixed := 0
	if strings.HasPrefix(value, prefix) {
		fixed = len(prefix)
	}
	start := fixed + (len(value)-fixed)*2/3
	for _, span := range [...][2]int{{start, len(value)}, {fixed, start}} {
		for i := span[0]; i < span[1]; i++ {
			if c, ok := other(value[i]); ok {
				return value[:i] + string(rune(c)) + value[i+1:], true
			}
		}
	}
	return value, false
}

// other returns the letter or digit before c in its class, or the one after the first of the class. Hexadecimal digits stay
// hexadecimal.
func other(c byte) (byte, bool) {
	switch {
	case c == '0' || c == 'a' || c == 'A':
		return c + 1, true
	case c > '0' && c <= '9', c > 'a' && c <= 'z', c > 'A' && c <= 'Z':
		return c - 1, true
	}
	return c, false
}
