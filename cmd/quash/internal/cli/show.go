package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
	"github.com/quash-sh/quash/store"
	"github.com/spf13/cobra"
)

const showLong = `Show prints what is known of one key: every place a scan saw it at, the lines around
it with every key in them taken out, and what its issuer said last. It never prints a
key.`

func newShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "every place of one key, with context", Args: oneID, Long: showLong,
		RunE: func(cmd *cobra.Command, args []string) error { return g.show(cmd.Context(), scanner.ID(args[0])) },
	}
}

func (g *globals) show(ctx context.Context, id scanner.ID) error {
	c, err := g.load()
	if err != nil {
		return err
	}
	set, err := g.ruleSet(c)
	if err != nil {
		return err
	}
	sc, err := scanner.New(set, scanner.Options{KeepAllowed: true}) // what is allowed is not printed either
	if err != nil {
		return usage(err)
	}
	k, err := g.stored(ctx, g.stateDir(c), id)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(describeKey(k, set))
	for _, p := range k.Places {
		b.WriteString("\n" + describePlace(p) + excerpt(sc, p))
	}
	_, err = io.WriteString(g.env.Stdout, b.String())
	return err
}

// stored is what the store knows of a key.
func (g *globals) stored(ctx context.Context, dir string, id scanner.ID) (store.Key, error) {
	s, err := store.Open(ctx, desk.StorePath(dir))
	if err != nil {
		return store.Key{}, usage(err)
	}
	k, err := s.Key(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%s: no scan recorded this key in %s; scan again, or name the directory with --state", id, dir)
	}
	return k, usage(errors.Join(err, s.Close()))
}

// describeKey is what is known of the key beside its places.
func describeKey(k store.Key, set *rules.Set) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  %s  %s\n", k.ID, k.Rule, k.Confidence, k.Redacted)
	if r, ok := set.Rule(k.Rule); ok {
		fmt.Fprintf(&b, "  %s\n", r.Name)
	}
	const minute, second = "2006-01-02 15:04", "2006-01-02 15:04:05"
	fmt.Fprintf(&b, "  why: %s\n  seen by scans from %s to %s\n", strings.Join(k.Reasons, ", "), k.FirstSeen.Format(minute), k.LastSeen.Format(minute))
	if v := k.Verdict; v != nil {
		fmt.Fprintf(&b, "  issuer: %s at %s: %s\n", v.Validity, v.At.UTC().Format(second), v.Reason)
		for _, name := range slices.Sorted(maps.Keys(v.Facts)) {
			fmt.Fprintf(&b, "    %s: %s\n", strings.ReplaceAll(name, "_", " "), plain(v.Facts[name]))
		}
	}
	return b.String()
}

func describePlace(p store.Place) string {
	at := p.At
	var b strings.Builder
	fmt.Fprintf(&b, "  %s", plain(filepath.ToSlash(p.Target)))
	if at.Path != "" && !strings.HasSuffix(filepath.ToSlash(p.Target), at.Path) { // a file below the target, not the target itself
		b.WriteString("  " + plain(at.Path))
	}
	if at.Record == "" && at.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", at.Line, at.Column)
	}
	for _, s := range [...]string{at.Record, at.Field, at.View, at.Author, at.URL} {
		if s != "" {
			b.WriteString("  " + plain(s))
		}
	}
	if !at.Time.IsZero() {
		b.WriteString("  " + at.Time.UTC().Format("2006-01-02 15:04"))
	}
	if at.Commit != "" {
		fmt.Fprintf(&b, "\n    commit %s", at.Commit)
		if len(at.Refs) > 0 {
			b.WriteString(", in the history of " + plain(strings.Join(at.Refs, ", ")))
		}
		b.WriteString("\n    to see it: " + seeing(p.Target, at))
	}
	return b.String() + "\n"
}

// seeing is the command that shows a place in history. Git knows no members of containers: of those the container is taken out, to be
// unpacked. A repository that stands in a file is cloned first.
func seeing(target string, at scanner.Location) string {
	first := ""
	if inner, ok := strings.CutPrefix(at.Path, at.Repository); ok && at.Repository != "" && (inner == "" || inner[0] == '!') {
		in := at.Repository
		if file, member := outermost(in); member != "" {
			first, in = fmt.Sprintf("unpack %s, then in it\n    ", plain(file)), member
		}
		first += cloning(in)
		target, at.Path = cloned, strings.TrimPrefix(inner, "!")
	} else if info, err := os.Stat(target); err == nil && info.Mode().IsRegular() {
		first, target = cloning(target), cloned
	}
	if dir, inner, ok := inSubmodule(target, at); ok {
		target, at.Path = dir, inner
	}
	pointer, large, isLarge := strings.Cut(at.Path, "!lfs/")
	if isLarge {
		at.Path = pointer
	}
	file, member := outermost(at.Path)
	if isLarge {
		file, member = pointer, ""
	}
	what := fmt.Sprintf("%.12s:%s", at.Commit, file)
	if at.Field == "message" && at.Path == "" {
		what = fmt.Sprintf("%.12s", at.Commit)
	} else if at.Path == "" {
		what = at.Blob
	}
	show := first + fmt.Sprintf("git -C %s show %s", quoted(target), quoted(what))
	if isLarge { // git has the pointer
		show += fmt.Sprintf(" | git -C %s lfs smudge", quoted(target))
		_, member = outermost(large)
	}
	if member == "" {
		return show
	}
	copied := fmt.Sprintf("%.12s-%s", at.Commit, path.Base(file))
	return fmt.Sprintf("%s > %s\n    and then unpack %s: it is in %s", show, quoted(copied), quoted(copied), plain(member))
}

// inSubmodule returns the folder of the submodule that a place is in, and the path in it: none, for its blob, where it is not checked out.
func inSubmodule(target string, at scanner.Location) (dir, inner string, ok bool) {
	repository, top := filepath.ToSlash(at.Repository), filepath.ToSlash(target)
	if repository == "" || repository == "." || strings.HasSuffix("/"+top, "/"+repository) {
		return "", "", false
	}
	if i := strings.Index(repository, ".git/"); i >= 0 {
		if !filepath.IsAbs(at.Repository) {
			repository = path.Join(top, repository[i:])
		}
		return repository, "", true
	}
	for i := len(at.Path) - 1; i > 0; i-- {
		if at.Path[i] != '/' || !strings.HasSuffix("/"+repository, "/"+at.Path[:i]) {
			continue
		}
		dir = path.Join(top, at.Path[:i])
		_, err := os.Stat(filepath.Join(filepath.FromSlash(dir), ".git"))
		return dir, at.Path[i+1:], err == nil
	}
	return "", "", false
}

// cloned is what a repository that stands in a file is cloned to.
const cloned = "found.git"

// cloning is the command that does so, and what stands before the next.
func cloning(from string) string {
	return fmt.Sprintf("git clone --mirror %s %s\n    and then ", quoted(from), cloned)
}

// outermost splits a path into that of a file and the names on the way to a member in it, where the file is a container.
func outermost(name string) (file, member string) {
	for i, c := range name {
		if c != '!' {
			continue
		}
		for _, kind := range source.Containers() {
			if slices.ContainsFunc(kind.Extensions, func(ext string) bool { return strings.HasSuffix(strings.ToLower(name[:i]), ext) }) {
				return name[:i], name[i+1:]
			}
		}
	}
	return name, ""
}

// plain is a text from outside as a terminal may get it: without control characters, which could move the cursor or hide text.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x202e || c == 0x2066 || c == 0x2067 || c == 0x2068 {
			return '\uFFFD'
		}
		return c
	}, s)
}

var shellWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Za-z_@%+=:,./-]+$`) })

// quoted is a word as a shell reads it.
func quoted(s string) string {
	if shellWord().MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(plain(s), "'", `'\''`) + "'"
}

const (
	// excerptLines is how many lines are shown before and after a key, excerptWidth how many bytes of a line.
	excerptLines = 2
	excerptWidth = 160
	// excerptFile is the greatest file that is read for an excerpt, in bytes.
	excerptFile = 16 << 20
)

// excerpt is the lines around a key in a file that is still there, with every key in them taken out, and every long word that
// could be one. The file is searched anew, so that what has moved is not shown by accident.
func excerpt(sc *scanner.Scanner, p store.Place) string {
	if p.At.Commit != "" || p.At.Record != "" || p.At.Path == "-" {
		return ""
	}
	file := p.Target
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		file = filepath.Join(file, filepath.FromSlash(p.At.Path))
	}
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > excerptFile {
		return ""
	}
	data, err := os.ReadFile(file)
	if err != nil || bytes.IndexByte(data, 0) >= 0 {
		return ""
	}
	masked := mask(string(data), sc, func(f scanner.Finding) string {
		return "[" + f.Redacted + " " + string(f.ID) + "]" + strings.Repeat("\n", max(0, f.At.EndLine-f.At.Line))
	})
	lines := strings.Split(masked, "\n")
	if p.At.Line > len(lines) || masked == string(data) {
		return "    no longer there\n"
	}
	var b strings.Builder
	for n := max(1, p.At.Line-excerptLines); n <= min(len(lines), p.At.EndLine+excerptLines); n++ {
		fmt.Fprintf(&b, "    %5d  %.*s\n", n, excerptWidth, maskWords(plain(strings.TrimRight(lines[n-1], "\r"))))
	}
	return b.String()
}

// longWord is a run of the characters of which keys are made.
var longWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[0-9A-Za-z_+/~.-]{20,}={0,2}`) })

// maskWords takes out words that could be keys although no rule found them: one that a comment allows, for instance.
func maskWords(line string) string {
	return longWord().ReplaceAllStringFunc(line, func(w string) string {
		if isID(w) || !strings.ContainsAny(w, "0123456789") {
			return w
		}
		return fmt.Sprintf("[… %d chars]", len(w))
	})
}
