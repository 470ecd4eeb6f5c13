package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/pflag"
)

// kindFlags are a flag for each hook.
type kindFlags map[string]*bool

func (k *kindFlags) flags(f *pflag.FlagSet, help string) {
	*k = kindFlags{}
	for _, h := range hookKinds() {
		(*k)[h.name] = f.Bool(h.name, false, help)
	}
}

// chosen are the hooks that were asked for; pre-commit and pre-push where none was.
func (k kindFlags) chosen() []hookKind {
	var all []hookKind
	for _, h := range hookKinds() {
		if *k[h.name] {
			all = append(all, h)
		}
	}
	if all == nil {
		return hookKinds()[:2]
	}
	return all
}

// installer puts hooks into a directory, and takes them out again.
type installer struct {
	g      *globals
	git    hookGit
	global bool
}

// globalKey is the setting that names a directory of hooks for all repositories; it puts each repository's own out of use.
const globalKey = "core.hooksPath"

func (in installer) install(ctx context.Context, kinds []hookKind) error {
	binary, err := thisProgram()
	if err != nil {
		return err
	}
	if in.global {
		return in.installGlobal(ctx, kinds, binary)
	}
	dir, err := in.git.hooksDir(ctx)
	if err != nil {
		return err
	}
	if err := in.put(dir, kinds, binary); err != nil {
		return err
	}
	if note := in.shared(ctx, dir); note != "" {
		in.g.note("%s", note)
	}
	return nil
}

// installGlobal uses the directory that serves all repositories already, or makes one and names it to git.
func (in installer) installGlobal(ctx context.Context, kinds []hookKind, binary string) error {
	ours, err := in.globalDir()
	if err != nil {
		return err
	}
	set, err := in.git.ask(ctx, "config", "--global", "--type=path", "--get", globalKey)
	if err != nil {
		return err
	}
	if set != "" && filepath.Clean(set) != ours {
		if !filepath.IsAbs(set) {
			return fmt.Errorf("%s of your git configuration is %q, another directory in each repository; run quash hook install in each, without --global", globalKey, set)
		}
		return in.put(set, kinds, binary)
	}
	if err := os.MkdirAll(ours, 0o755); err != nil {
		return hookFailed(err)
	}
	for _, name := range handedOn() {
		if err := writeHook(filepath.Join(ours, name), handOn(name)); err != nil {
			return hookFailed(err)
		}
	}
	for _, h := range kinds {
		if err := writeHook(filepath.Join(ours, h.name), globalScript(h, binary)); err != nil {
			return hookFailed(err)
		}
	}
	for _, h := range hookKinds() {
		state, err := lookAt(filepath.Join(ours, h.name))
		if err == nil && !state.there {
			err = writeHook(state.path, handOn(h.name))
		}
		if err != nil {
			return hookFailed(err)
		}
	}
	if _, err := in.git.ask(ctx, "config", "--global", globalKey, ours); err != nil {
		return err
	}
	return in.say("installed for all repositories: %s in %s (%s of your git configuration)", names(kinds), ours, globalKey)
}

// globalDir is the directory of our hooks for all repositories.
func (in installer) globalDir() (string, error) {
	dir := in.g.env.getenv("XDG_CONFIG_HOME")
	if dir == "" {
		home := in.g.env.getenv("HOME")
		if home == "" {
			return "", errors.New("neither HOME nor XDG_CONFIG_HOME is set; set one, or install in each repository")
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "quash", "hooks"), nil
}

// put writes hooks into a directory and keeps those that are there.
func (in installer) put(dir string, kinds []hookKind, binary string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return hookFailed(err)
	}
	for _, h := range kinds {
		done, err := in.putOne(filepath.Join(dir, h.name), hookScript(h, binary))
		if err != nil {
			return err
		}
		if err := in.say("%s", done); err != nil {
			return err
		}
	}
	return nil
}

// putOne writes one hook and says what was done.
func (in installer) putOne(path, script string) (done string, err error) {
	now, err := lookAt(path)
	if err != nil {
		return "", hookFailed(err)
	}
	before, err := lookAt(path + beforeSuffix)
	if err != nil {
		return "", hookFailed(err)
	}
	legacy, err := lookAt(path + ".legacy")
	switch {
	case err != nil:
		return "", hookFailed(err)
	case now.framework && legacy.ours:
		return "installed already: " + path + " is pre-commit's framework, which runs " + filepath.Base(legacy.path), hookFailed(writeHook(legacy.path, script))
	case now.there && !now.ours && before.there:
		return "", fmt.Errorf("%s: another program took the place of quash's hook, and %s is kept from before; join the two, remove one, and install again", path, before.path)
	case now.there && !now.ours:
		if err := os.Rename(path, before.path); err != nil {
			return "", hookFailed(err)
		}
		before.there = true
	}
	if err := writeHook(path, script); err != nil {
		return "", hookFailed(err)
	}
	done = "installed " + path
	if before.there {
		done += ", which runs the one that was there first (" + filepath.Base(before.path) + ")"
	}
	return done, nil
}

// shared says whom else a hooks directory serves, where that is not this repository alone.
func (in installer) shared(ctx context.Context, dir string) string {
	own, err := in.git.ownDir(ctx)
	if err != nil || own == dir {
		return ""
	}
	top := in.git.top(ctx)
	switch rel, err := filepath.Rel(top, dir); {
	case top == "" || err != nil || strings.HasPrefix(rel, ".."):
		return dir + " serves other repositories too: " + globalKey + " names it"
	case strings.HasPrefix(filepath.ToSlash(rel), ".husky/"):
		return rel + ` is written anew by husky; add the line "quash hook pre-commit" to .husky/pre-commit as well`
	default:
		return rel + " is in the work tree: if it is committed, others get this hook with it"
	}
}

// say writes a line to stdout.
func (in installer) say(format string, args ...any) error {
	_, err := fmt.Fprintf(in.g.env.Stdout, format+"\n", args...)
	return err
}

type kindNames []string

// String lists the names for a sentence.
func (k kindNames) String() string { return strings.Join(k, ", ") }

func names(kinds []hookKind) kindNames {
	var all kindNames
	for _, h := range kinds {
		all = append(all, h.name)
	}
	return all
}

// hookFailed words an error of the file system.
func hookFailed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("install hook: %w; check who may write there, then do it again", err)
}

// thisProgram is the program that hooks are to run. One that `go run` made is gone when it ends.
func thisProgram() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w; run quash by its full path", err)
	}
	if !strings.Contains(filepath.ToSlash(path), "/go-build") {
		return path, nil
	}
	if path, err = exec.LookPath("quash"); err != nil {
		return "", errors.New("go run made this program, and it is gone when the hook runs; go install ./cmd/quash first")
	}
	return filepath.Abs(path)
}

// executable reports whether git would run a file as a hook.
func executable(info fs.FileInfo) bool {
	return runtime.GOOS == "windows" || info.Mode()&0o111 != 0
}
