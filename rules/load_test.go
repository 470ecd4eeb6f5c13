package rules

import (
	"encoding/json"
	"flag"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write builtin.index, builtin.json and schema.json anew")

// sources lists the rule files, sorted.
func sources(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob("*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no rule files: %v", err)
	}
	return names
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestBuiltin checks every rule file that is shipped; each is a subtest by its provider's name.
func TestBuiltin(t *testing.T) {
	for i, name := range sources(t) {
		if testing.Short() && i%8 != 0 {
			continue
		}
		provider := strings.TrimSuffix(name, ".yaml")
		t.Run(provider, func(t *testing.T) {
			data := readFile(t, name)
			_, problems := CheckFile("rules/"+name, data, Options{})
			for _, p := range problems {
				t.Error(p)
			}
			if f, _ := decode(name, data); f != nil && f.Provider != provider {
				t.Errorf("%s is of provider %q; a file has its provider's name", name, f.Provider)
			}
		})
	}
}

// pack puts a rule file into the form that is embedded.
func pack(t *testing.T, name string) packed {
	t.Helper()
	file, problems := decode(name, readFile(t, name))
	prepared, _ := decode(name, readFile(t, name))
	if len(problems) > 0 {
		t.Fatal(join(problems))
	}
	text, err := json.Marshal(withoutZeros(reflect.ValueOf(*file)))
	if err != nil {
		t.Fatal(err)
	}
	p := packed{
		provider: file.Provider, version: file.version(), text: string(text) + "\n",
		vars: slices.Sorted(maps.Keys(file.Vars)),
	}
	c := &checker{file: prepared}
	if c.prepare(Options{}); len(c.problems) > 0 {
		t.Fatal(join(c.problems))
	}
	p.rules = hold(prepared).rules
	return p
}

// TestGeneratedRules compares the embedded form with the rule files and with what follows from them.
func TestGeneratedRules(t *testing.T) {
	var index, text strings.Builder
	for _, name := range sources(t) {
		p := pack(t, name)
		index.WriteString(p.line())
		text.WriteString(p.text)
		for i := range p.rules {
			line := p.rules[i].line()
			if want := 7 + len(p.rules[i].Keywords); strings.Count(line, "\t") != want || strings.Count(line, "\n") != 1 {
				t.Fatalf("%s: a tab or line end in what the index says of it", p.rules[i].ID)
			}
			index.WriteString(line)
		}
	}
	for name, form := range map[string][2]string{
		"builtin.index": {builtinIndex, index.String()}, "builtin.json": {builtinText, text.String()},
	} {
		switch same := form[0] == form[1]; {
		case same:
		case *update:
			if err := os.WriteFile(name, []byte(form[1]), 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%s is not what the rule files say; run go generate ./rules", name)
		}
	}
}

// TestEmbeddedFiles reads every file out of the embedded form: it is the one that was put in.
func TestEmbeddedFiles(t *testing.T) {
	all, err := builtinFiles()
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		f, err := all[i].unpack()
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := decode("", readFile(t, all[i].provider+".yaml")); f.computeDigest() != want.digest || f.digest != want.digest {
			t.Errorf("%s is not what its rule file says", all[i].provider)
		}
	}
	for _, index := range []string{"rule\ta\t1\t0\t0\t\ta\taaa\n", "file\ta\tv\t9\n", "file\ta\tv\t0\nrule\ta\tx\t0\t0\t\ta\taaa\n", "other\n"} {
		if _, err := readIndex(index, "{}"); err == nil {
			t.Errorf("index %q was read", index)
		}
	}
}

func TestBuiltinLoads(t *testing.T) {
	set := builtinSet(t)
	if set.Len() == 0 || len(set.Version()) != 16 {
		t.Fatalf("%d rules, version %q", set.Len(), set.Version())
	}
	last := ""
	for r := range set.All() {
		if r.ID <= last {
			t.Errorf("%s stands after %s", r.ID, last)
		}
		last = r.ID
		if got, ok := set.Rule(r.ID); !ok || got != r {
			t.Errorf("%s is not found by its id", r.ID)
		}
		if r.File() == nil || r.File().Provider != r.Provider || r.Severity == "" || r.Confidence == "" || r.Family == "" {
			t.Errorf("%s lacks what the loader sets", r.ID)
		}
		if got := r.computeFacts(); got != r.compiled.facts() {
			t.Errorf("%s: embedded facts %v, computed %v", r.ID, r.compiled.facts(), got)
		}
	}
	if _, ok := set.Rule(last + "x"); ok {
		t.Error("an id that is no rule's finds one")
	}
	if other := builtinSet(t); other.Version() != set.Version() {
		t.Error("two loads have two versions")
	}
}

func TestWith(t *testing.T) {
	set := builtinSet(t)
	more, err := set.With("acme.yaml", []byte(acme), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if more.Len() != set.Len()+2 || more.Version() == set.Version() {
		t.Errorf("%d rules after %d; version %s after %s", more.Len(), set.Len(), more.Version(), set.Version())
	}
	files := 0
	for f := range more.Files() {
		if files++; f.Provider == "acme" && len(f.Rules) != 2 {
			t.Errorf("the file has %d rules", len(f.Rules))
		}
	}
	if _, ok := set.Rule("acme-token"); ok || files < 2 {
		t.Error("the old set has changed")
	}
	again, err := set.With("acme.yaml", []byte("# comment\n"+acme), Options{})
	if err != nil || again.Version() != more.Version() {
		t.Errorf("a comment changes the version (%v)", err)
	}
	if _, err := more.With("other.yaml", []byte(acme), Options{}); err == nil ||
		!strings.Contains(err.Error(), `rule id "acme-setting": used in acme.yaml and in other.yaml`) {
		t.Errorf("a doubled id gives %v", err)
	}
	broken := strings.Replace(acme, "bind: self", "bind: first", 1)
	if _, err := set.With("acme.yaml", []byte(broken), Options{}); err == nil || !strings.HasPrefix(err.Error(), "acme.yaml:45: acme-token: ") {
		t.Errorf("a refused file gives %v", err)
	}
}

func TestVars(t *testing.T) {
	set := builtinSet(t)
	plain, err := set.With("acme.yaml", []byte(acme), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := set.With("acme.yaml", []byte(acme), Options{Vars: map[string]string{"acme.name": "ACME_2"}}); err == nil {
		t.Error("a var that one of the examples needs was replaced, and nothing was said")
	}
	own, err := set.With("acme.yaml", []byte(acme), Options{Vars: map[string]string{"acme.name": "ACME_KEY|ACME_KEY2"}})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := own.Rule("acme-setting")
	if !r.Regexp().MatchString("ACME_KEY2=0123456789abcdefghijklmnopqrstuv") || own.Version() == plain.Version() {
		t.Error("the operator's var is not in the pattern or not in the version")
	}
}

// TestBuiltinVars replaces vars of shipped files: they are proven again.
func TestBuiltinVars(t *testing.T) {
	for _, tt := range []struct{ key, expr, want string }{
		{"agiled.no_such_var", "x", `"agiled.no_such_var": no rule file has this var`},
		{"agiled.key_pattern", "[a-z", "var key_pattern: error parsing regexp"},
		{"agiled.key_pattern", "([a-z]{40})", "var key_pattern: a var has no capturing group"},
		{"agiled.key_pattern", "agl_[a-z]{40}", ""},
	} {
		_, err := Builtin(Options{Vars: map[string]string{tt.key: tt.expr}})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s = %s: error %v, want %q", tt.key, tt.expr, err, tt.want)
		}
	}
}

func TestProblemString(t *testing.T) {
	for want, p := range map[string]Problem{
		"a.yaml:14: acme-x: wrong": {"a.yaml", 14, "acme-x", "wrong"},
		"a.yaml: wrong":            {"a.yaml", 0, "", "wrong"},
	} {
		if p.String() != want || p.Error() != want {
			t.Errorf("%q, want %q", p.String(), want)
		}
	}
}

// TestConcurrentUse shares rules between goroutines; the race detector watches.
func TestConcurrentUse(t *testing.T) {
	set, err := builtinSet(t).With("acme.yaml", []byte(acme), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, id := range []string{"acme-token", "acme-setting"} {
				r, _ := set.Rule(id)
				s := r.Sample(rand.New(rand.NewPCG(1, 1)))
				if s.Token == "" || !passes(r.Validate(s.Parts)) || r.NearRegexp("none") != nil {
					t.Errorf("%s: no good sample", id)
				}
				r.Span()
			}
			set.Version()
		})
	}
	wg.Wait()
}
