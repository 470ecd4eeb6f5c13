package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// flowRevoker runs the revoke flow of a rule.
type flowRevoker struct{ *flow }

// Revoke implements [revoker.Revoker]. Steps with GET or HEAD only look up; each other step is sent once, after its
// binding was proven. Until the first of those was sent every failure is a *revoker.Refusal.
func (r *flowRevoker) Revoke(ctx context.Context, finding scanner.Finding, v revoker.Verdict) (revoker.Receipt, error) {
	sc, err := r.bindable(ctx, finding, v)
	if err != nil {
		return revoker.Receipt{}, err
	}
	var receipt revoker.Receipt
	for i := range r.rule.Revoke {
		step := &r.rule.Revoke[i]
		if looksUp(step) {
			r.lookUp(ctx, step, sc)
			continue
		}
		next, err := r.act(ctx, step, sc)
		if err != nil && receipt.State != "" {
			return receipt, fmt.Errorf("after %s was sent: %v", receipt.Exchange.Method, err)
		}
		if receipt = next; err != nil {
			return receipt, err
		}
	}
	if receipt.State == "" {
		return receipt, refuse("the rule's revoke flow changes nothing")
	}
	return receipt, nil
}

// act sends one mutating step.
func (r *flowRevoker) act(ctx context.Context, step *rules.Step, sc *scope) (revoker.Receipt, error) {
	q, err := r.bound(step, sc)
	if err != nil {
		return revoker.Receipt{}, err
	}
	return r.order(ctx, step, q)
}

// bound renders a mutating step and proves its binding. Its errors are *revoker.Refusal.
func (r *flowRevoker) bound(step *rules.Step, sc *scope) (call, error) {
	q, uses, err := r.render(step, sc)
	if err != nil {
		return call{}, refuse(err.Error())
	}
	return q, r.proven(step, uses, sc)
}

// order sends a revoke, once, and reads the answer.
func (f *flow) order(ctx context.Context, step *rules.Step, q call) (revoker.Receipt, error) {
	got, err := f.client.do(ctx, q)
	receipt := revoker.Receipt{Action: f.action().Name, Reversible: step.Reversible, At: got.exchange.At, Exchange: &got.exchange}
	var failed *callError
	if errors.As(err, &failed) && !failed.Sent {
		return receipt, refuse(err.Error())
	}
	if err != nil {
		return receipt, err
	}
	switch reading := step.ReadRevoke(got.Reply); {
	case got.Status >= 300 && got.Status < 400:
		return receipt, fmt.Errorf("%s: answered %d: a redirect, which is never followed", q.method, got.Status)
	case reading == string(revoker.Done), reading == string(revoker.Requested):
		receipt.State = revoker.State(reading)
		return receipt, nil
	}
	return receipt, fmt.Errorf("%s: answered %d, which the rule reads as failed", q.method, got.Status)
}

// looksUp says whether a step of a revoke changes nothing.
func looksUp(step *rules.Step) bool {
	method, _ := step.Request()
	return method == http.MethodGet || method == http.MethodHead
}

// action describes the revoke to policies and plans: the last step that changes something.
func (f *flow) action() revoker.Action {
	var a revoker.Action
	for i := range f.rule.Revoke {
		step := &f.rule.Revoke[i]
		if looksUp(step) {
			continue
		}
		method, target := step.Request()
		name := "revoke"
		if method == http.MethodDelete {
			name = "delete"
		}
		if f.base != "" {
			target = strings.Replace(target, mask("base"), f.base, 1)
		}
		a = revoker.Action{
			Name: name, Call: method + " " + target, Bind: string(step.Bind),
			Reversible: step.Reversible, Idempotent: step.Idempotent, Collateral: step.Collateral,
			Operator: len(operatorNames(f.rule.Revoke)) > 0,
		}
	}
	return a
}

// hasCredentials says whether every operator credential that the steps name is configured.
func (f *flow) hasCredentials(steps rules.Flow) bool {
	for _, name := range operatorNames(steps) {
		if f.operator[name].Len() == 0 {
			return false
		}
	}
	return true
}

// operatorNames are the names of the operator credentials that the steps use.
func operatorNames(steps rules.Flow) []string {
	var names []string
	for i := range steps {
		for _, name := range templateNames(&steps[i]) {
			if operator, ok := strings.CutPrefix(name, "operator."); ok {
				names = append(names, operator)
			}
		}
	}
	return names
}

// templateNames are the names that the templates of a step use.
func templateNames(step *rules.Step) []string {
	_, target := step.Request()
	names := rules.TemplateNames(strings.Join([]string{target, step.Basic, step.JSON, step.Body}, " "))
	for _, template := range step.Header {
		names = append(names, rules.TemplateNames(template)...)
	}
	for _, template := range step.Form {
		names = append(names, rules.TemplateNames(template)...)
	}
	if step.Sign != nil {
		names = append(names, rules.TemplateNames(strings.Join([]string{step.Sign.ID, step.Sign.Secret, step.Sign.Session}, " "))...)
	}
	return names
}
