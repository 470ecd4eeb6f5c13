package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// agiledProofLife is for how long the known-good key's acceptance proves a base URL.
const agiledProofLife = time.Minute

// agiledVerifier runs the rule's verify flow and doubts a 401.
type agiledVerifier struct {
	*agiled
	flow *flow
}

// Verify implements [revoker.Verifier].
func (a *agiledVerifier) Verify(ctx context.Context, f scanner.Finding) (revoker.Verdict, error) {
	if a.legacy() && a.brand(f) == "" {
		return revoker.Verdict{Validity: revoker.Unknown, Reason: "not asked: the legacy API answers a token only together with its account's URL " +
			"(header Brand), and none was found beside the token; set providers.agiled.legacy_brand to try that one"}, nil
	}
	v, err := a.flow.Verify(ctx, a.complete(f))
	if err != nil || v.Proof == nil {
		return v, err
	}
	switch at := (agiledSight{f.ID, v.Proof.URL, a.brand(f)}); v.Validity {
	case revoker.Active:
		a.sighted(at)
		if at.brand != "" && v.Facts != nil {
			v.Facts["organization"] = at.brand
		}
	case revoker.Inactive:
		return a.prove(ctx, f, at, v)
	}
	return v, nil
}

func (a *agiledVerifier) legacy() bool { return a.flow.rule.ID == agiledLegacyRule }

// brand is the account that a legacy token is shown with; "" for other keys.
func (a *agiledVerifier) brand(f scanner.Finding) string {
	if !a.legacy() {
		return ""
	}
	if b := f.Parts["brand"]; b.Len() > 0 {
		return strings.TrimSuffix(b.Reveal(), "/")
	}
	return a.o.LegacyBrand
}

// complete adds the operator's account to a legacy token that was found without one.
func (a *agiledVerifier) complete(f scanner.Finding) scanner.Finding {
	if b := a.brand(f); b != "" {
		f.Parts = map[string]scanner.Secret{"token": f.Token(), "brand": scanner.NewSecret(b)}
	}
	return f
}

// prove lets an inactive verdict stand where it is proven that a live key would have been accepted, and makes it
// unknown otherwise.
func (a *agiledVerifier) prove(ctx context.Context, f scanner.Finding, at agiledSight, v revoker.Verdict) (revoker.Verdict, error) {
	before, err := a.wasActive(ctx, at)
	if err != nil {
		return doubt(v, ""), err
	}
	if before {
		v.Reason += "; the same key was accepted here before"
		return v, nil
	}
	good, place := a.knownGood(at.brand), agiledSight{url: at.url, brand: at.brand}
	switch {
	case good.Token().Len() == 0:
		return doubt(v, "; that alone does not prove the key dead, because a wrong base URL answers the same: set providers.agiled.known_good to a "+
			"key of yours that works"), nil
	case good.Token().Equal(f.Token()):
		return doubt(v, "; and it is the configured known-good key itself: set providers.agiled.known_good to another key that works"), nil
	case a.lately(place):
		v.Reason += "; the known-good key is accepted here"
		return v, nil
	}
	known, err := a.flow.present(ctx, newScope(good))
	if known.Validity != revoker.Active {
		v.RetryAfter = known.RetryAfter
		return doubt(v, "; the known-good key was not accepted here either ("+known.Reason+"): check the base URL and that key"), err
	}
	a.mu.Lock()
	a.proved[place] = known.At
	a.mu.Unlock()
	v.Reason += fmt.Sprintf("; the known-good key was %s at the same base", known.Reason)
	return v, nil
}

// knownGood is the operator's live key as a finding, with an empty token where there is none that proves anything: a legacy
// token proves no more than its own account.
func (a *agiledVerifier) knownGood(brand string) scanner.Finding {
	token := a.o.KnownGood
	if a.legacy() {
		token = a.o.LegacyKnownGood
	}
	if a.legacy() && brand != a.o.LegacyBrand {
		token = scanner.Secret{}
	}
	return a.complete(scanner.Finding{ID: "agiled-known-good", Rule: a.flow.rule.ID, Parts: map[string]scanner.Secret{"token": token}})
}

// sighted remembers that a key was accepted.
func (a *agiled) sighted(at agiledSight) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen[at] = true
}

// lately says whether the known-good key was accepted at the place within the last minute.
func (a *agiled) lately(place agiledSight) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	at, ok := a.proved[place]
	return ok && a.client.clock.Now().Sub(at) < agiledProofLife
}

// wasActive says whether the key was accepted at the URL before: in this process or by the journal.
func (a *agiled) wasActive(ctx context.Context, at agiledSight) (bool, error) {
	a.mu.Lock()
	seen := a.seen[at]
	a.mu.Unlock()
	if seen || a.o.Past == nil {
		return seen, nil
	}
	for e, err := range a.o.Past.Entries(ctx, at.id) {
		if err != nil {
			return false, fmt.Errorf("read the journal of key %s: %w", at.id, err)
		}
		v := e.Verdict
		if v == nil || v.Validity != revoker.Active || v.Proof == nil || v.Proof.URL != at.url {
			continue
		}
		if at.brand == "" || at.brand == v.Facts["organization"] {
			return true, nil
		}
	}
	return false, nil
}
