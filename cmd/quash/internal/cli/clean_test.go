package cli

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"pgregory.net/rapid"
)

// testCleaner is the cleaner of a run with these arguments.
func testCleaner(args ...string) *cleaner {
	return newCleaner(Env{Args: args, Redactor: &scanner.Redactor{}, LookupEnv: func(string) (string, bool) { return "", false }})
}

func pat(t testing.TB, seed uint64) string {
	t.Helper()
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rule, ok := set.Rule("github-pat")
	if !ok {
		t.Fatal("no rule github-pat")
	}
	return rule.Sample(rand.New(rand.NewPCG(seed, 1))).Token
}

func TestCleanerText(t *testing.T) {
	key := pat(t, 1)
	shapeless := strings.Repeat("aB3", 10)
	c := testCleaner("scan", "--field", "record="+shapeless)
	for in, want := range map[string]string{
		"":                                     "",
		"a file " + key + ".txt":               "a file [redacted].txt",
		key + " and " + pat(t, 2):              "[redacted] and [redacted]",
		"given as " + shapeless:                "given as [redacted]",
		"q-0123456789abcdef in src/main2/a.go": "q-0123456789abcdef in src/main2/a.go",
	} {
		if got := c.text(in); got != want {
			t.Errorf("%q is not %q", got, want)
		}
	}
	unknown := strings.Repeat("Cd4", 10)
	for in, want := range map[string]string{
		"field " + unknown + " not known":                      "field [redacted] not known",
		"open /data/" + strings.ToLower(unknown) + "/x: no":    "open /data/[redacted]/x: no",
		"rule agiled-api-key-bearer-first, q-0123456789abcdef": "rule agiled-api-key-bearer-first, q-0123456789abcdef",
		"a-very-long-name-without-a-digit is not a rule":       "a-very-long-name-without-a-digit is not a rule",
		"blob 3f2a9c: damaged; git fsck --full, then fetch":    "blob 3f2a9c: damaged; git fsck --full, then fetch",
	} {
		if got := c.complaint(in); got != want {
			t.Errorf("%q is not %q", got, want)
		}
	}
	path := "/srv/build-20261122-a1b2c3d4e5f6/shop"
	if got := testCleaner("scan", path).complaint("open " + path + ": no such file"); !strings.Contains(got, path) {
		t.Errorf("a path that was given is not named: %q", got)
	}
}

// Whatever stands around keys, and however close they are, mask takes out every one and leaves the rest.
func TestMaskProperty(t *testing.T) {
	in := builtinScanner()
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.StringMatching(`[ a-z,;\n]{0,12}`), 1, 6).Draw(t, "text")
		var text, want strings.Builder
		for i, p := range parts {
			key := ""
			if i > 0 {
				key = " " + rules16(t, i)
				want.WriteString(" #")
			}
			text.WriteString(key + " " + p)
			want.WriteString(" " + p)
		}
		got := mask(text.String(), in, func(scanner.Finding) string { return "#" })
		if got != want.String() {
			t.Fatalf("%q is not %q", got, want.String())
		}
	})
}

// rules16 is one of a few keys.
func rules16(t *rapid.T, i int) string {
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rule, _ := set.Rule("gitlab-pat")
	return rule.Sample(rand.New(rand.NewPCG(uint64(i), 7))).Token
}

// What a cleaner remembers of a text never stands in for keys that became known since, and has a bound.
func TestCleanerRemembers(t *testing.T) {
	c := testCleaner()
	key := pat(t, 1)
	shapeless := strings.Repeat("aB3", 10)
	for range 2 {
		for in, want := range map[string]string{"main": "main", "fix-" + key: "fix-[redacted]", "by-" + shapeless: "by-" + shapeless} {
			if got := c.text(in); got != want {
				t.Errorf("%q is not %q", got, want)
			}
		}
	}
	c.redactor.AddSecret(scanner.NewSecret(shapeless))
	if got := c.text("by-" + shapeless); got != "by-[redacted]" {
		t.Errorf("%q has a key that is known", got)
	}
	for i := range mostPlain + 1 {
		c.learn(strconv.Itoa(i))
	}
	c.learn(strings.Repeat("x", longestPlain+1))
	if n := len(c.plain); n > mostPlain || c.knows(strings.Repeat("x", longestPlain+1)) {
		t.Errorf("%d texts are remembered, or a long one", n)
	}
}

func TestComplain(t *testing.T) {
	var b strings.Builder
	c := testCleaner()
	c.complain(&b, errors.New("open x: not there; give another; or none"))
	c.complain(&b, errors.New("first\nsecond; third"))
	if want := "quash: open x: not there; give another\n       → or none\nquash: first\nsecond; third\n"; b.String() != want {
		t.Errorf("%q is not %q", b.String(), want)
	}
}

func TestShowWords(t *testing.T) {
	for in, want := range map[string]string{
		"token=" + strings.Repeat("x1", 20) + " # it":   "token=[… 40 chars] # it",
		"see https://docs.example/a/b":                  "see https://docs.example/a/b",
		"q-0123456789abcdef stays":                      "q-0123456789abcdef stays",
		"sum=" + strings.Repeat("a/1+", 8) + "==, next": "sum=[… 34 chars], next",
	} {
		if got := maskWords(in); got != want {
			t.Errorf("%q is not %q", got, want)
		}
	}
	for in, want := range map[string]string{"main:a.go": "main:a.go", "it's": `'it'\''s'`, "a;rm -rf /": "'a;rm -rf /'", "$(id)": "'$(id)'", "a\x1b[2Jb": "'a\uFFFD[2Jb'"} {
		if got := quoted(in); got != want {
			t.Errorf("%q is not %q", got, want)
		}
	}
}

// However often and in whatever order IDs are allowed, the list stays readable, sorted, with one line an ID and every comment.
func TestAllowLineProperty(t *testing.T) {
	g := &globals{env: Env{Now: time.Now}}
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		path := filepath.Join(dir, ".quashignore")
		_ = os.Remove(path) // the first time there is none
		if rapid.Bool().Draw(t, "comment") {
			if err := os.WriteFile(path, []byte("# ours\n\n# last"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		wanted := map[scanner.ID]string{}
		for range rapid.IntRange(1, 12).Draw(t, "n") {
			id := scanner.ID(rapid.StringMatching(`q-000000000000000[0-9a-f]`).Draw(t, "id"))
			line := scanner.FormatAllowance(id, time.Time{}, "", rapid.StringMatching(`[a-z ]{1,20}x`).Draw(t, "reason"))
			if err := g.allowLine(path, id, line); err != nil {
				t.Fatal(err)
			}
			wanted[id] = line
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		last, n := scanner.ID(""), 0
		for line := range strings.Lines(string(data)) {
			id := allowed(line)
			if id == "" {
				continue
			}
			if n++; id <= last || strings.TrimSuffix(line, "\n") != wanted[id] {
				t.Fatalf("%q after %s in\n%s", line, last, data)
			}
			last = id
		}
		if n != len(wanted) {
			t.Fatalf("%d lines for %d IDs:\n%s", n, len(wanted), data)
		}
		if _, err := scanner.ParseAllowList(path, data, time.Now()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestParseExpiry(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]string{
		"30d": "2026-12-22", "2w": "2026-12-06", "2026-12-31": "2026-12-31", "2026-11-22": "2026-11-22", "": "0001-01-01",
		"0d": "", "-1d": "", "d": "", "1.5d": "", "30": "", "soon": "", "2026-11-20": "", "99999d": "",
	} {
		got, err := parseExpiry(in, now)
		if (err == nil) != (want != "") || err == nil && got.Format(time.DateOnly) != want {
			t.Errorf("%q: %s, %v", in, got, err)
		}
	}
}
