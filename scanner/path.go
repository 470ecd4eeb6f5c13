package scanner

import (
	"path"
	"slices"
	"strings"
)

// judgedPath is what of a path tells of the file. A path from the root, or one that climbs, was given by a person who named one file: where
// that lies on a machine says nothing of what it is, its own name does. Members of containers keep their path in it.
func judgedPath(name string) string {
	outer, member, in := strings.Cut(name, "!")
	if strings.HasPrefix(outer, "/") || strings.HasPrefix(outer, "../") || len(outer) > 2 && outer[1:3] == ":/" {
		outer = path.Base(outer)
	}
	if in {
		return outer + "!" + member
	}
	return outer
}

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

// dataFile reports a file of settings or JSON, and no script.
func dataFile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".json":
		return true
	case ".sh", ".bash", ".zsh", ".bat", ".cmd":
		return false
	}
	return language(name) == settingsFile
}

// inTests is the reason of what a path shows.
const inTests = "in a path of tests or examples"

// placeOf says what a path shows about how much its keys are worth, or "".
func placeOf(name string) string {
	dir, base := path.Split(name)
	for seg := range strings.SplitSeq(dir, "/") {
		if anyWord(seg, testDirs) {
			return inTests
		}
	}
	if anyWord(base, testFiles) {
		return inTests
	}
	return ""
}

// fixtureOf reports a path in the data of tests, which people make for the purpose.
func fixtureOf(name string) bool {
	dir := path.Dir(strings.ToLower(name))
	for seg := range strings.SplitSeq(dir, "/") {
		if fixtureDirs[unsigned.Replace(seg)] {
			return true
		}
	}
	return strings.HasPrefix(dir+"/", "t/") || strings.Contains("/"+dir+"/", "/src/test/resources/")
}

// unsigned takes out of a name the signs between its words.
var unsigned = strings.NewReplacer("_", "", "-", "", ".", "")

// anyWord reports whether one of the words that a name is made of is in a set.
func anyWord(name string, words map[string]bool) bool {
	return slices.ContainsFunc(nameWords(name), func(w string) bool { return words[w] })
}

// documents reports a file of prose among the documentation.
func documents(name string) bool {
	dir, base := path.Split(name)
	return proseTypes[strings.ToLower(strings.TrimPrefix(path.Ext(base), "."))] && slices.ContainsFunc(strings.Split(dir, "/"), func(seg string) bool { return anyWord(seg, docDirs) })
}

var (
	testDirs = set(`test tests testing spec specs fixture fixtures testdata mock mocks example examples sample samples dummy fake fakes
		demo demos e2e testfixtures docs doc documentation guides cassettes snapshots t`)
	testFiles   = set(`test tests spec specs mock mocks fixture fixtures example sample demo`)
	fixtureDirs = set(`dummy testdata fixture fixtures testfixtures testresources cassettes snapshots testcerts testkeys testcertificates`)
	docDirs     = set(`docs doc documentation guide guides manual`)
	proseTypes  = set(`md markdown mdx rst adoc asciidoc txt rdoc textile pod org`)
)

// translated reports a file of texts for people, and of generated and installed code, in which nobody writes a key.
func translated(name string) bool {
	low := "/" + strings.ToLower(name)
	for _, dir := range [...]string{"/.yarn/", "/node_modules/", "/bower_components/"} {
		if strings.Contains(low, dir) {
			return true
		}
	}
	for _, ext := range [...]string{".po", ".pot", ".strings", ".resx", ".rrc", ".xlf", ".arb", ".lock", ".sum", ".min.js", ".min.css", ".map", ".svg", ".lproj"} {
		if strings.HasSuffix(low, ext) {
			return true
		}
	}
	return strings.Contains(low, "/locale") || strings.Contains(low, "/i18n/") || strings.Contains(low, "/lang/") || strings.Contains(low, "-lock.") || strings.Contains(low, "pnpm-lock")
}
