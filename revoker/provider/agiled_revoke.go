package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// AgiledRevoke is how Agiled keys are revoked. Agiled documents no request for it, so whatever is not manual is the
// operator's own.
type AgiledRevoke struct {
	// Mode is "manual" (or empty), "endpoint" or "command".
	Mode string
	// Endpoint is asked in mode endpoint.
	Endpoint AgiledEndpoint
	// Command is run in mode command.
	Command AgiledCommand
}

// The modes of AgiledRevoke.
const (
	agiledManual   = "manual"
	agiledEndpoint = "endpoint"
	agiledCommand  = "command"
)

// check says what is wrong with the configuration. Its errors begin with the setting's path below revoke.
func (r AgiledRevoke) check(allow []netip.Prefix) error {
	switch r.Mode {
	case "", agiledManual:
		return nil
	case agiledEndpoint:
		return r.Endpoint.check(allow)
	case agiledCommand:
		return r.Command.check()
	}
	return fmt.Errorf(".mode: %q is not known; it is manual, endpoint or command", r.Mode)
}

// agiledRevoker orders a revoke in the configured way.
type agiledRevoker struct {
	*agiled
	flow *flow
}

// action describes the configured way.
func (a *agiledRevoker) action() revoker.Action {
	switch a.o.Revoke.Mode {
	case agiledEndpoint:
		e := a.o.Revoke.Endpoint
		return revoker.Action{
			Name: agiledEndpoint, Call: e.method() + " " + e.URL + " (the operator's own endpoint)", Bind: string(e.bind()),
			Idempotent: true, Operator: true,
		}
	case agiledCommand:
		return revoker.Action{Name: agiledCommand, Call: "run " + a.o.Revoke.Command.Argv[0] + " with the key on standard input", Bind: "value"}
	}
	return revoker.Action{Name: agiledManual, Call: "manual revoke (Agiled documents no API for it)", Idempotent: true}
}

// Revoke implements [revoker.Revoker]. No mode reports more than that the order was taken: what the key is worth is
// seen by a later verify.
func (a *agiledRevoker) Revoke(ctx context.Context, f scanner.Finding, v revoker.Verdict) (revoker.Receipt, error) {
	if v.Validity != revoker.Active || v.Control == nil {
		return revoker.Receipt{}, refuse("the verdict is not an active one with a control that the issuer refused")
	}
	known, err := a.record(ctx, f.ID)
	if err != nil {
		return revoker.Receipt{}, refuse(err.Error())
	}
	order := agiledOrder{finding: f, verdict: v, known: known}
	if a.o.Revoke.Mode == "" || a.o.Revoke.Mode == agiledManual {
		return a.workOrder(order), nil
	}
	if err := a.sameKey(ctx, order); err != nil {
		return revoker.Receipt{}, err
	}
	if a.o.Revoke.Mode == agiledCommand {
		return a.run(ctx, order)
	}
	return a.callEndpoint(ctx, order)
}

// agiledOrder is one key to revoke and what is known of it.
type agiledOrder struct {
	finding scanner.Finding
	verdict revoker.Verdict
	known   KeyRecord
}

// keyName is the name under which Agiled's settings page lists the key; "" when it is not known.
func (o agiledOrder) keyName() string { return cmp.Or(o.known.Name, o.verdict.Facts["key_name"]) }

// organization is the name or ID of the key's organization; "" when it is not known.
func (o agiledOrder) organization() string {
	return cmp.Or(o.verdict.Facts["organization"], o.verdict.Facts["owner_id"], o.known.Organization)
}

// sameKey presents the key again, right before an order leaves: it must still be active and belong to whom the decision
// was made about.
func (a *agiledRevoker) sameKey(ctx context.Context, o agiledOrder) error {
	verifier := agiledVerifier{agiled: a.agiled, flow: a.flow}
	now, err := a.flow.present(ctx, newScope(verifier.complete(o.finding)))
	if err != nil {
		return refuse("asking for the key once more: " + err.Error())
	}
	if now.Validity != revoker.Active {
		return refuse("the key was not active when asked once more: " + now.Reason)
	}
	for _, fact := range []string{"owner_id", "key_id"} {
		if was := o.verdict.Facts[fact]; was != now.Facts[fact] {
			return refuse(fact + " is not what it was when the decision was made")
		}
	}
	return nil
}

// workOrder is the manual way.
func (a *agiledRevoker) workOrder(o agiledOrder) revoker.Receipt {
	steps, probe := agiledSteps(o), agiledPublic+"/me"
	if a.flow.rule.ID == agiledLegacyRule {
		steps, probe = slices.Clone(a.flow.rule.Manual), "/api/v1/users"
	}
	steps = append(steps, "Leave the rest to quash: it asks GET "+probe+" until the key is answered 401, and calls it revoked only then.")
	return revoker.Receipt{
		State: revoker.Manual, Action: agiledManual, At: a.client.clock.Now(), Reference: workOrderNumber(o.finding.ID),
		Steps: append(steps, afterwards(o.known)...),
	}
}

// workOrderNumber is the same for the same key, so that an order given twice is one order.
func workOrderNumber(id scanner.ID) string {
	hex := strings.ToUpper(strings.TrimPrefix(string(id), "q-"))
	return "WO-" + hex[:min(len(hex), 8)]
}

// agiledSteps are the documented steps (Settings > API > Revoke) and the guide's advice around them.
func agiledSteps(o agiledOrder) []string {
	where := "the key's organization"
	if name := o.organization(); name != "" {
		where = fmt.Sprintf("organization %q", name)
	}
	return []string{
		"Sign in to Agiled as somebody who may manage the API keys of " + where + ".",
		"Open Settings > API.",
		findKey(o),
		"Press Revoke and confirm.",
		"Look at Settings > Webhooks for subscriptions that nobody knows: nothing says that they end with the key.",
	}
}

// findKey says how to find the key in the list, which shows names.
func findKey(o agiledOrder) string {
	if name := o.keyName(); name != "" {
		return fmt.Sprintf("Find the key named %q.", name)
	}
	place := cmp.Or(o.finding.At.Path, o.finding.At.Record, "an unnamed place")
	return fmt.Sprintf("Find the key. Its name is not in the inventory: ask who uses what was found in %s, and compare with names of the form "+
		"\"integration - environment - owner\". When it cannot be told from others, do not guess. Record it with: quash keys add (for %s).",
		place, o.finding.ID)
}

// afterwards says what has to be set right for whoever used the key.
func afterwards(k KeyRecord) []string {
	if k.Integration == "" && k.StoredAt == "" {
		return nil
	}
	step := fmt.Sprintf("Create a new key for %s, store it in %s, and test it with GET /public/v1/me.",
		cmp.Or(k.Integration, "the integration"), cmp.Or(k.StoredAt, "the secret manager"))
	if k.Owner != "" {
		step += " Its owner is " + k.Owner + "."
	}
	return []string{step}
}

// unsent is a call's error as the contract of [revoker.Revoker] wants it: a refusal where nothing was sent.
func unsent(what string, err error) error {
	var failed *callError
	if errors.As(err, &failed) && !failed.Sent {
		return refuse(what + ": " + err.Error())
	}
	return fmt.Errorf("%s: %w; whether the key was revoked is not known", what, err)
}
