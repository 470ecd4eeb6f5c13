package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	// hookMark is the second line of every hook of ours; what follows is the hook's name.
	hookMark = "# quash hook "
	// beforeSuffix is what is added to the name of a hook that was there before.
	beforeSuffix = ".before-quash"
	// ifBefore begins what runs that hook.
	ifBefore = `if [ -x "$before" ]; then`
	// frameworkMark stands in every hook of pre-commit's framework.
	frameworkMark = "pre-commit.com"
)

// hookScript is a hook for a repository. It runs the hook that was there before, under its new name and with the same arguments
// and input. pre-commit's framework may take its place and run it as NAME.legacy; where the hook that was there before is the
// framework's too, the two would run one another for ever.
func hookScript(h hookKind, binary string) string {
	run := `"$before" "$@" || exit $?`
	if h.stdin {
		run = `refs=$(cat)
	given() { [ -z "$refs" ] || printf '%s\n' "$refs"; }
	given | "$before" "$@" || exit $?
	given | "$quash" hook ` + h.name + ` "$@"
	exit $?`
	}
	return scriptHead(h.name, binary) + `before=${0%/*}/` + h.name + beforeSuffix + `
[ "${0##*/}" = ` + h.name + ` ] || ! grep -q ` + frameworkMark + ` "$before" 2>/dev/null || before=
` + ifBefore + `
	` + run + `
fi
exec "$quash" hook ` + h.name + ` "$@"
`
}

// scriptHead is the begin of a hook that runs quash: the program that installed it, or where that is gone the one on the path.
func scriptHead(name, binary string) string {
	return fmt.Sprintf(`#!/bin/sh
%s%s: written by quash hook install, taken out by quash hook uninstall.
quash=%s
[ -x "$quash" ] || quash=quash
command -v "$quash" >/dev/null 2>&1 || {
	echo "quash: the hook %s finds no quash; install it again, or take the hook out: rm $0" >&2
	exit 1
}
`, hookMark, name, forShell(filepath.ToSlash(binary)), name)
}

// own finds the repository's own hook of a name, which core.hooksPath puts out of use. A new git (2.55 does) runs
// reference-transaction while it makes a repository, when git itself does not yet take the directory for one.
const own = `dir=$(git rev-parse --git-common-dir 2>/dev/null) || dir=${GIT_DIR:-.git}
before=$dir/hooks/%s
`

// globalScript is a hook for all repositories: it runs the repository's own, too.
func globalScript(h hookKind, binary string) string {
	s := hookScript(h, binary)
	return scriptHead(h.name, binary) + fmt.Sprintf(own, h.name) + s[strings.Index(s, ifBefore):]
}

// handOn is a hook for all repositories that only runs the repository's own.
func handOn(name string) string {
	return "#!/bin/sh\n" + hookMark + name + ": hands on to the repository's own, which core.hooksPath puts out of use.\n" +
		fmt.Sprintf(own, name) + "[ ! -x \"$before\" ] || exec \"$before\" \"$@\"\n"
}

// handedOn are the other hooks that git looks for. Left out are those whose mere presence changes what git does
// (push-to-checkout, proc-receive) and those that are run by a setting (fsmonitor-watchman).
func handedOn() []string {
	return []string{
		"applypatch-msg", "pre-applypatch", "post-applypatch", "pre-merge-commit", "prepare-commit-msg", "commit-msg", "post-commit",
		"pre-rebase", "post-checkout", "post-merge", "pre-receive", "update", "post-receive", "post-update", "reference-transaction",
		"pre-auto-gc", "post-rewrite", "sendemail-validate", "post-index-change",
	}
}

// hookState is what stands at a hook's place.
type hookState struct {
	path       string
	there      bool
	ours       bool
	framework  bool // it is of pre-commit's framework
	executable bool
	binary     string // the program that a hook of ours runs
}

// lookAt reads a hook.
func lookAt(path string) (hookState, error) {
	s := hookState{path: path}
	info, err := os.Lstat(path)
	if os.IsNotExist(err) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	s.there = true
	if followed, err := os.Stat(path); err == nil {
		info = followed
	}
	s.executable = info.Mode().IsRegular() && executable(info)
	data, err := os.ReadFile(path)
	if err != nil {
		return s, nil // a link to nothing is not ours
	}
	_, rest, _ := bytes.Cut(data, []byte("\n"))
	s.ours = bytes.HasPrefix(rest, []byte(hookMark))
	s.framework = !s.ours && bytes.Contains(data, []byte(frameworkMark))
	for line := range strings.Lines(string(rest)) {
		if word, ok := strings.CutPrefix(line, "quash="); ok && s.ours {
			s.binary = strings.ReplaceAll(strings.Trim(strings.TrimSpace(word), "'"), `'\''`, "'")
			break
		}
	}
	return s, nil
}

// writeHook puts a hook in its place in one step: git may run it at any time.
func writeHook(path, script string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".quash-hook-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(script)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o755)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
