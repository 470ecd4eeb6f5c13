package scanner

import (
	"path"
	"strings"
)

// The kinds of files by whether a bare word is a literal in them.
const (
	proseFile    = iota // prose, logs, unknown
	settingsFile        // a bare word is a literal
	programFile         // a bare word is a name
)

// language says which kind a file is, by its name.
func language(name string) int {
	base := strings.ToLower(path.Base(name))
	if strings.HasPrefix(base, ".env") || strings.HasPrefix(base, "dockerfile") || strings.HasSuffix(base, ".dockerfile") {
		return settingsFile
	}
	switch ext := strings.TrimPrefix(path.Ext(base), "."); {
	case settingsTypes[ext]:
		return settingsFile
	case programTypes[ext]:
		return programFile
	}
	return proseFile
}

var (
	settingsTypes = set(`env ini cfg conf cnf config properties yaml yml toml sh bash zsh bat cmd dotenv npmrc pypirc netrc service tf tfvars hcl
		example sample template dist j2 tmpl envrc editorconfig reg creds plist xml`)
	programTypes = set(`c h cc cpp cxx hpp m mm go py pyi rb rs java kt kts scala groovy gradle js jsx mjs cjs ts tsx vue svelte php phtml
		cs fs vb swift dart lua pl pm r jl ex exs erl hs clj elm coffee sol ps1 psm1 idl proto sql cr nim zig d pas asm s json html htm
		erb haml slim jsp aspx cshtml ejs hbs twig css scss less idl`)
)

// placeOf says what a path shows about how much its keys are worth, or "".
func placeOf(name string) string {
	low := strings.ToLower(name)
	dir, base := path.Split(low)
	for seg := range strings.SplitSeq(dir, "/") {
		for w := range strings.FieldsFuncSeq(seg, func(r rune) bool { return r == '_' || r == '-' || r == '.' }) {
			if testDirs[w] {
				return "in a path of tests or examples"
			}
		}
	}
	for w := range strings.FieldsFuncSeq(base, func(r rune) bool { return r == '_' || r == '-' || r == '.' }) {
		if testFiles[w] {
			return "in a path of tests or examples"
		}
	}
	return ""
}

var (
	testDirs = set(`test tests testing spec specs fixture fixtures testdata mock mocks __tests__ __mocks__ example examples sample samples
		demo demos e2e testfixtures docs doc documentation guides cassettes snapshots t`)
	testFiles = set(`test tests spec specs mock mocks fixture fixtures example sample demo`)
)

// translated reports a file of texts for people, and of generated code, in which nobody writes a key.
func translated(name string) bool {
	low := strings.ToLower(name)
	for _, ext := range [...]string{".po", ".pot", ".strings", ".resx", ".rrc", ".xlf", ".arb", ".lock", ".sum", ".min.js", ".min.css", ".map", ".svg", ".lproj"} {
		if strings.HasSuffix(low, ext) {
			return true
		}
	}
	return strings.Contains(low, "/locale") || strings.Contains(low, "/i18n/") || strings.Contains(low, "/lang/") || strings.Contains(low, "-lock.") || strings.Contains(low, "pnpm-lock")
}
