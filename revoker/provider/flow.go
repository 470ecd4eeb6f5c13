package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// flow runs the HTTP steps of one rule. It is the Verifier of every rule that has a verify flow.
type flow struct {
	client   *client
	rule     *rules.Rule
	base     string
	regions  []string // further bases
	origins  []string
	operator map[string]scanner.Secret
	// limits are what the issuer documents for every request of these flows, beside the host's limit.
	limits []limit
}

// flows returns what the rule file's HTTP steps can do.
func (r *Registry) flows(rule *rules.Rule) revoker.Provider {
	f := &flow{client: r.client, rule: rule, base: r.base(rule), regions: r.regions(rule), origins: r.origins(rule), operator: r.options.Operator}
	p := revoker.Provider{Name: rule.Provider}
	switch {
	case len(rule.Verify) > 0 && rule.Verify[0].Login != nil:
		p.Verifier = &loginVerifier{logins: r.logins, rule: rule, step: rule.Verify[0].Login}
	case len(rule.Verify) > 0:
		p.Verifier = f
	}
	switch {
	case len(rule.Revoke) > 0 && f.hasCredentials(rule.Revoke):
		p.Revoker, p.Action = f.revoker(), f.action()
	case len(rule.Manual) > 0:
		p.Revoker, p.Action = &manualRevoker{f}, revoker.Action{Name: "manual", Call: rule.ManualURL, Idempotent: true}
	}
	if len(rule.Review) > 0 {
		p.Reviewer = &flowReviewer{f}
	}
	return p
}

// Verify implements [revoker.Verifier]: a key is active where one region of the issuer says so, and inactive when all do.
func (f *flow) Verify(ctx context.Context, finding scanner.Finding) (revoker.Verdict, error) {
	v, err := f.ask(ctx, finding)
	for _, base := range f.regions {
		if err != nil || v.Validity == revoker.Active {
			return v, err
		}
		there := *f
		there.base = base
		var w revoker.Verdict
		if w, err = there.ask(ctx, finding); err != nil || w.Validity != revoker.Inactive || v.Validity == revoker.Inactive {
			v = w
		}
	}
	if len(f.regions) > 0 && err == nil && v.Validity == revoker.Inactive {
		v.Reason += fmt.Sprintf(", as did %d more regions", len(f.regions))
	}
	return v, err
}

// ask verifies a key at the base: the first step decides, a control confirms an active reading, and further steps only add facts.
func (f *flow) ask(ctx context.Context, finding scanner.Finding) (revoker.Verdict, error) {
	sc := newScope(finding)
	v, err := f.present(ctx, sc)
	if err != nil || v.Validity != revoker.Active {
		return v, err
	}
	if v, err = f.control(ctx, finding, v); err != nil || v.Validity != revoker.Active {
		return v, err
	}
	for i := range f.rule.Verify[1:] {
		f.lookUp(ctx, &f.rule.Verify[1+i], sc)
	}
	v.Facts = sc.facts
	return v, nil
}

// present shows the key to its issuer and reads the answer, with the facts it tells. The error is one that the caller can
// mend: a cancelled context, the kill switch.
func (f *flow) present(ctx context.Context, sc *scope) (revoker.Verdict, error) {
	step := &f.rule.Verify[0]
	v := revoker.Verdict{Validity: revoker.Unknown}
	q, _, err := f.render(step, sc)
	if err != nil {
		v.Reason = err.Error()
		return v, nil
	}
	got, err := f.client.do(ctx, q)
	v.At, v.RetryAfter, v.Proof = got.exchange.At, got.retryAfter, &got.exchange
	if err != nil {
		v.Reason = err.Error()
		return v, mendable(err)
	}
	v.Validity, v.Reason = reading(step, got)
	if v.Validity != revoker.Unknown {
		sc.take(step, got)
		v.Facts = maps.Clone(sc.facts)
	}
	return v, nil
}

// mendable returns the error where the caller can mend its cause, and nil where the issuer or the network is the cause.
func mendable(err error) error {
	var failed *callError
	if errors.As(err, &failed) && failed.is != nil {
		return err
	}
	return nil
}

// reading is what the step's conditions say of a reply, and in words why.
func reading(step *rules.Step, got reply) (revoker.Validity, string) {
	answered := fmt.Sprintf("answered %d", got.Status)
	switch {
	case got.Status >= 300 && got.Status < 400:
		return revoker.Unknown, answered + ": a redirect, which is never followed"
	case isHTML(got.Reply) && !recordsHTML(step, step.ReadVerify(got.Reply)):
		return revoker.Unknown, answered + " with a page of HTML: something else than the issuer's API answered"
	}
	validity := revoker.Validity(step.ReadVerify(got.Reply))
	switch {
	case validity == revoker.Unknown && got.retryAfter > 0:
		return validity, fmt.Sprintf("%s: asked to wait %s", answered, got.retryAfter.Round(time.Second))
	case validity == revoker.Unknown:
		return validity, answered + ", which the rule reads neither as active nor as inactive"
	}
	return validity, answered
}

// isHTML says whether a reply is a page for people.
func isHTML(r rules.Reply) bool {
	for name, value := range r.Header {
		if strings.EqualFold(name, "Content-Type") && strings.Contains(strings.ToLower(value), "html") {
			return true
		}
	}
	head := strings.ToLower(strings.TrimSpace(r.Body[:min(len(r.Body), 512)]))
	return strings.HasPrefix(head, "<!doctype html") || strings.HasPrefix(head, "<html")
}

// recordsHTML says whether the rule file has an HTML reply on record for this reading.
func recordsHTML(step *rules.Step, want string) bool {
	return slices.ContainsFunc(step.Examples, func(e rules.ReplyExample) bool {
		return e.Want == want && isHTML(e.Reply)
	})
}

// lookUp runs a step that only captures. What it cannot learn stays unknown.
func (f *flow) lookUp(ctx context.Context, step *rules.Step, sc *scope) {
	q, _, err := f.render(step, sc)
	if err != nil {
		return
	}
	if got, err := f.client.do(ctx, q); err == nil && got.Status/100 == 2 {
		sc.take(step, got)
	}
}
