package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
	"github.com/spf13/cobra"
)

// hookKind is a hook of git that quash can be.
type hookKind struct {
	name, short, long string
	// stops and adds say what is stopped and in what the keys are: "commit", "what you are committing".
	stops, adds string
	// stdin says that git writes lines of references to the hook.
	stdin bool
	// open opens what the hook reads. nil: nothing is to be read.
	open func(ctx context.Context, c *check, args []string) (*source.Addition, error)
	// again reads the same once more, for quash respond.
	again string
}

func hookKinds() []hookKind {
	return []hookKind{
		{
			name: "pre-commit", short: "stop a commit that adds a key", long: preCommitLong,
			stops: "commit", adds: "what you are committing", open: openStaged, again: "--staged",
		},
		{
			name: "pre-push", short: "stop a push that brings a key", long: prePushLong,
			stops: "push", adds: "what you are pushing", stdin: true, open: openPushed,
		},
		{
			name: "pre-receive", short: "refuse a push that brings a key", long: preReceiveLong,
			stops: "push", adds: "what you are pushing", stdin: true, open: openReceived,
		},
	}
}

// lean makes the program collect no garbage before it holds more than a hook ever does, and returns what undoes that: a run of
// some milliseconds ends before collecting would pay.
func lean() func() {
	percent := debug.SetGCPercent(-1)
	limit := debug.SetMemoryLimit(256 << 20)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

// check is one run of a hook.
type check struct {
	g       *globals
	cmd     *cobra.Command
	kind    hookKind
	started time.Time
	source  *source.Addition
	// spec names what was read, for quash respond.
	spec string
}

// run reads what is added and says what was found. Nothing staged, nothing pushed: no rule is loaded.
func (c *check) run(ctx context.Context, args []string) (err error) {
	c.g.env.StderrTerminal = false // a hook draws no progress
	c.spec = c.kind.again
	if c.source, err = c.kind.open(ctx, c, args); err != nil {
		return usage(err)
	}
	if c.source == nil {
		return nil
	}
	defer func() { err = errors.Join(err, c.source.Close()) }()
	if c.source.Empty() {
		return nil
	}
	r, err := c.g.prepare(c.cmd, &scanFlags{})
	if err != nil {
		return err
	}
	idKey, err := r.config.Secret("id_key", r.config.IDKey, c.g.env.getenv)
	if err != nil {
		return usage(err)
	}
	t, err := r.additionTarget(ctx, ".", c.source, idKey)
	if err != nil {
		return usage(err)
	}
	r.targets, r.out = []target{t}, &outputs{}
	if err := r.scan(ctx); err != nil {
		return err
	}
	return c.say(r)
}

func openStaged(ctx context.Context, c *check, _ []string) (*source.Addition, error) {
	return source.Staged(ctx, ".", source.Options{Env: c.g.env.LookupEnv})
}

// openPushed reads git's lines `LOCAL_REF LOCAL_ID REMOTE_REF REMOTE_ID`. The remote is the hook's first argument.
func openPushed(ctx context.Context, c *check, args []string) (*source.Addition, error) {
	var r source.Revisions
	if len(args) > 0 {
		r.Remote = args[0]
	}
	err := c.lines(4, func(f []string) { r.From, r.Not = append(r.From, f[1]), append(r.Not, f[3]) })
	if err != nil {
		return nil, err
	}
	if len(r.From) == 0 {
		c.framework(&r)
	}
	return c.openRange(ctx, r)
}

// framework takes over what pre-commit (https://pre-commit.com) says of a push: it reads git's lines itself and hands on the
// environment instead. Where it names no range, a first commit is pushed.
func (c *check) framework(r *source.Revisions) {
	env := c.g.env.getenv
	switch to, from := env("PRE_COMMIT_TO_REF"), env("PRE_COMMIT_FROM_REF"); {
	case to != "" && from != "":
		r.From, r.Not = []string{to}, []string{from}
	case env("PRE_COMMIT_LOCAL_BRANCH") != "":
		r.From = []string{env("PRE_COMMIT_LOCAL_BRANCH")}
	default:
		return
	}
	r.Remote = env("PRE_COMMIT_REMOTE_NAME")
}

// openReceived reads git's lines `OLD_ID NEW_ID REF`.
func openReceived(ctx context.Context, c *check, _ []string) (*source.Addition, error) {
	r := source.Revisions{KnownRefs: true}
	err := c.lines(3, func(f []string) { r.From, r.Not = append(r.From, f[1]), append(r.Not, f[0]) })
	if err != nil {
		return nil, err
	}
	return c.openRange(ctx, r)
}

func (c *check) openRange(ctx context.Context, r source.Revisions) (*source.Addition, error) {
	if len(r.From) == 0 {
		return nil, nil
	}
	if len(r.From) == 1 && len(r.Not) == 1 && strings.Trim(r.Not[0], "0") != "" {
		c.spec = "--range " + r.Not[0] + ".." + r.From[0]
	}
	return source.Range(ctx, ".", r, source.Options{Env: c.g.env.LookupEnv})
}

// lines reads the lines that git writes to a hook; each has so many words.
func (c *check) lines(words int, line func(f []string)) error {
	in := bufio.NewScanner(c.g.env.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		f := strings.Fields(in.Text())
		if len(f) != words {
			return fmt.Errorf("standard input: a line is not what git writes to %s; let git run it", c.kind.name)
		}
		line(f)
	}
	return in.Err()
}

// openAddition opens what --staged or --range reads.
func (r *run) openAddition(ctx context.Context, name string, idKey scanner.Secret) (target, error) {
	s := r.flags
	o := source.Options{MaxFile: s.maxFile, Env: r.g.env.LookupEnv, Progress: r.bar.source}
	var src *source.Addition
	var err error
	switch {
	case s.staged && s.commits != "":
		return target{}, errors.New("--staged and --range: each reads something else; give one of them")
	case s.staged:
		src, err = source.Staged(ctx, name, o)
	default:
		var revisions source.Revisions
		if revisions, err = source.ParseRange(s.commits); err == nil {
			src, err = source.Range(ctx, name, revisions, o)
		}
	}
	if err != nil {
		return target{}, err
	}
	return r.additionTarget(ctx, name, src, idKey)
}

// additionTarget judges an addition by the .quash.yaml and .quashignore that come with it: as they are staged, or as the last
// commit has them, and only where that has none as they stand in the work tree. So what lets a key stand is on record with it.
func (r *run) additionTarget(ctx context.Context, name string, src *source.Addition, idKey scanner.Secret) (target, error) {
	var own config.Scan
	path := filepath.Join(name, ".quash.yaml")
	data, err := src.File(ctx, ".quash.yaml")
	switch {
	case err == nil:
		own, err = config.ParseNarrowing(path, data)
	case errors.Is(err, fs.ErrNotExist):
		own, err = config.LoadNarrowing(name)
	}
	if err != nil {
		return target{}, err
	}
	lists, err := r.additionLists(ctx, name, src)
	if err != nil {
		return target{}, err
	}
	t := target{name: name, source: src, lists: lists}
	err = r.newScanner(&t, path, own, idKey)
	return t, err
}

func (r *run) additionLists(ctx context.Context, name string, src *source.Addition) (scanner.AllowLists, error) {
	data, err := src.File(ctx, ".quashignore")
	if errors.Is(err, fs.ErrNotExist) {
		return r.g.allowLists(name, r.flags.baseline)
	}
	lists, err := r.g.allowList(nil, filepath.Join(name, ".quashignore"), data, err)
	if err != nil {
		return nil, err
	}
	return r.g.baselines(lists, r.flags.baseline)
}
