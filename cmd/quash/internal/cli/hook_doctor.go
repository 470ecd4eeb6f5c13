package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

const doctorLong = `Doctor says whether git runs quash in this repository, and what to do where it does not:
hooks that core.hooksPath, husky or pre-commit's framework put out of use, that are not
executable, that run another program than this one, that a linked work tree does not see.

EXIT STATUS
  0  git runs quash before commits
  2  it does not, or something is wrong; each line says what to do`

func newHookDoctor(g *globals) *cobra.Command {
	cmd := &cobra.Command{Use: "doctor", Short: "say whether git runs quash here, and why not", Long: doctorLong, Args: noArgs}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		d := doctor{g: g}
		if err := d.examine(cmd.Context()); err != nil {
			return usage(err)
		}
		return d.report()
	}
	return cmd
}

// doctor looks at the hooks of a repository.
type doctor struct {
	g     *globals
	git   hookGit
	top   string // of the work tree; empty in a bare repository
	dir   string // where git looks for hooks
	own   string // the repository's own
	lines []diagnosis
}

// diagnosis is one thing seen. One without next is well.
type diagnosis struct{ what, next string }

func (d *doctor) well(format string, args ...any) {
	d.lines = append(d.lines, diagnosis{what: fmt.Sprintf(format, args...)})
}

func (d *doctor) ill(next, format string, args ...any) {
	d.lines = append(d.lines, diagnosis{fmt.Sprintf(format, args...), next})
}

func (d *doctor) examine(ctx context.Context) (err error) {
	if d.dir, err = d.git.hooksDir(ctx); err != nil {
		return err
	}
	if d.own, err = d.git.ownDir(ctx); err != nil {
		return err
	}
	d.top = d.git.top(ctx)
	d.place(ctx)
	for _, h := range hookKinds()[:2] {
		if err := d.hook(h); err != nil {
			return err
		}
	}
	d.worktrees(ctx)
	return nil
}

// place says where git looks for hooks, and who said so.
func (d *doctor) place(ctx context.Context) {
	origin, err := d.git.ask(ctx, "config", "--show-origin", "--show-scope", "--get", globalKey)
	if err != nil || origin == "" {
		d.well("git looks for hooks in %s", d.dir)
		return
	}
	scope, rest, _ := strings.Cut(origin, "\t")
	file, _, _ := strings.Cut(rest, "\t")
	d.well("git looks for hooks in %s: %s is set (%s, %s)", d.dir, globalKey, scope, strings.TrimPrefix(file, "file:"))
}

// hook looks at one hook.
func (d *doctor) hook(h hookKind) error {
	now, err := lookAt(filepath.Join(d.dir, h.name))
	if err != nil {
		return err
	}
	switch {
	case now.ours && now.binary != "":
		d.ours(h, now)
	case now.there && !now.ours && d.through(h, now):
	case now.there && !now.ours:
		d.ill("quash hook install, which keeps it and runs it first", "%s is another program's hook, and quash is not run", now.path)
	default:
		d.ill("quash hook install", "%s: no hook of quash is installed where git looks", h.name)
	}
	shadowed, err := lookAt(filepath.Join(d.own, h.name))
	if err != nil {
		return err
	}
	if d.own != d.dir && shadowed.ours && !now.ours {
		d.ill("quash hook install, or git config --unset "+globalKey, "%s is never run: %s names another directory", shadowed.path, globalKey)
	}
	return nil
}

// ours looks at a hook of quash.
func (d *doctor) ours(h hookKind, s hookState) {
	this, _ := thisProgram()
	switch info, err := os.Stat(s.binary); {
	case !s.executable:
		d.ill("chmod +x "+forShell(s.path), "%s is not executable, and git passes it over", s.path)
	case err != nil:
		d.ill("quash hook install", "%s runs %s, which is gone", h.name, s.binary)
	case this != "" && !sameFile(info, this):
		d.ill("quash hook install, to have it run "+this, "%s runs another program than this one: %s", h.name, s.binary)
	default:
		d.well("%s runs quash: %s", h.name, s.path)
	}
}

func sameFile(a os.FileInfo, path string) bool {
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}

// through reports whether another program's hook is one that runs quash if it is told to, and says whether it is.
func (d *doctor) through(h hookKind, s hookState) bool {
	text, err := os.ReadFile(s.path)
	if err != nil {
		return false
	}
	switch {
	case !s.executable:
		d.ill("chmod +x "+forShell(s.path), "%s is not executable, and git passes it over", s.path)
		return true
	case strings.Contains(string(text), "quash hook "+h.name):
		d.well("%s names quash: %s", h.name, s.path)
		return true
	case s.framework:
		d.told(h, "pre-commit's framework", ".pre-commit-config.yaml", "id: quash", "add quash to .pre-commit-config.yaml, as README.md shows")
		return true
	case strings.Contains(filepath.ToSlash(s.path), "/.husky/"):
		d.told(h, "husky", ".husky/"+h.name, "quash hook "+h.name, `add the line "quash hook `+h.name+`" to .husky/`+h.name)
		return true
	}
	return false
}

// told says whether another program's configuration names quash: the file holds the text.
func (d *doctor) told(h hookKind, who, file, text, next string) {
	held, _ := os.ReadFile(filepath.Join(d.top, filepath.FromSlash(file))) // absent names nothing
	legacy, _ := lookAt(filepath.Join(d.dir, h.name+".legacy"))
	switch {
	case strings.Contains(string(held), text), legacy.ours:
		d.well("%s runs quash through %s", h.name, who)
	default:
		d.ill(next, "%s is run by %s, and its %s does not name quash", h.name, who, file)
	}
}

// worktrees looks whether the other work trees of the repository see the hook: a relative core.hooksPath is another directory in
// each.
func (d *doctor) worktrees(ctx context.Context) {
	rel, err := filepath.Rel(d.top, d.dir)
	if d.top == "" || err != nil || strings.HasPrefix(rel, "..") || d.dir == d.own {
		return
	}
	for _, tree := range d.git.worktrees(ctx) {
		s, err := lookAt(filepath.Join(tree, rel, "pre-commit"))
		if err == nil && !s.there {
			d.ill("git config "+globalKey+" with a full path, or commit "+filepath.ToSlash(rel), "the work tree %s has no %s: no hook is run there", tree, filepath.ToSlash(rel))
		}
	}
}

// report prints what was seen.
func (d *doctor) report() error {
	bad := 0
	var b strings.Builder
	for _, l := range d.lines {
		if l.next == "" {
			fmt.Fprintf(&b, "ok     %s\n", l.what)
			continue
		}
		bad++
		fmt.Fprintf(&b, "WRONG  %s\n       → %s\n", l.what, l.next)
	}
	if _, err := fmt.Fprint(d.g.env.Stdout, printable(b.String())); err != nil {
		return err
	}
	if bad > 0 {
		return code(ExitUsage)
	}
	return nil
}
