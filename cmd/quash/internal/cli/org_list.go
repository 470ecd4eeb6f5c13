package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/quash-sh/quash/cmd/quash/internal/forge"
)

// repositories lists the repositories, each once, without those that the filter leaves out. A listing that breaks off after it
// began is a gap.
func (o *orgRun) repositories(ctx context.Context, targets []string) ([]forge.Repository, error) {
	var all []forge.Repository
	var err error
	if o.flags.list != "" {
		all, err = o.listed(o.flags.list)
	}
	for _, t := range targets {
		var more []forge.Repository
		if more, err = o.account(ctx, strings.TrimPrefix(t, "github:")); err != nil {
			err = fmt.Errorf("%s: %w; check its name, and what the credential may see", t, err)
			break
		}
		all = append(all, more...)
	}
	if err != nil {
		return nil, err
	}
	var kept []forge.Repository
	seen := map[string]bool{}
	for _, r := range all {
		if why := o.flags.filter.Why(r); why != "" && !seen[r.URL] {
			o.coverage.Leave(r, why)
		} else if !seen[r.URL] {
			kept = append(kept, r)
		}
		seen[r.URL] = true
	}
	if len(kept) == 0 {
		o.gap(strings.Join(o.coverage.Targets, ", "), fmt.Sprintf("no repository to read: %d are listed", len(all)), "check the filters, and what the credential may see")
	}
	return kept, nil
}

// listed reads a list of clone URLs.
func (o *orgRun) listed(path string) ([]forge.Repository, error) {
	if path == "-" {
		return forge.ParseList("standard input", o.g.env.Stdin)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read list: %w; check the path", err)
	}
	defer f.Close()
	return forge.ParseList(path, io.LimitReader(f, 64<<20))
}

// account lists the repositories of an account, or of every organisation of an enterprise.
func (o *orgRun) account(ctx context.Context, name string) ([]forge.Repository, error) {
	enterprise, ok := strings.CutPrefix(name, "enterprises/")
	if !ok {
		return o.broken(name)(o.github.Account(ctx, name))
	}
	names, err := o.github.Organizations(ctx, enterprise)
	if err != nil {
		return nil, err
	}
	var all []forge.Repository
	for _, name := range names {
		more, err := o.github.Account(ctx, name)
		if err != nil {
			o.gap("organisation "+name, "its repositories cannot be listed whole: "+err.Error(), "give the credential access to it")
		}
		all = append(all, more...)
	}
	return all, ctx.Err()
}

// broken makes an error of a listing that began a gap.
func (o *orgRun) broken(name string) func([]forge.Repository, error) ([]forge.Repository, error) {
	return func(all []forge.Repository, err error) ([]forge.Repository, error) {
		if err == nil || len(all) == 0 {
			return all, err
		}
		o.gap("account "+name, fmt.Sprintf("only %d of its repositories could be listed: %v", len(all), err), "run the same command again")
		return all, nil
	}
}
