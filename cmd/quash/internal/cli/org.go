package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/spf13/cobra"
)

const orgLong = `Org scans every repository of an organisation, with its whole history:

  quash org github:acme                 an organisation or a user
  quash org github:enterprises/acme     every organisation of an enterprise
  quash org --list repositories.txt     clone URLs, one a line (https, ssh, git, file)

It keeps a bare mirror of each repository and remembers what the last scan of it
found, so that the next run fetches and reads what changed. A run that was killed
goes on where it was. What could not be read is named, and the run is then not
called clean.

The credential for GitHub is providers.github.credential of the configuration, or
GITHUB_TOKEN, or an App's: --app-id, --app-installation and --app-key. Another
server than github.com is providers.github.base_url (https://HOST/api/v3), or
GITHUB_API_URL. git's own configuration is not read; proxies and certificates are
those of the environment (HTTPS_PROXY, SSL_CERT_FILE, GIT_SSL_CAINFO).

A repository's .quash.yaml and .quashignore are not read: who can push there does
not decide what is seen here. Known keys are let stand with --baseline.

With --respond every key found is verified with its issuer, once however many
repositories hold it, and what to do is planned; with --execute and a policy it is
done, as quash respond does it.

EXIT STATUS
  0  complete, and nothing found
  1  keys found
  2  usage or configuration, or stopped before all was done
  3  incomplete, and nothing found in what could be read
  4  with --respond: a key is active`

// orgFlags are org's own.
type orgFlags struct {
	respondFlags
	filter                      forge.Filter
	archived, forks             string
	list, cache, disk, coverage string
	refs                        []string
	appID, appInstallation      int64
	appKey                      string
	respond, noStore            bool
}

func newOrg(g *globals) *cobra.Command {
	var f orgFlags
	cmd := &cobra.Command{
		Use: "org github:NAME…", Short: "find keys in every repository of an organisation", Long: orgLong, Args: cobra.ArbitraryArgs,
	}
	fs := cmd.Flags()
	f.out.flags(fs)
	f.answer.flags(fs)
	fs.StringVar(&f.list, "list", "", "read clone URLs from this file, or - for standard input")
	fs.StringVar(&f.archived, "archived", "yes", "archived repositories: yes, no or only")
	fs.StringVar(&f.forks, "forks", "yes", "forks: yes, no or only")
	fs.StringSliceVar(&f.filter.Topics, "topic", nil, "only repositories with one of these topics")
	fs.StringSliceVar(&f.filter.Visibility, "visibility", nil, "only repositories of these: public, private, internal")
	fs.StringSliceVar(&f.filter.Match, "match", nil, "only repositories whose name matches one of these patterns: infra-*, acme/*")
	fs.StringSliceVar(&f.filter.Exclude, "exclude", nil, "no repository whose name matches one of these patterns")
	fs.StringSliceVar(&f.refs, "refs", forge.DefaultRefs, "references that are mirrored and read")
	fs.StringVar(&f.cache, "cache", "", "folder of the mirrors (default: quash/mirrors in the user's cache directory)")
	fs.StringVar(&f.disk, "max-disk", "", "room that the mirrors may take, such as 20GB; the least recently used are removed (default: no limit)")
	fs.StringVar(&f.coverage, "coverage", "", "write to this file what became of each repository (JSON)")
	fs.Int64Var(&f.appID, "app-id", 0, "authenticate as this GitHub App")
	fs.Int64Var(&f.appInstallation, "app-installation", 0, "the id of the App's installation")
	fs.StringVar(&f.appKey, "app-key", "", "file of the App's private key")
	fs.StringVar(&f.scan.minConfidence, "min-confidence", "", "least confidence to report: low, medium (default) or high")
	fs.StringSliceVar(&f.scan.only, "only", nil, "use only these rules")
	fs.StringSliceVar(&f.scan.skip, "skip", nil, "leave out these rules")
	fs.StringArrayVar(&f.scan.baseline, "baseline", nil, "file of finding IDs that are known and let stand (repeatable)")
	fs.IntVarP(&f.scan.workers, "jobs", "j", 0, "how many repositories are worked on at once (default: 4)")
	fs.BoolVar(&f.scan.allowIncomplete, "allow-incomplete", false, "accept what could not be read: an incomplete run without keys exits 0")
	fs.Int64Var(&f.scan.maxFile, "max-file", 0, "leave out files of more bytes; each makes the run incomplete (default: read all)")
	fs.BoolVar(&f.noStore, "no-store", false, "do not record what was found for quash show")
	fs.BoolVar(&f.respond, "respond", false, "verify every key with its issuer, and plan")
	fs.StringVar(&f.approve, "approve", "", "carry out this approved plan, with --respond and --execute")
	fs.StringVar(&f.planFile, "plan", "plan.json", "file that a new plan is written to; with --approve none is, unless it is named")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return g.org(cmd, &f, args) }
	return cmd
}

// check refuses flags that do not go together.
func (f *orgFlags) check(cmd *cobra.Command, args []string) error {
	f.filter.Archived, f.filter.Forks = forge.Want(f.archived), forge.Want(f.forks)
	switch {
	case (len(args) == 0) == (f.list == ""):
		return wrong(cmd, "it takes github:NAME, or --list FILE")
	case !f.respond && (f.answer.execute || f.approve != ""):
		return wrong(cmd, "--execute and --approve answer keys; say --respond too")
	case f.scan.workers < 0:
		return wrong(cmd, "--jobs: less than none")
	}
	for _, a := range args {
		if !strings.HasPrefix(a, "github:") {
			return wrong(cmd, "a target is not known; write github:NAME or github:enterprises/NAME")
		}
	}
	return usage(f.filter.Check(f.list != ""))
}

// orgRun is one organisation job under way.
type orgRun struct {
	*run
	flags    *orgFlags
	github   *forge.GitHub
	sweep    *forge.Sweep
	lists    scanner.AllowLists
	coverage forge.Coverage
	// held says by finding in which repository it stands.
	held []forge.Repository
}

func (g *globals) org(cmd *cobra.Command, f *orgFlags, args []string) error {
	ctx := cmd.Context()
	if err := f.check(cmd, args); err != nil {
		return err
	}
	plan, err := f.approved(g.env.Now())
	if err != nil {
		return usage(err)
	}
	r, err := g.prepare(cmd, &f.scan)
	if err != nil {
		return err
	}
	policy, err := f.answer.load(r.config)
	if err != nil {
		return err
	}
	o := &orgRun{run: r, flags: f, coverage: forge.Coverage{Targets: args}}
	if f.list != "" {
		o.coverage.Targets = []string{f.list}
	}
	if err := o.open(); err != nil {
		return usage(err)
	}
	all, err := o.repositories(ctx, args)
	if err != nil {
		return usage(err)
	}
	if f.respond {
		if r.desk, err = g.desk(ctx, r.config, r.set); err != nil {
			return err
		}
	}
	if err := r.start(&f.out, o.coverage.Targets); err != nil {
		return err
	}
	err = o.cover(ctx, all)
	if err == nil && f.respond {
		err = o.answerAll(ctx, policy, plan)
	}
	return r.finish(ctx, errors.Join(err, o.write()))
}

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

// cover reads what changed and reports every finding. The error is that of recording them.
func (o *orgRun) cover(ctx context.Context, all []forge.Repository) error {
	stopped := 0
	for res := range o.sweep.Run(ctx, all) {
		o.coverage.Add(res)
		o.g.log.Info().Str("repository", res.Repository.Name).Str("covered", string(res.Covered)).AnErr("cause", res.Err).Msg("repository")
		switch {
		case res.Covered == forge.Interrupted:
			stopped++
		case res.Covered == forge.Failed:
			o.stats.Gaps = append(o.stats.Gaps, res.Gap())
		default:
			o.report(ctx, res)
		}
	}
	o.bar.end()
	o.stats.Coverage.Skipped = sum(o.stats.Coverage.Skipped, o.coverage.Skipped())
	if stopped > 0 {
		o.interrupt(fmt.Sprintf("%d of %d repositories", stopped, len(all)), "interrupted before they were read")
	}
	for _, l := range o.lists {
		o.notes = append(o.notes, l.Notes()...)
	}
	o.notes = append(o.notes, o.coverage.String())
	switch {
	case o.desk != nil:
		return o.record(ctx, o.desk.store)
	case len(o.findings) > 0 && !o.flags.noStore:
		o.remember(ctx)
	}
	return nil
}

// report reports what was found in a repository.
func (o *orgRun) report(ctx context.Context, res forge.Result) {
	stats := res.Stats
	stats.Findings, stats.Gaps = 0, nil
	o.reading = res.Repository.Name
	for _, f := range res.Findings {
		if o.lists.Allowed(f) {
			stats.Allowed++
			continue
		}
		_ = o.found(ctx, f) // it always takes what it is given
		o.from[len(o.from)-1] = res.Dir
		o.held = append(o.held, res.Repository)
		stats.Findings++
	}
	for _, g := range res.Stats.Gaps {
		g.What = res.Repository.Name + ": " + g.What
		stats.Gaps = append(stats.Gaps, g)
	}
	if res.Err != nil {
		o.notes = append(o.notes, res.Repository.Name+": "+res.Err.Error())
	}
	add(&o.stats, stats)
	o.stats.Coverage.Seen = sum(o.stats.Coverage.Seen, map[string]int{"repositories": 1})
	o.stats.Keys = len(o.keys)
}

// answerAll answers every key once.
func (o *orgRun) answerAll(ctx context.Context, policy revoker.Policy, plan *revoker.Plan) error {
	wanted := o.reread(ctx)
	res := o.desk.responder(&o.flags.answer, policy, o.name())
	res.Plan = plan
	return errors.Join(o.answer(ctx, res, wanted), o.plan(ctx, &o.flags.respondFlags))
}

// reread gets the keys of remembered findings back from the mirrors, each from the first place that still has it. It returns
// the keys that are at hand.
func (o *orgRun) reread(ctx context.Context) map[scanner.ID]bool {
	parts := map[scanner.ID]map[string]scanner.Secret{}
	failed := map[scanner.ID]error{}
	for _, f := range o.findings {
		if f.Parts != nil {
			parts[f.ID] = f.Parts
		}
	}
	for i, f := range o.findings {
		if parts[f.ID] == nil && ctx.Err() == nil && o.desk.issuers.Provider(f.Rule).Verifier != nil {
			found, err := o.sweep.Reread(ctx, o.held[i], f)
			parts[f.ID], failed[f.ID] = found.Parts, err
		}
	}
	wanted := map[scanner.ID]bool{}
	for i, f := range o.findings {
		o.findings[i].Parts, wanted[f.ID] = parts[f.ID], failed[f.ID] == nil
	}
	for _, id := range slices.Sorted(maps.Keys(failed)) {
		if err := failed[id]; err != nil {
			o.gap("key "+string(id), "it could not be read again, so it was not answered: "+err.Error(), "run the same command again")
		}
	}
	return wanted
}

// write writes the coverage, where a file is named.
func (o *orgRun) write() error {
	if o.flags.coverage == "" {
		return nil
	}
	o.coverage.Ended, o.coverage.Complete = o.g.env.Now().UTC(), o.stats.Complete()
	data, err := o.coverage.Encode()
	if err == nil {
		err = os.WriteFile(o.flags.coverage, []byte(o.g.cleaner.text(string(data))), 0o600)
	}
	if err != nil {
		return usage(fmt.Errorf("write coverage: %w; name another file with --coverage", err))
	}
	return nil
}
