package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// noIssuer is why a key was not asked about.
const noIssuer = "no issuer answers for it"

// each does something for every key once, in the order in which they were found, until one of the things that stop a run:
// a kill switch, or an end of the context. wanted are the keys that it is done for; nil is all.
func (r *run) each(ctx context.Context, wanted map[scanner.ID]bool, do func(context.Context, scanner.Finding) error) error {
	return r.eachOf(ctx, r.findings, wanted, do)
}

// eachOf is each for some findings.
func (r *run) eachOf(ctx context.Context, findings []scanner.Finding, wanted map[scanner.ID]bool, do func(context.Context, scanner.Finding) error) error {
	done := map[scanner.ID]bool{}
	var errs []error
	for _, f := range findings {
		if done[f.ID] || wanted != nil && !wanted[f.ID] {
			continue
		}
		done[f.ID] = true
		switch {
		case ctx.Err() != nil:
			r.interrupt("key "+string(f.ID), "interrupted before its issuer was asked")
			continue
		case r.desk.issuers.Provider(f.Rule).Verifier == nil:
			if !f.Allowed {
				r.unchecked[f.Rule] = noIssuer
			}
			continue
		}
		err := do(ctx, f)
		if err != nil && errors.Is(err, ctx.Err()) {
			r.interrupt("key "+string(f.ID), "interrupted while it was answered")
			continue
		}
		errs = append(errs, err)
		if errors.Is(err, revoker.ErrStopped) {
			break
		}
	}
	return usage(errors.Join(errs...))
}

// ask asks the issuer of one key whether it is live, and reports the answer. It changes nothing.
func (r *run) ask(ctx context.Context, f scanner.Finding) error {
	v, err := r.verify(ctx, f)
	if err != nil {
		return err
	}
	r.live = r.live || v.Validity == revoker.Active
	r.out.send(report.Item{Verdict: &report.Verdict{ID: f.ID, Rule: f.Rule, Verdict: v}})
	return r.desk.store.PutVerdict(context.WithoutCancel(ctx), f.ID, v)
}

// verify is what the issuer of a key says, which is asked once a run. The answer is put on record.
func (r *run) verify(ctx context.Context, f scanner.Finding) (revoker.Verdict, error) {
	if v, ok := r.verdicts[f.ID]; ok {
		return v, nil
	}
	v, err := r.desk.issuers.Provider(f.Rule).Verifier.Verify(ctx, f)
	if err != nil {
		return v, fmt.Errorf("verify %s: %w", f.ID, err)
	}
	r.verdicts[f.ID] = v
	e := revoker.Entry{
		At: r.g.env.Now().UTC(), ID: f.ID, Kind: revoker.KindVerified, Rule: f.Rule, Run: r.name(), Note: v.Reason, Verdict: &v,
	}
	return v, r.desk.record.Append(context.WithoutCancel(ctx), e)
}
