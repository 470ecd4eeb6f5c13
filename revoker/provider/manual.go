package provider

import (
	"context"
	"strings"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// manualRevoker hands a rule's manual steps to a person. It sends nothing.
type manualRevoker struct{ *flow }

// Revoke implements [revoker.Revoker].
func (r *manualRevoker) Revoke(ctx context.Context, finding scanner.Finding, v revoker.Verdict) (revoker.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return revoker.Receipt{}, refuse(err.Error())
	}
	receipt := revoker.Receipt{State: revoker.Manual, Action: "manual", At: r.client.clock.Now()}
	for _, step := range r.rule.Manual {
		text, err := rules.Expand(step, r.told(v), strings.TrimSpace)
		if err != nil {
			return revoker.Receipt{}, refuse("a manual step of the rule cannot be filled in: " + err.Error())
		}
		receipt.Steps = append(receipt.Steps, text)
	}
	return receipt, nil
}

// told looks up what the issuer said of the key, and says so in words where it said nothing. It knows no part of the key.
func (r *manualRevoker) told(v revoker.Verdict) func(string) (string, bool) {
	return func(name string) (string, bool) {
		switch {
		case name == "base" && r.base != "":
			return r.base, true
		case v.Facts[name] != "":
			return v.Facts[name], true
		}
		return "(" + strings.ReplaceAll(name, "_", " ") + " not known)", true
	}
}
