package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/records"
)

// Scores that a kind's Detect gives. Any number between them is allowed; the highest wins, and of equals the first name.
const (
	// ScoreNone: the target is not of this kind.
	ScoreNone = records.None
	// ScoreFallback: it can be read this way when nothing knows better.
	ScoreFallback = 1
	// ScoreLikely: it has the general shape, such as JSON lines with a text field.
	ScoreLikely = records.Likely
	// ScoreSure: it has a mark that no other kind has.
	ScoreSure = records.Sure
)

// Kind is a kind of source.
type Kind struct {
	// Name is what `--source` takes: "dir", "git", "jira".
	Name string
	// Title names the kind in a sentence, with its article: "a git repository".
	Title string
	// Detect says how sure it is that the target is of this kind, from ScoreNone to ScoreSure. It reads no more than a
	// few directory entries beyond what the target holds.
	Detect func(ctx context.Context, t Target) int
	// Open opens the target. It answers with a [Mismatch] when the target is not of this kind.
	Open func(ctx context.Context, t Target, o Options) (scanner.Source, error)
}

// Options tune what a source reads. The zero value reads everything there is.
type Options struct {
	// Kind forces a kind by its name; empty detects it.
	Kind string
	// NoHistory leaves out a repository's history, NoWorktree the files of its work tree.
	NoHistory, NoWorktree bool
	// Unreachable reads, of a repository, also what no reference leads to: commits that reflogs name or nothing does, and blobs
	// outside of all commits. Their places are marked so.
	Unreachable bool
	// Since, when it is set, leaves out of a repository's history what came in with commits before it, by the committer's time.
	Since time.Time
	// Past, when it is set, is what an earlier complete scan under the same options saw of the repository's history: only
	// what is new is read, and what is to be read again.
	Past *Past
	// NoIgnore reads what .gitignore, .git/info/exclude and the user's global excludes file leave out.
	NoIgnore bool
	// MaxFile, when above zero, leaves out files and blobs of more bytes; each is a gap. Zero reads them all, in pieces.
	MaxFile int64
	// Stdin is read for the target "-".
	Stdin io.Reader
	// Env looks up environment variables (os.LookupEnv); nil knows none. Read are HOME and XDG_CONFIG_HOME, for the
	// user's global excludes file.
	Env func(name string) (string, bool)
	// Git is the git program, run for the few repositories that go-git cannot read; empty is the one on the path.
	Git string
	// Fields names the columns or keys of a generic export, by meaning: "record", "author", "time", "text", "url".
	Fields map[string]string
	// Progress is told, now and then, how far the source is; nil is told nothing. Parts of a split source call it at
	// the same time.
	Progress func(Progress)
}

// Progress is how far a source is.
type Progress struct {
	// Stage is what is being read: "commits", "trees", "history", "work tree", "files", "records".
	Stage string
	// Done and Total count things of the stage; Total is 0 when it is not known.
	Done, Total int
}

// Mismatch says that a target is not of the kind it was opened as.
type Mismatch struct {
	// Target is the target as it was given, Kind the title of the kind.
	Target, Kind string
	// Why says what is missing or wrong: "no <rss><channel>".
	Why string
	// Looks is what the target looks like, with the option that reads it so; Open fills it in.
	Looks string
}

// Error implements error.
func (m *Mismatch) Error() string {
	s := fmt.Sprintf("open %q: not %s", m.Target, m.Kind)
	if m.Why != "" {
		s += ": " + m.Why
	}
	if m.Looks == "" {
		return s + "; name the format with --source: " + strings.Join(Kinds(), ", ")
	}
	return s + "; it looks like " + m.Looks
}

// registry holds the kinds, filled by the register lines of this package before main runs.
var registry []Kind

// register adds a kind. It panics when the name is taken.
func register(k Kind) struct{} {
	if _, ok := kindNamed(k.Name); ok {
		panic("source: kind registered twice: " + k.Name)
	}
	registry = append(registry, k)
	slices.SortFunc(registry, func(a, b Kind) int { return cmp.Compare(a.Name, b.Name) })
	return struct{}{}
}

// Kinds returns the names of all kinds, sorted.
func Kinds() []string {
	names := make([]string, 0, len(registry))
	for _, k := range registry {
		names = append(names, k.Name)
	}
	return names
}

func kindNamed(name string) (Kind, bool) {
	i := slices.IndexFunc(registry, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return registry[i], true
}

// Open opens a target: a path, or "-" for standard input. The error names the target, the cause and what to do.
func Open(ctx context.Context, target string, o Options) (scanner.Source, error) {
	if o.Kind != "" {
		if _, ok := kindNamed(o.Kind); !ok {
			return nil, fmt.Errorf("open %q: no source is called %q; --source takes one of %s", target, o.Kind, strings.Join(Kinds(), ", "))
		}
	}
	t, err := newTarget(ctx, target, o)
	if err != nil {
		return nil, err
	}
	src, err := open(ctx, t, o)
	if err != nil {
		t.Close()
		return nil, err
	}
	return src, nil
}

func open(ctx context.Context, t Target, o Options) (scanner.Source, error) {
	best, score := detect(ctx, t)
	if o.Kind == "" {
		if score == ScoreNone {
			return nil, fmt.Errorf("open %q: %s is nothing that can be read; give a file, a directory, a repository or -", t.Name, t.describe())
		}
		return best.Open(ctx, t, o)
	}
	k, _ := kindNamed(o.Kind)
	src, err := k.Open(ctx, t, o)
	var m *Mismatch
	if errors.As(err, &m) && score > ScoreNone && best.Name != k.Name {
		m.Looks = fmt.Sprintf("%s: leave --source out, or give --source %s", best.Title, best.Name)
	}
	return src, err
}

// detect returns the kind that is surest of the target.
func detect(ctx context.Context, t Target) (Kind, int) {
	var best Kind
	score := ScoreNone
	for _, k := range registry {
		if s := k.Detect(ctx, t); s > score {
			best, score = k, s
		}
	}
	return best, score
}
