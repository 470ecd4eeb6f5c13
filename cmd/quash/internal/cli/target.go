package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/cmd/quash/internal/live"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
	"github.com/spf13/pflag"
)

// scanFlags say what is read and how it is judged.
type scanFlags struct {
	source                        string
	noHistory, noWorktree, noSkip bool
	minConfidence                 string
	only, skip                    []string
	baseline                      []string
	workers                       int
	allowIncomplete               bool
	maxFile                       int64
	fields                        map[string]string
	staged                        bool
	commits                       string // A..B
	unreachable, incremental      bool
	since, cache                  string
	parts                         []string  // of a target that is read through an API
	from                          time.Time // since, read
}

func (s *scanFlags) flags(f *pflag.FlagSet) {
	f.StringVar(&s.source, "source", "", "read the targets as this kind (default: by their content)")
	f.BoolVar(&s.noHistory, "no-history", false, "leave out a repository's history")
	f.BoolVar(&s.noWorktree, "no-worktree", false, "leave out a repository's work tree")
	f.BoolVar(&s.staged, "staged", false, "read what the index adds: what git commit would add now")
	f.StringVar(&s.commits, "range", "", "read what commits add: A..B is what B reaches and A does not; A...B, A and \"B ^A\" as for git rev-list")
	f.StringVar(&s.since, "since", "", "of the history or of tickets, read only what came in since: 90d, 12h, 4w or a date")
	f.BoolVar(&s.unreachable, "unreachable", false, "of a repository, read also what no branch or tag leads to: reflogs, lost commits")
	f.BoolVar(&s.incremental, "incremental", false, "of the history or of tickets, read only what is new since the last complete scan with this flag")
	f.StringSliceVar(&s.parts, "parts", nil, "of github-issues, read only these: "+strings.Join(live.Parts(), ", "))
	f.StringVar(&s.cache, "cache", "", "folder to keep fetched repositories in (default: they are removed after the scan)")
	f.BoolVar(&s.noSkip, "no-ignore", false, "read what .gitignore leaves out, too")
	f.StringVar(&s.minConfidence, "min-confidence", "", "least confidence to report: low, medium (default) or high")
	f.StringSliceVar(&s.only, "only", nil, "use only these rules")
	f.StringSliceVar(&s.skip, "skip", nil, "leave out these rules")
	f.StringArrayVar(&s.baseline, "baseline", nil, "file of finding IDs that are known and let stand (repeatable)")
	f.IntVarP(&s.workers, "jobs", "j", 0, "how many search at once (default: one per processor)")
	f.BoolVar(&s.allowIncomplete, "allow-incomplete", false, "accept what could not be read: an incomplete scan without keys exits 0")
	f.Int64Var(&s.maxFile, "max-file", 0, "leave out files of more bytes; each makes the scan incomplete (default: read all)")
	f.StringToStringVar(&s.fields, "field", nil, "names in a generic export: record=KEY,author=…,time=…,url=…")
}

// typed are the flags that change what is seen, for the record.
func (s *scanFlags) typed(f *pflag.FlagSet) []string {
	var all []string
	f.Visit(func(fl *pflag.Flag) {
		switch fl.Name {
		case "format", "output", "quiet", "log-level", "config", "state", "jobs", "cache", "incremental":
		default:
			all = append(all, "--"+fl.Name+"="+fl.Value.String())
		}
	})
	return all
}

// target is one thing to scan, with what its own .quash.yaml and .quashignore say.
type target struct {
	name    string
	source  scanner.Source
	scanner *scanner.Scanner
	lists   scanner.AllowLists
	// repository is what was fetched; nil when the target is here.
	repository *forge.Repository
	// memory is what the next scan is told; nil when it is told nothing.
	memory *memory
	// closers give back what the target holds, called from the last to the first.
	closers []func() error
}

// open prepares all targets before any is read, so that a mistyped one is an error at once.
func (r *run) open(ctx context.Context, names []string) error {
	r.g.room()
	if len(names) == 0 {
		names = []string{"."}
	}
	idKey, err := r.config.Secret("id_key", r.config.IDKey, r.g.env.getenv)
	if err != nil {
		return usage(err)
	}
	if err := r.flags.check(r.g.env.Now()); err != nil {
		return usage(err)
	}
	for _, name := range names {
		t, err := r.openOne(ctx, name, idKey)
		if err != nil {
			r.close()
		}
		if ctx.Err() != nil {
			return &exit{ExitIncomplete, fmt.Errorf("interrupted before anything was read; run the same command again")}
		}
		if err != nil {
			return usage(err)
		}
		r.targets = append(r.targets, t)
		if err := r.openWiki(ctx, name, idKey); err != nil {
			r.close()
			return usage(err)
		}
	}
	return nil
}

// targetNames are the targets as they were given.
func (r *run) targetNames() []string {
	var names []string
	for _, t := range r.targets {
		names = append(names, t.name)
	}
	return names
}

func (r *run) openOne(ctx context.Context, name string, idKey scanner.Secret) (target, error) {
	s := r.flags
	if live.Named(name) {
		return r.openLive(name, idKey)
	}
	if s.staged || s.commits != "" {
		return r.openAddition(ctx, name, idKey)
	}
	if forge.RemoteURL(name) {
		return r.openRemote(ctx, name, idKey)
	}
	dir := narrowingDir(name)
	own, err := config.LoadNarrowing(dir)
	if err != nil {
		return target{}, err
	}
	lists, err := r.g.allowLists(dir, s.baseline)
	if err != nil {
		return target{}, err
	}
	t := target{name: name, lists: lists}
	if err := r.newScanner(&t, filepath.Join(dir, ".quash.yaml"), own, idKey); err != nil {
		return target{}, err
	}
	t.source, err = r.openSource(ctx, &t, name)
	return t, err
}

// openSource opens what a target, or the mirror of one, holds.
func (r *run) openSource(ctx context.Context, t *target, at string) (scanner.Source, error) {
	s := r.flags
	o := source.Options{
		Kind: s.source, NoHistory: s.noHistory, NoWorktree: s.noWorktree, NoIgnore: s.noSkip, MaxFile: s.maxFile, Unreachable: s.unreachable, Since: s.from,
		Stdin: r.g.env.Stdin, Env: r.g.env.LookupEnv, Fields: r.fields(), Progress: r.bar.source,
	}
	if t.repository != nil {
		o.Kind, o.NoWorktree = "git", true
	}
	if t.memory != nil {
		if seen, ok := recall[source.Past](t.memory, pastSchema); ok {
			o.Past = &seen
		}
	}
	return source.Open(ctx, at, o)
}

// fields are the names in generic exports that the configuration gives, and those of --field before them.
func (r *run) fields() map[string]string {
	fields := maps.Clone(r.config.Fields)
	if fields == nil {
		return r.flags.fields
	}
	maps.Copy(fields, r.flags.fields)
	return fields
}

// newScanner makes the scanner of a target whose own configuration (the file at path) was read, and its memory.
func (r *run) newScanner(t *target, path string, own config.Scan, idKey scanner.Secret) error {
	s, c := r.flags, r.config
	if i := slices.IndexFunc(own.Skip, r.unknownRule); i >= 0 {
		return fmt.Errorf("%s: scan.skip: no rule has the id at place %d; quash rules list shows all", path, i+1)
	}
	var err error
	o := scanner.Options{
		IDKey: idKey, Only: s.only, Skip: slices.Concat(s.skip, c.Scan.Skip, own.Skip), Workers: s.workers,
		Allow: t.lists, KeepAllowed: r.asks, Progress: r.bar.chunk, Exclude: source.Excludes(slices.Concat(c.Scan.Exclude, own.Exclude)),
	}
	if o.MinConfidence, err = s.confidence(c.Scan, own); err != nil {
		return err
	}
	if s.incremental {
		if t.memory, err = r.remembering(t.name, o); err != nil {
			return err
		}
		o.Noted = t.memory.noted.Add
	}
	t.scanner, err = newScanner(r.set, o)
	return err
}

func (r *run) unknownRule(id string) bool {
	_, ok := r.set.Rule(id)
	return !ok
}

// confidence is the flag's, or the strictest that a configuration asks for, or medium.
func (s *scanFlags) confidence(operator, own config.Scan) (rules.Confidence, error) {
	switch flag := rules.Confidence(s.minConfidence); flag {
	case rules.Low, rules.Medium, rules.High:
		return flag, nil
	case "":
	default:
		return "", errors.New("--min-confidence: not known; it is low, medium or high")
	}
	for _, c := range [...]rules.Confidence{rules.High, rules.Medium, rules.Low} {
		if operator.MinConfidence == c || own.MinConfidence == c {
			return c, nil
		}
	}
	return rules.Medium, nil
}

// narrowingDir is where a target's own .quash.yaml and .quashignore stand.
func narrowingDir(name string) string {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return name
	}
	return filepath.Dir(name)
}

// allowLists reads the target's .quashignore, where there is one, and the baselines.
func (g *globals) allowLists(dir string, baselines []string) (scanner.AllowLists, error) {
	own := filepath.Join(dir, ".quashignore")
	data, err := config.ReadOwn(own)
	var lists scanner.AllowLists
	if !errors.Is(err, os.ErrNotExist) {
		if lists, err = g.allowList(lists, own, data, err); err != nil {
			return nil, err
		}
	}
	return g.baselines(lists, baselines)
}

// baselines adds the lists of these files.
func (g *globals) baselines(lists scanner.AllowLists, paths []string) (scanner.AllowLists, error) {
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if lists, err = g.allowList(lists, path, data, err); err != nil {
			return nil, err
		}
	}
	return lists, nil
}

// allowList adds a list that was read, or failed to be.
func (g *globals) allowList(lists scanner.AllowLists, path string, data []byte, err error) (scanner.AllowLists, error) {
	if err != nil {
		return nil, fmt.Errorf("read allow list: %w; check the path", err)
	}
	l, err := scanner.ParseAllowList(path, data, g.env.Now())
	return append(lists, l), err
}

// absolute names a target independently of the working directory. "-", URLs and what is read through an API stay what they are.
func absolute(name string) string {
	if name == "-" || live.Named(name) || forge.RemoteURL(name) {
		return name
	}
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}
