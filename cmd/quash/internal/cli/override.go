package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// allowedPlace is a place whose key somebody let stand, by a comment, the ignore file or a baseline, and the target that it is in.
type allowedPlace struct {
	finding scanner.Finding
	target  string
}

// overridden is why an allowed key is reported.
const overridden = "allowed, but its issuer accepts it: an active key overrides an ignore"

// override asks the issuers of the keys that are allowed. Those that are live are reported like all others; the rest stays left
// out, and is counted. A run that asks nobody counts them as it scans.
func (r *run) override(ctx context.Context) error {
	var findings []scanner.Finding
	for _, p := range r.allowed {
		findings = append(findings, p.finding)
	}
	live := map[scanner.ID]bool{}
	err := r.eachOf(ctx, findings, nil, func(ctx context.Context, f scanner.Finding) error {
		v, err := r.verify(ctx, f)
		if v.Validity == revoker.Active {
			live[f.ID] = true
			r.notes = append(r.notes, fmt.Sprintf("%s is allowed, and live: it is reported all the same", f.ID))
		}
		return err
	})
	for _, p := range r.allowed {
		if !live[p.finding.ID] {
			r.stats.Allowed++
			continue
		}
		f := p.finding
		f.Allowed, f.Reasons = false, append(slices.Clip(f.Reasons), overridden)
		r.reading = p.target
		if err := r.found(ctx, f); err != nil {
			return err
		}
		r.stats.Findings++
	}
	r.allowed, r.stats.Keys = nil, len(r.keys)
	return err
}
