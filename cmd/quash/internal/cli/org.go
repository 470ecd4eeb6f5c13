package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/quash-sh/quash/cmd/quash/internal/forge"
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
not decide what is seen here. Known keys are let stand with --baseline, and those that
a comment allows stand too; with --respond their issuers are asked about them all the
same, and one that is active is reported and answered.

With --respond every key found is verified with its issuer, once however many
repositories hold it, and what to do is planned; with --execute and a policy it is
done, as quash respond does it. Unless --exposure says who could read a key, it is the
visibility of the most visible repository that holds it: public, internal (private ones
too), or local for one of this machine.

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
	app                         appFlags
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
	f.app.flags(fs)
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
	order, err := f.answer.order(r.config)
	if err != nil {
		return err
	}
	order.Plan, r.asks = plan, f.respond
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
		if err := r.sit(ctx, f.answer.atOnce); err != nil {
			return err
		}
	}
	if err := r.start(&f.out, o.coverage.Targets); err != nil {
		return err
	}
	o.cover(ctx, all)
	switch {
	case f.respond:
		err = o.answerAll(ctx, order)
	case len(r.findings) > 0 && !f.noStore:
		r.remember(ctx)
	}
	return r.finish(ctx, errors.Join(err, o.write()))
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
