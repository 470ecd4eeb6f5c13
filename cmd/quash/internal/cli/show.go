package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
	"github.com/spf13/cobra"
)

func newShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "every place of one key, with context", Args: cobra.ExactArgs(1),
		Long: "Show prints what is known of one key: every place a scan saw it at, the lines around it with every key in them taken out,\nand what its issuer said last. It never prints a key.",
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
	sc, err := scanner.New(set, scanner.Options{})
	if err != nil {
		return usage(err)
	}
	k, err := g.stored(ctx, c.StateDir(g.state, g.env.getenv), id)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  %s  %s\n", k.ID, k.Rule, k.Confidence, k.Redacted)
	if r, ok := set.Rule(k.Rule); ok {
		fmt.Fprintf(&b, "  %s\n", r.Name)
	}
	fmt.Fprintf(&b, "  why: %s\n  seen by scans %s … %s\n", strings.Join(k.Reasons, ", "), k.FirstSeen.Format("2006-01-02 15:04"), k.LastSeen.Format("2006-01-02 15:04"))
	if v := k.Verdict; v != nil {
		fmt.Fprintf(&b, "  issuer: %s at %s: %s\n", v.Validity, v.At.UTC().Format("2006-01-02 15:04:05"), v.Reason)
		for _, name := range slices.Sorted(maps.Keys(v.Facts)) {
			fmt.Fprintf(&b, "    %s: %s\n", strings.ReplaceAll(name, "_", " "), v.Facts[name])
		}
	}
	for _, p := range k.Places {
		b.WriteString("\n" + describePlace(p))
		b.WriteString(excerpt(sc, p))
	}
	_, err = g.env.Stdout.Write(g.env.Redactor.Clean([]byte(b.String())))
	return err
}

// stored is what the store knows of a key.
func (g *globals) stored(ctx context.Context, dir string, id scanner.ID) (store.Key, error) {
	s, err := store.Open(ctx, filepath.Join(dir, "quash.db"))
	if err != nil {
		return store.Key{}, usage(err)
	}
	k, err := s.Key(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%s: no scan recorded this key in %s; scan again, or name the directory with --state", id, dir)
	}
	return k, usage(errors.Join(err, s.Close()))
}

func describePlace(p store.Place) string {
	at := p.At
	var b strings.Builder
	fmt.Fprintf(&b, "  %s", filepath.ToSlash(p.Target))
	if at.Path != "" && at.Path != "-" {
		fmt.Fprintf(&b, "  %s:%d:%d", at.Path, at.Line, at.Column)
	}
	for _, s := range [...]string{at.Record, at.Field, at.View, at.Author, at.URL} {
		if s != "" {
			b.WriteString("  " + s)
		}
	}
	if !at.Time.IsZero() {
		b.WriteString("  " + at.Time.UTC().Format("2006-01-02 15:04"))
	}
	if at.Commit != "" {
		fmt.Fprintf(&b, "\n    commit %s, in the history of %s", at.Commit, strings.Join(at.Refs, ", "))
		fmt.Fprintf(&b, "\n    to see it: git -C %s show %.12s:%s", p.Target, at.Commit, at.Path)
	}
	return b.String() + "\n"
}

// excerptLines is how many lines are shown before and after a key.
const excerptLines = 2

// excerpt is the lines around a key in a file that is still there, with every key in them taken out. The file is searched
// anew, so that what has moved is not shown by accident.
func excerpt(sc *scanner.Scanner, p store.Place) string {
	if p.At.Commit != "" || p.At.Record != "" {
		return ""
	}
	path := p.Target
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, filepath.FromSlash(p.At.Path))
	}
	data, err := os.ReadFile(path)
	if err != nil || bytes.IndexByte(data, 0) >= 0 {
		return ""
	}
	var marked bytes.Buffer
	last := int64(0)
	for f := range sc.Find(scanner.Chunk{Data: data}) {
		marked.Write(data[last:f.At.Offset])
		marked.WriteString("[" + f.Redacted + " " + string(f.ID) + "]" + strings.Repeat("\n", f.At.EndLine-f.At.Line))
		last = f.At.Offset + f.At.Length
	}
	if last == 0 {
		return "    no longer there\n"
	}
	marked.Write(data[last:])
	lines := strings.Split(marked.String(), "\n")
	var b strings.Builder
	for n := max(1, p.At.Line-excerptLines); n <= min(len(lines), p.At.EndLine+excerptLines); n++ {
		fmt.Fprintf(&b, "    %5d  %.160s\n", n, lines[n-1])
	}
	return b.String()
}
