package provider

import (
	"context"
	"fmt"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// guarded keeps the keys of canary accounts from every request that would show them: who planted one would be told that somebody
// uses it. What is nil stays nil.
func guarded(p revoker.Provider, rule *rules.Rule) revoker.Provider {
	if len(rule.File().Canaries) == 0 {
		return p
	}
	if p.Verifier != nil {
		p.Verifier = canaryVerifier{rule, p.Verifier}
	}
	if p.Revoker != nil {
		p.Revoker = canaryRevoker{rule, p.Revoker}
	}
	return p
}

// canary says who planted a key.
func canary(rule *rules.Rule, f scanner.Finding) (by string, ok bool) {
	return rule.Canary(f.Token().Reveal())
}

type canaryVerifier struct {
	rule *rules.Rule
	next revoker.Verifier
}

// Verify implements [revoker.Verifier]. A canary's verdict is unknown, and no request was made for it.
func (c canaryVerifier) Verify(ctx context.Context, f scanner.Finding) (revoker.Verdict, error) {
	if by, ok := canary(c.rule, f); ok {
		return revoker.Verdict{
			Validity: revoker.Unknown,
			Reason:   "a canary of " + by + ": its account is known to raise an alarm, so the issuer was not asked",
		}, nil
	}
	return c.next.Verify(ctx, f)
}

type canaryRevoker struct {
	rule *rules.Rule
	next revoker.Revoker
}

// Revoke implements [revoker.Revoker]. A canary is never revoked.
func (c canaryRevoker) Revoke(ctx context.Context, f scanner.Finding, v revoker.Verdict) (revoker.Receipt, error) {
	if by, ok := canary(c.rule, f); ok {
		return revoker.Receipt{}, fmt.Errorf("revoke %s: a canary of %s opens nothing and is watched; leave it, or ask its owner to take it down", f.ID, by)
	}
	return c.next.Revoke(ctx, f, v)
}
