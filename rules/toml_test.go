package rules

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// foreign is a rule file of the other tools with every construct that is read.
const foreign = `title = "Acme's own"
minVersion = "v8.25.0"

[[rules]]
id = "Acme_Token"
description = "Acme token"
regex = '''(?i)acme[_-]?(key|token)\s*=\s*"([0-9a-f]{32})"'''
secretGroup = 2
entropy = 3
keywords = ["acme"]
path = '''\.env$'''
tags = ["key"]

    [[rules.allowlists]]
    description = "each alone"
    stopwords = ["ffff"]
    paths = ['''^vendor/''']
    commits = ["c0ffee"]

    [[rules.allowlists]]
    condition = "AND"
    regexTarget = "line"
    regexes = ['''(?i)for tests''']
    paths = ['''_test\.''']

[[rules]]
id = "acme-open"
regex = '''acmeopen_[0-9a-z]+'''

[[rules]]
id = "acme-turns"
regex = '''acmeturn: (?:"([0-9a-z]{20})"|'([0-9a-z]{22})')'''

[[rules]]
id = "acme-part"
regex = '''account=([0-9]{12})\b'''
skipReport = true

[[rules]]
id = "acme-pair"
regex = '''\bacmepair_[0-9a-z]{20}\b'''
[[rules.required]]
id = "acme-part"
withinLines = 4

[[allowlists]]
regexTarget = "match"
regexes = ['''placeholder''']

[[allowlists]]
targetRules = ["acme-open"]
regexes = ['''^acmeopen_0''']
`

// imported reads a document that has at least one rule.
func imported(t testing.TB, doc string, open Opener) (*File, []Problem) {
	t.Helper()
	f, notes, err := Import("dir/.acme.toml", []byte(doc), open)
	if err != nil {
		t.Fatal(err, notes)
	}
	return f, notes
}

func ruleNamed(t testing.TB, f *File, id string) *Rule {
	t.Helper()
	i := slices.IndexFunc(f.Rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		t.Fatalf("no rule %s", id)
	}
	return &f.Rules[i]
}

func TestImport(t *testing.T) {
	f, notes := imported(t, foreign, nil)
	var ids []string
	for _, r := range f.Rules {
		ids = append(ids, r.ID)
	}
	want := []string{"acme-acme-token", "acme-acme-open", "acme-acme-turns-1", "acme-acme-turns-2", "acme-acme-pair"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Error(diff)
	}
	r := ruleNamed(t, f, "acme-acme-token")
	if want := `(?i)acme[_-]?(key|token)\s*=\s*"(?P<token>[0-9a-f]{32})"`; r.Pattern != want || r.Max != lineCap || r.Path != `\.env$` {
		t.Errorf("pattern %s, max %d, path %s", r.Pattern, r.Max, r.Path)
	}
	if diff := cmp.Diff([]Check{{"entropy", "3"}}, r.Checks); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Allow{{Path: []string{"^vendor/"}}, {Words: []string{"ffff"}}, {Line: []string{"(?i)for tests"}, Path: []string{`_test\.`}}}, r.Allow); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Allow{{Match: []string{"placeholder"}}}, f.Allow); diff != "" {
		t.Error(diff)
	}
	open := ruleNamed(t, f, "acme-acme-open")
	if diff := cmp.Diff([]string{"acmeopen_"}, open.Keywords); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Allow{{Token: []string{"^acmeopen_0"}}}, open.Allow); diff != "" {
		t.Error(diff)
	}
	part := ruleNamed(t, f, "acme-acme-pair").Near["part_acme_part"]
	if want := (Near{Pattern: `account=(?P<part_acme_part>[0-9]{12})\b`, Within: 600}); part != want {
		t.Errorf("part %+v", part)
	}
	wantNotes(t, notes, []string{
		"2: minversion: ", "7: Acme_Token: regex: it has no greatest length; quash reports no match longer than 1024 bytes",
		"12: Acme_Token: tags: ", "18: Acme_Token: commits: ", "28: acme-open: regex: it has no greatest length",
		"32: acme-turns: regex: 2 groups hold the key", "42: acme-pair: read as a part within 600 bytes",
	})
}

// wantNotes compares notes by line, rule and the beginning of what they say.
func wantNotes(t *testing.T, notes []Problem, want []string) {
	t.Helper()
	for i, n := range notes {
		text := strings.TrimPrefix(n.String(), n.File+":")
		if i >= len(want) || !strings.HasPrefix(text, want[i]) {
			t.Errorf("note %d: %s", i, text)
		}
	}
	if len(notes) < len(want) {
		t.Errorf("%d notes, want %d", len(notes), len(want))
	}
}

// TestImportedFileIsOneOfOurs: what import writes out passes every check of a rule file, and is the same rules.
func TestImportedFileIsOneOfOurs(t *testing.T) {
	f, _ := imported(t, foreign, nil)
	if without := f.Prove(); without != nil {
		t.Errorf("no example for %v", without)
	}
	text, err := f.YAML()
	if err != nil {
		t.Fatal(err)
	}
	set, err := new(Set).With("acme.yaml", text, Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	direct, err := new(Set).WithImported(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := range direct.All() {
		again, ok := set.Rule(r.ID)
		if !ok || again.Pattern != r.Pattern || again.Span() != r.Span() || !slices.Equal(again.Keywords, r.Keywords) {
			t.Errorf("%s: %+v, want %+v", r.ID, again, r)
		}
	}
}

const rule = "[[rules]]\nid = \"acme-a\"\nregex = '''acme_[0-9a-z]{20}'''\n"

func TestImportNamesWhatItDoesNotRead(t *testing.T) {
	for _, tt := range []struct{ name, doc, want string }{
		{"unknown key of the file", "colour = 1\n" + rule, `:1: colour: quash does not know`},
		{"unknown key of a rule", rule + "colour = 1\n", `:4: acme-a: colour: quash does not know`},
		{"unknown key of an allowlist", rule + "[[rules.allowlists]]\nfoo = 1\n", `:5: acme-a: foo: quash does not know`},
		{"unknown key of an extend", "[extend]\nfoo = 1\n" + rule, `:2: foo: quash does not know`},
		{"default rules", "[extend]\nuseDefault = true\n" + rule, `:2: usedefault: .*second --rules`},
		{"rules by address", "[extend]\nurl = \"https://x.example\"\n" + rule, `:2: url: quash fetches no rules`},
		{"a file that is not there", "[extend]\npath = \"b.toml\"\n" + rule, `:2: path: "b.toml" is not read`},
		{"unknown disabled rule", "[extend]\ndisabledRules = [\"x\"]\n" + rule, `:2: disabledrules: no rule "x"`},
		{"rule of a path alone", rule + "[[rules]]\nid = \"p\"\npath = 'x'\n", `:6: p: path: .*not loaded`},
		{"rule without anything", rule + "[[rules]]\nid = \"p\"\n", `:4: p: regex: the rule has none`},
		{"rule without an id", rule + "[[rules]]\nregex = 'abc'\n", `:4: the rule has no id`},
		{"no such group", rule + "[[rules]]\nid = \"p\"\nregex = 'abc'\nsecretGroup = 2\n", `:6: p: regex: secretGroup is 2`},
		{"broken expression", rule + "[[rules]]\nid = \"p\"\nregex = 'a('\n", `:6: p: regex: not a usable RE2`},
		{"look-ahead", rule + "[[rules]]\nid = \"p\"\nregex = 'abcd(?=e)'\n", `:6: p: regex: not a usable RE2`},
		{"no literal", rule + "[[rules]]\nid = \"p\"\nregex = '[a-z]{20}'\n", `:6: p: regex: no text of 3 or more bytes.*expensive`},
		{"keyword elsewhere", rule + "keywords = [\"corp\"]\n", `:4: acme-a: keywords: not every match`},
		{"same id for quash", rule + "[[rules]]\nid = \"acme_a\"\nregex = 'abcd'\n", `:5: acme_a: id: another rule`},
		{"validation", rule + "validate = 'http.get(\"https://x.example\", {})'\n", `:4: acme-a: validate: requests of other tools`},
		{"token efficiency", rule + "tokenEfficiency = true\n", `:4: acme-a: tokenefficiency: `},
		{"specificity", rule + "specificity = 5\n", `:4: acme-a: specificity: `},
		{"required rule missing", rule + "[[rules]]\nid = \"p\"\nregex = 'abcd'\n[[rules.required]]\nid = \"q\"\n", `:8: p: id: no rule "q"`},
		{"unknown condition", rule + "[rules.allowlist]\ncondition = \"XOR\"\npaths = ['a']\n", `:5: acme-a: condition: it is AND or OR`},
		{"unknown target", rule + "[rules.allowlist]\nregexTarget = \"file\"\nregexes = ['a']\n", `:5: acme-a: regextarget: `},
		{"AND without commits", rule + "[rules.allowlist]\ncondition = \"AND\"\ncommits = [\"a\"]\npaths = ['a']\n", `:4: acme-a: with condition AND`},
		{"broken allowed expression", rule + "[rules.allowlist]\nregexes = ['a(']\n", `:5: acme-a: regexes: "a\(" is not`},
		{"unknown target rule", rule + "[[allowlists]]\ntargetRules = [\"x\"]\npaths = ['a']\n", `:5: targetrules: no rule`},
		{"wrong type", rule + "entropy = \"high\"\n", `:4: acme-a: entropy: a number is wanted`},
		{"wrong item", rule + "keywords = [1]\n", `:4: acme-a: keywords: a list of texts`},
		{"rules that are none", "rules = 1\n[[allowlists]]\npaths=['a']\n", `:1: rules: a table is wanted`},
		{"filter of another kind", rule + "filter = 'len(finding[\"secret\"]) < 5'\n", `:4: acme-a: filter: one of its alternatives`},
		{"filter with let", rule + "filter = 'let x = 1; x == 1'\n", `:4: acme-a: filter: not read`},
		{"prefilter of commits", "prefilter = 'get(attributes, \"git.sha\", \"\") == \"x\"'\n" + rule, `:1: prefilter: one of its alternatives`},
	} {
		_, notes, _ := Import("acme.toml", []byte(tt.doc), nil)
		if !slices.ContainsFunc(notes, func(p Problem) bool { return regexp.MustCompile(tt.want).MatchString(p.String()) }) {
			t.Errorf("%s: no note like %s in %v", tt.name, tt.want, notes)
		}
	}
}

func TestImportRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ doc, want string }{
		"no TOML":     {"[[rules]\n", "acme.toml:1: not a TOML file"},
		"no rules":    {"title = \"x\"\n", "no rule of the file"},
		"key twice":   {rule + "id = \"b\"\n", "acme.toml: not a TOML file"},
		"nothing":     {"", "no rule of the file"},
		"rule is bad": {"[[rules]]\nid = \"p\"\nregex = '[a-z]+'\n", "no rule of the file"},
	} {
		_, _, err := Import("acme.toml", []byte(tt.doc), nil)
		if p := (Problem{}); !errors.As(err, &p) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := Import("acme.toml", make([]byte, maxTOML+1), nil); err == nil {
		t.Error("a file beyond all bounds is read")
	}
}

func TestImportExtends(t *testing.T) {
	files := map[string]string{
		"base.toml": "[extend]\npath = \"deep.toml\"\n" + rule + "[[rules]]\nid = \"acme-b\"\nregex = 'acmeb_[a-z]{20}'\n[[rules]]\nid = \"acme-c\"\nregex = 'acmec_[a-z]{20}'\n",
	}
	open := func(path string) ([]byte, error) {
		if doc, ok := files[path]; ok {
			return []byte(doc), nil
		}
		return nil, errors.New("not there")
	}
	f, notes := imported(t, "[extend]\npath = \"base.toml\"\ndisabledRules = [\"acme-c\"]\n[[rules]]\nid = \"acme-a\"\nentropy = 2.5\n[[rules.allowlists]]\nstopwords = [\"abc\"]\n", open)
	if len(f.Rules) != 2 {
		t.Fatalf("%d rules", len(f.Rules))
	}
	r := ruleNamed(t, f, "acme-acme-a")
	if r.Pattern != "acme_[0-9a-z]{20}" || len(r.Checks) != 1 || len(r.Allow) != 1 {
		t.Errorf("%+v", r)
	}
	if len(notes) != 1 || notes[0].File != "base.toml" || !strings.Contains(notes[0].Msg, "at most 2 files") {
		t.Errorf("notes %v", notes)
	}
}

func TestFilters(t *testing.T) {
	for _, tt := range []struct {
		filter string
		want   []Allow
		notes  int
	}{
		{`filter.entropy(finding["secret"]) <= 3.5`, []Allow{{Entropy: 3.5}}, 0},
		{`entropy(finding.secret) < 3`, []Allow{{Entropy: 3}}, 0},
		{"filter.matchesAny(get(attributes, \"path\", \"\"), [`\\.md$`, '''x'''])", nil, 1},
		{"filter.matchesAny(get(attributes, \"path\", \"\"), [`\\.md$`, \"x\\\\.y\",])", []Allow{{Path: []string{`\.md$`, `x\.y`}}}, 0},
		{`matchesAny((attributes["path"] ?? ""), ["a"])`, []Allow{{Path: []string{"a"}}}, 0},
		{`(containsAny(finding["line"], ["a.b"]) && matchesAny(finding["match"], ["c"])) || finding["secret"] == "d+"`,
			[]Allow{{Line: []string{`a\.b`}, Match: []string{"c"}}, {Token: []string{`^(?:d\+)$`}}}, 0},
		{`finding["secret"] == "a" and (finding["line"] == "b" or finding["match"] == "c") // why`,
			[]Allow{{Token: []string{`^(?:a)$`}, Line: []string{`^(?:b)$`}}, {Token: []string{`^(?:a)$`}, Match: []string{`^(?:c)$`}}}, 0},
		{`failsTokenEfficiency(finding["secret"]) || finding["secret"] == "a"`, []Allow{{Token: []string{`^(?:a)$`}}}, 1},
		{`failsTokenEfficiency(finding["secret"]) && finding["secret"] == "a"`, nil, 1},
		{`!(finding["secret"] == "a")`, nil, 1},
		{`finding["secret"] == "a" && finding["secret"] == "b"`, nil, 1},
		{`matchesAny(finding["secret"], ["a("])`, nil, 1},
		{`matchesAny(finding["secret"], [])`, nil, 1},
		{`(`, nil, 1}, {`)`, nil, 1}, {`a ||`, nil, 1}, {`"`, nil, 1}, {strings.Repeat("(", 10_000), nil, 1},
	} {
		d := &tomlDoc{lines: map[string]int{}}
		got := d.table("", "", map[string]any{"filter": tt.filter}).filter("filter")
		if diff := cmp.Diff(tt.want, got); diff != "" || len(d.notes) != tt.notes {
			t.Errorf("%.80s: %s %v", tt.filter, diff, d.notes)
		}
	}
}

func TestNameGroup(t *testing.T) {
	for _, tt := range []struct {
		expr string
		n    int
		want string
	}{
		{`a(b)(c)`, 2, `a(b)(?P<token>c)`},
		{`a(?:b)(?i)(c)`, 1, `a(?:b)(?i)(?P<token>c)`},
		{`\((b)[()](c)`, 2, `\((b)[()](?P<token>c)`},
		{`[]()](b)[^](](c)[[:alpha:](](d)`, 3, `[]()](b)[^](](c)[[:alpha:](](?P<token>d)`},
		{`\Q(\E(b)`, 1, `\Q(\E(?P<token>b)`},
		{`(?P<id>a)(?<x>b)`, 2, `(a)(?P<token>b)`},
		{`a(b)`, 0, `a(b)`},
	} {
		got := nameGroup(tt.expr, tt.n, "token")
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.expr, got, tt.want)
		}
		if re := regexp.MustCompile(got); tt.n > 0 && re.SubexpIndex("token") != tt.n {
			t.Errorf("%s: the name is at %d", got, re.SubexpIndex("token"))
		}
	}
}

// TestDerivedKeywords: whatever is derived from the expression of a rule stands in every match.
func TestDerivedKeywords(t *testing.T) {
	set, err := Builtin(Options{})
	if err != nil {
		t.Fatal(err)
	}
	derived := 0
	for r := range set.All() {
		tree := mustParse(r.Pattern)
		words := wordsOf(tree)
		if words == nil {
			continue
		}
		derived++
		if lacks, err := lacksKeyword(tree, words); lacks || err != nil {
			t.Errorf("%s: %q is not in every match (%v)", r.ID, words, err)
		}
	}
	if derived < set.Len()*8/10 {
		t.Errorf("keywords derived for %d of %d rules", derived, set.Len())
	}
}

func TestAllowances(t *testing.T) {
	f, _ := imported(t, foreign, nil)
	r := ruleNamed(t, f, "acme-acme-token")
	token := strings.Repeat("0123456789abcdef", 2)
	for _, tt := range []struct {
		o    Occurrence
		path string
		want bool
	}{
		{Occurrence{Token: token}, "a/.env", true},
		{Occurrence{Token: token}, "a/env.go", false},
		{Occurrence{Token: token}, "", false},
		{Occurrence{Token: token}, "vendor/.env", false},
		{Occurrence{Token: "FFFF" + token[4:]}, "a/.env", false},
		{Occurrence{Token: token, Match: "placeholder"}, "a/.env", false},
		{Occurrence{Token: token, Line: "For Tests"}, "a/.env", true},
		{Occurrence{Token: token, Line: "For Tests"}, "a_test.d/.env", false},
		{Occurrence{Token: token}, "a_test.d/.env", true},
	} {
		places, ok := r.Places(tt.o)
		if got := ok && places.Hold(tt.path); got != tt.want {
			t.Errorf("%+v at %q: %v", tt.o, tt.path, got)
		}
	}
	if places, ok := ruleOf("a").Places(Occurrence{Token: "a"}); places != nil || !ok {
		t.Error("a rule that says nothing of places has some")
	}
}

func TestAllowIsChecked(t *testing.T) {
	for field, want := range map[string]string{
		"allow: [{}]":              "nothing is set",
		"allow: [{token: ['a(']}]": "missing closing",
		"allow: [{words: ['']}]":   "no word is empty",
		"allow: [{entropy: -1}]":   "entropy is above 0",
		"path: 'a('":               "path: ",
	} {
		doc := "provider: acme\nrules:\n  - id: acme-a\n    name: A\n    keywords: [acme_]\n    pattern: 'acme_[a-z]{20}'\n    " + field + "\n    examples: {match: ['{{sample}}']}\n"
		_, problems := CheckFile("acme.yaml", []byte(doc), Options{})
		if len(problems) == 0 || problems[0].Line != 7 || !strings.Contains(fmt.Sprint(problems), want) {
			t.Errorf("%s: %v", field, problems)
		}
	}
}

// FuzzImport: any text is refused or read; what is read can be used, and every note stands on a line of the text.
func FuzzImport(f *testing.F) {
	f.Add([]byte(foreign))
	f.Add([]byte(rule + "filter = '''(containsAny(finding[\"line\"], [\"a.b\"]) && matchesAny(finding[\"match\"], [`c`])) || !x'''\n"))
	f.Add([]byte("rules = [{id=\"a\", regex='abcd(e|f)*'}]\nallowlist.paths = ['a']\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			return
		}
		file, notes, err := Import("fuzz.toml", data, nil)
		for _, n := range notes {
			if n.Line < 0 || n.Line > strings.Count(string(data), "\n")+1 {
				t.Errorf("a note on line %d: %s", n.Line, n)
			}
		}
		if err != nil {
			return
		}
		set, err := new(Set).WithImported(file)
		if err != nil {
			t.Fatal(err)
		}
		for r := range set.All() {
			if r.Span().Match < 0 || r.Bare() && shortestMatch(mustParse(r.Pattern)) < leastBare {
				t.Errorf("%s cannot be searched", r.ID)
			}
			r.Places(Occurrence{Token: "a", Match: "b", Line: "c"})
			r.Sample(r.rand())
		}
	})
}
