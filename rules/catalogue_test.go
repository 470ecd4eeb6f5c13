package rules

import (
	"strings"
	"testing"
)

// TestCatalogue holds every shipped rule against broken keys and against all others.
func TestCatalogue(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; TestCatalogueFaults runs the same code over few rules")
	}
	for _, p := range builtinSet(t).CheckCatalogue() {
		t.Error(p)
	}
}

// catalogued is two rule files with nothing wrong between them.
const (
	catalogued = `
provider: acme
docs: https://acme.example/docs
rules:
  - id: acme-token
    name: Acme token
    keywords: [acme_]
    pattern: '\b(?P<token>acme_(?P<body>[0-9a-z]{20})(?P<sum>[0-9A-Za-z]{6}))\b'
    validate: [{checksum: crc32-base62}]
    examples: {match: ['T={{sample}}']}
`
	cataloguedToo = `
provider: other
docs: https://other.example/docs
rules:
  - id: other-token
    name: Other token
    keywords: [other_]
    pattern: '\b(?P<token>other_[0-9A-Z]{20,30})(?:[^0-9A-Za-z]|$)'
    examples: {match: ['T={{sample}}']}
`
)

// TestCatalogueFaults breaks one thing at a time.
func TestCatalogueFaults(t *testing.T) {
	for name, tc := range map[string]struct{ old, new, want string }{
		"nothing":              {"", "", ""},
		"no boundary behind":   {`{6}))\b`, `{6}))`, "broken length"},
		"no boundary before":   {`'\b(?P<token>acme_(`, `'(?P<token>acme_(`, "broken prefix"},
		"no checksum":          {"validate: [{checksum: crc32-base62}]", "loose: {checksum: none}", "loose checksum"},
		"loose for nothing":    {"    examples: {match: ['T={{sample}}']}\n", "    loose: {prefix: so it is}\n    examples: {match: ['T={{sample}}']}\n", "take it out"},
		"said to be loose":     {`{6}))\b'`, "{6}))'\n    loose: {length: keys stand side by side}", ""},
		"a key of another":     {"[0-9A-Z]{20,30})(", "[0-9A-Z]{20,30}|acme_[0-9A-Za-z]{26})(", "finds a key of acme-token"},
		"listed":               {"'\\b(?P<token>other_[0-9A-Z]{20,30})(?:[^0-9A-Za-z]|$)'", "'\\b(?P<token>other_[0-9A-Z]{20,30}|acme_[0-9A-Za-z]{26})(?:[^0-9A-Za-z]|$)'\n    overlaps: {acme: it was bought}", ""},
		"listed for nothing":   {"    keywords: [other_]", "    overlaps: {acme: it was bought}\n    keywords: [other_]", "finds no key of acme"},
		"no page":              {"docs: https://other.example/docs\n", "", "no docs"},
		"open repeat repeated": {"[0-9A-Z]{20,30})(", "(?:[0-9A-Z]{0,30}){0,30})(", "repeated in turn"},
		"nearly anything":      {"[0-9A-Z]{20,30})(", "[^ ]{0,999})(", "nearly every character"},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := strings.Replace(catalogued, tc.old, tc.new, 1), strings.Replace(cataloguedToo, tc.old, tc.new, 1)
			if strings.Contains(second, "|acme_") {
				second = strings.Replace(second, "keywords: [other_]", "keywords: [other_, acme_]", 1)
			}
			if tc.old != "" && first == catalogued && second == cataloguedToo {
				t.Fatal("nothing was changed")
			}
			if tc.old != "" && first != catalogued {
				second = cataloguedToo
			}
			set := new(Set)
			for _, text := range []string{first, second} {
				var err error
				if set, err = set.With("rules.yaml", []byte(text), Options{}); err != nil {
					t.Fatal(err)
				}
			}
			found := false
			var all []string
			for _, p := range set.CheckCatalogue() {
				all = append(all, p.String())
				found = found || tc.want != "" && strings.Contains(p.Msg, tc.want)
			}
			if found != (tc.want != "") || tc.want == "" && len(all) > 0 {
				t.Errorf("want a problem with %q, got %q", tc.want, all)
			}
		})
	}
}

// TestTry puts a changed rule in the place of the one with its id.
func TestTry(t *testing.T) {
	set, err := new(Set).With("acme.yaml", []byte(catalogued), Options{})
	if err != nil {
		t.Fatal(err)
	}
	changed, problems := CheckFile("acme.yaml", []byte(strings.Replace(catalogued, "name: Acme token", "name: Acme key", 1)), Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	tried, ids, err := set.Try(changed)
	if err != nil || len(ids) != 1 || ids[0] != "acme-token" || tried.Len() != 1 {
		t.Fatalf("%v, %d rules, %v", ids, tried.Len(), err)
	}
	if r, _ := tried.Rule("acme-token"); r.Name != "Acme key" {
		t.Errorf("the rule is still %q", r.Name)
	}
	if _, _, err := set.Try(changed, changed); err == nil {
		t.Error("two files with one id were taken")
	}
	if f, problems := CheckFile("bad.yaml", []byte("provider: acme\n"), Options{}); f != nil || len(problems) == 0 {
		t.Error("a file without rules was taken")
	}
}
