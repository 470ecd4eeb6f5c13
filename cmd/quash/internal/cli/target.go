package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
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
}

func (s *scanFlags) flags(f *pflag.FlagSet) {
	f.StringVar(&s.source, "source", "", "read the targets as this kind (default: by their content)")
	f.BoolVar(&s.noHistory, "no-history", false, "leave out a repository's history")
	f.BoolVar(&s.noWorktree, "no-worktree", false, "leave out a repository's work tree")
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
		case "format", "output", "quiet", "log-level", "config", "state", "jobs":
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
}

// open prepares all targets before any is read, so that a mistyped one is an error at once.
func (g *globals) open(ctx context.Context, s *scanFlags, c config.Config, set *rules.Set, names []string, progress *progress) ([]target, error) {
	if len(names) == 0 {
		names = []string{"."}
	}
	idKey, err := c.Secret("id_key", c.IDKey, g.env.getenv)
	if err != nil {
		return nil, usage(err)
	}
	var targets []target
	for _, name := range names {
		t, err := g.openOne(ctx, s, c, set, name, idKey, progress)
		if err != nil {
			return nil, usage(err)
		}
		targets = append(targets, t)
	}
	return targets, nil
}

func (g *globals) openOne(ctx context.Context, s *scanFlags, c config.Config, set *rules.Set, name string, idKey scanner.Secret, progress *progress) (target, error) {
	dir := narrowingDir(name)
	own, err := config.LoadNarrowing(dir)
	if err != nil {
		return target{}, err
	}
	lists, err := g.allowLists(dir, s.baseline)
	if err != nil {
		return target{}, err
	}
	o := scanner.Options{
		IDKey: idKey, Only: s.only, Skip: concat(s.skip, c.Scan.Skip, own.Skip), Workers: s.workers,
		Allow: lists, Progress: progress.chunk, Exclude: source.Excludes(concat(c.Scan.Exclude, own.Exclude)),
	}
	if o.MinConfidence, err = s.confidence(c.Scan, own); err != nil {
		return target{}, err
	}
	sc, err := scanner.New(set, o)
	if err != nil {
		return target{}, err
	}
	src, err := source.Open(ctx, name, source.Options{
		Kind: s.source, NoHistory: s.noHistory, NoWorktree: s.noWorktree, NoIgnore: s.noSkip, MaxFile: s.maxFile,
		Stdin: g.env.Stdin, Env: g.env.LookupEnv, Fields: s.fields, Progress: progress.source,
	})
	if err != nil {
		return target{}, err
	}
	return target{name, src, sc, lists}, nil
}

func concat(lists ...[]string) []string {
	var all []string
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// confidence is the flag's, or the strictest that a configuration asks for, or medium.
func (s *scanFlags) confidence(operator, own config.Scan) (rules.Confidence, error) {
	switch flag := rules.Confidence(s.minConfidence); flag {
	case rules.Low, rules.Medium, rules.High:
		return flag, nil
	case "":
	default:
		return "", fmt.Errorf("--min-confidence %q: not known; it is low, medium or high", s.minConfidence)
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
	var lists scanner.AllowLists
	for i, path := range append([]string{filepath.Join(dir, ".quashignore")}, baselines...) {
		data, err := os.ReadFile(path)
		if i == 0 && errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read allow list: %w", err)
		}
		l, err := scanner.ParseAllowList(path, data, g.env.Now())
		if err != nil {
			return nil, err
		}
		lists = append(lists, l)
	}
	return lists, nil
}

// absolute names a target independently of the working directory. "-" stays what it is.
func absolute(name string) string {
	if name == "-" {
		return name
	}
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}
