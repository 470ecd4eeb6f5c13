package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// owners are the facts that say whose key it is.
var owners = [...]string{"owner", "owner_id", "organization"}

// bindable returns the scope in which the revoke steps are rendered. Where they need values that the issuer told, the key is
// presented again, now: it must be active still, and what the issuer tells must be what the decision rested on.
func (r *flowRevoker) bindable(ctx context.Context, finding scanner.Finding, v revoker.Verdict) (*scope, error) {
	sc := newScope(finding)
	if v.Validity != revoker.Active || v.Control == nil {
		return nil, refuse("the verdict is not an active one with a control that the issuer refused")
	}
	told := r.toldByVerify()
	if len(told) == 0 {
		return sc, nil
	}
	now, err := r.present(ctx, sc)
	if err != nil || now.Validity != revoker.Active {
		return nil, refuse("the key was shown again right before and is not active: " + now.Reason)
	}
	for i := range r.rule.Verify[1:] {
		r.lookUp(ctx, &r.rule.Verify[1+i], sc)
	}
	for _, name := range append(told, owners[:]...) {
		if _, secret := sc.secret[name]; !secret && sc.facts[name] != v.Facts[name] {
			return nil, refuse("the issuer tells another " + name + " now than when the revoke was decided")
		}
	}
	return sc, nil
}

// toldByVerify are the captures of the verify flow that the revoke steps use.
func (r *flowRevoker) toldByVerify() []string {
	var told []string
	for i := range r.rule.Revoke {
		for _, name := range templateNames(&r.rule.Revoke[i]) {
			if capturedBy(r.rule.Verify, name) != nil {
				told = append(told, name)
			}
		}
	}
	return told
}

// capturedBy is the last step of a flow that captures the name, or nil.
func capturedBy(flow rules.Flow, name string) *rules.Step {
	for i := len(flow) - 1; i >= 0; i-- {
		if _, ok := flow[i].Capture[name]; ok {
			return &flow[i]
		}
	}
	return nil
}

// proven says whether the request is known to hit exactly the leaked key. Its errors are *revoker.Refusal.
func (r *flowRevoker) proven(step *rules.Step, uses []use, sc *scope) error {
	if err := r.idsProven(uses); err != nil {
		return err
	}
	object := func(u use) bool { return u.place != inHeader }
	switch step.Bind {
	case rules.BindValue:
		if !slices.ContainsFunc(uses, func(u use) bool { return object(u) && u.name == "token" }) {
			return refuse("bound by value, and the request does not carry the key")
		}
	case rules.BindSelf:
		if !slices.ContainsFunc(uses, func(u use) bool { return u.kind == fromKey }) {
			return refuse("bound by self, and the key is not the credential of the request")
		}
	case rules.BindIDInKey:
		if !slices.ContainsFunc(uses, func(u use) bool { return object(u) && r.partOfKey(u, sc) }) {
			return refuse("bound by an id in the key, and the request names no part of the key that the verify has proven")
		}
	case rules.BindEchoed:
		if !slices.ContainsFunc(uses, func(u use) bool { return object(u) && u.kind == fromCapture }) {
			return refuse("bound by an id that the issuer told, and the request names none")
		}
	default:
		return refuse(fmt.Sprintf("a rule file cannot prove the binding %q; it needs a provider of its own", step.Bind))
	}
	return nil
}

// idsProven refuses ids that an issuer told without having seen the key, and ids taken from a place in a list: the first of
// a list is somebody's key, not this one.
func (r *flowRevoker) idsProven(uses []use) error {
	for _, u := range uses {
		if u.kind != fromCapture || u.place == inHeader {
			continue
		}
		by := capturedBy(r.rule.Revoke, u.name)
		if by == nil {
			by = capturedBy(r.rule.Verify, u.name)
		}
		switch {
		case by == nil:
			return refuse("no step of the rule captures " + u.name)
		case strings.Contains(by.Capture[u.name], "["):
			return refuse(u.name + " is taken from a place in a list, which proves nothing")
		case !r.showsKey(by):
			return refuse("the issuer told " + u.name + " without having seen the key")
		}
	}
	return nil
}

// showsKey says whether a step's request carries the key or a part of it.
func (f *flow) showsKey(step *rules.Step) bool {
	return slices.ContainsFunc(templateNames(step), func(name string) bool {
		return name == "token" || f.isPart(name)
	})
}

// isPart says whether the name is a named group of the pattern or a part near the match.
func (f *flow) isPart(name string) bool {
	_, near := f.rule.Near[name]
	return near || slices.Contains(f.rule.Regexp().SubexpNames(), name)
}

// partOfKey says whether the value is a part of the key that belongs to its secret for certain: it stands inside the
// token, or the verify request that found the key active carried it too.
func (r *flowRevoker) partOfKey(u use, sc *scope) bool {
	part := sc.finding.Parts[u.name]
	if u.kind != fromKey || u.name == "token" || part.Len() == 0 {
		return false
	}
	return strings.Contains(sc.finding.Token().Reveal(), part.Reveal()) ||
		slices.Contains(templateNames(&r.rule.Verify[0]), u.name)
}

// refuse is a revoke that was not sent.
func refuse(why string) *revoker.Refusal { return &revoker.Refusal{Why: why} }
