package source

import (
	"bytes"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/config"
)

// userExcludes reads the ignore file that a user has for all repositories: core.excludesFile of the user's
// configuration, or git/ignore in the configuration directory.
func userExcludes(env func(string) (string, bool)) string {
	if env == nil {
		return ""
	}
	home, _ := env("HOME")
	xdg, _ := env("XDG_CONFIG_HOME")
	if xdg == "" && home != "" {
		xdg = filepath.Join(home, ".config")
	}
	file := ""
	if xdg != "" {
		file = filepath.Join(xdg, "git", "ignore")
	}
	for _, dir := range []string{filepath.Join(xdg, "git", "config"), filepath.Join(home, ".gitconfig")} {
		if named := excludesOption(dir); named != "" && filepath.IsAbs(dir) {
			file = named
		}
	}
	return readExcludes(file, env)
}

// excludesOption reads core.excludesFile from a configuration file.
func excludesOption(path string) string {
	text, err := readSmall(path)
	if err != nil {
		return ""
	}
	conf := config.New()
	if config.NewDecoder(bytes.NewReader(text)).Decode(conf) != nil {
		return ""
	}
	return conf.Section("core").Option("excludesfile")
}

// readExcludes reads an ignore file; ~ is the home directory. Where there is none, nothing is ignored.
func readExcludes(path string, env func(string) (string, bool)) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && env != nil {
		home, _ := env("HOME")
		path = filepath.Join(home, rest)
	}
	if !filepath.IsAbs(path) {
		return ""
	}
	text, _ := readSmall(path)
	return string(text)
}
