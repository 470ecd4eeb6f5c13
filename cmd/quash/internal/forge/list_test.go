package forge

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseList(t *testing.T) {
	all, err := ParseList("list", strings.NewReader(`
# ours
https://git.acme.example/infra/tools.git
  https://GIT.acme.example/infra/tools.git/
git@git.acme.example:infra/deploy.git
ssh://git@git.acme.example:2222/infra/deploy
file:///srv/git/a.git
git://127.0.0.1:9418/b
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Repository{
		{Name: "git.acme.example/infra/tools", URL: "https://git.acme.example/infra/tools.git"},
		{Name: "git.acme.example/infra/deploy", URL: "ssh://git@git.acme.example/infra/deploy.git"},
		{Name: "git.acme.example:2222/infra/deploy", URL: "ssh://git@git.acme.example:2222/infra/deploy"},
		{Name: "/srv/git/a", URL: "file:///srv/git/a.git"},
		{Name: "127.0.0.1:9418/b", URL: "git://127.0.0.1:9418/b"},
	}
	if d := cmp.Diff(want, all); d != "" {
		t.Error(d)
	}
}

// TestParseListRefuses: what git would run, take for an option or write down is refused, and never repeated.
func TestParseListRefuses(t *testing.T) {
	const canary = "Zm9vYmFy"
	for line, want := range map[string]string{
		"https://ann:" + canary + "@git.acme.example/a.git": "holds a credential",
		"https://" + canary + "@git.acme.example/a.git":     "holds a credential",
		"ssh://ann:" + canary + "@git.acme.example/a.git":   "holds a credential",
		"ssh://-o" + canary + "/a.git":                      "names no repository",
		"ssh://-o" + canary + "@git.acme.example/a.git":     "holds a credential",
		"--upload-pack=" + canary:                           "not a clone URL",
		"ext::sh -c " + canary:                              "not a clone URL",
		"https://git.acme.example/a.git?token=" + canary:    "query",
		"https://git.acme.example/a.git#" + canary:          "fragment",
		"https://git.acme.example":                          "names no repository",
		"file://host/" + canary:                             "names no repository",
		"ftp://git.acme.example/" + canary:                  "not a clone URL",
		"/srv/git/" + canary:                                "not a clone URL",
		canary:                                              "not a clone URL",
		"https://git.acme.example/a%0a" + canary:            "control character",
		"\n\n":                                              "no clone URL",
	} {
		_, err := ParseList("list", strings.NewReader(line))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("the error repeats the line: %v", err)
		}
	}
}

// FuzzCloneURL: what is taken is taken again as it is, names a transport that is allowed, and is no option.
func FuzzCloneURL(f *testing.F) {
	for _, s := range []string{"https://h/a.git", "git@h:a", "ssh://u@h:1/a", "file:///a", "git@h:/a b", "http://[::1]:80/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		at, err := cloneURL(raw)
		if err != nil {
			return
		}
		again, err := cloneURL(at)
		if err != nil || again != at {
			t.Errorf("%q became %q, and then %q, %v", raw, at, again, err)
		}
		if strings.ContainsAny(at, "\n\x00") || urlName(at) == "" {
			t.Errorf("%q became %q", raw, at)
		}
	})
}

// FuzzParseRefs: whatever git prints, every reference that is read has a name and no line end.
func FuzzParseRefs(f *testing.F) {
	f.Add("ref: refs/heads/main\tHEAD\n" + strings.Repeat("0", 40) + "\tHEAD\n" + strings.Repeat("0", 40) + "\trefs/heads/main\n")
	f.Fuzz(func(t *testing.T, out string) {
		for name := range parseRefs(out).Tips {
			if name == "HEAD" || strings.Contains(name, "\n") || strings.HasSuffix(name, "^{}") {
				t.Errorf("a reference %q", name)
			}
		}
	})
}

func TestFilter(t *testing.T) {
	shop := Repository{Name: "acme/shop", Visibility: "public", Topics: []string{"go", "web"}}
	old := Repository{Name: "acme/infra-old", Visibility: "private", Archived: true}
	fork := Repository{Name: "acme/infra-fork", Visibility: "internal", Fork: true}
	for _, c := range []struct {
		f    Filter
		keep string
	}{
		{Filter{}, "shop old fork"},
		{Filter{Archived: WantNo}, "shop fork"},
		{Filter{Archived: WantOnly}, "old"},
		{Filter{Forks: WantNo, Archived: WantYes}, "shop old"},
		{Filter{Forks: WantOnly}, "fork"},
		{Filter{Topics: []string{"web", "none"}}, "shop"},
		{Filter{Visibility: []string{"private", "internal"}}, "old fork"},
		{Filter{Match: []string{"infra-*"}}, "old fork"},
		{Filter{Match: []string{"acme/s*"}}, "shop"},
		{Filter{Exclude: []string{"infra-*"}}, "shop"},
		{Filter{Match: []string{"infra-*"}, Exclude: []string{"*-old"}}, "fork"},
	} {
		var kept []string
		for name, r := range map[string]Repository{"shop": shop, "old": old, "fork": fork} {
			if c.f.Why(r) == "" {
				kept = append(kept, name)
			}
		}
		if err := c.f.Check(false); err != nil {
			t.Error(err)
		}
		if len(kept) != len(strings.Fields(c.keep)) {
			t.Errorf("%+v keeps %v, want %s", c.f, kept, c.keep)
		}
		for _, name := range kept {
			if !strings.Contains(c.keep, name) {
				t.Errorf("%+v keeps %s", c.f, name)
			}
		}
	}
	for _, f := range []Filter{{Archived: "maybe"}, {Forks: "x"}, {Visibility: []string{"secret"}}, {Match: []string{"[a"}}} {
		if f.Check(false) == nil {
			t.Errorf("%+v is accepted", f)
		}
	}
	if (Filter{Topics: []string{"go"}}).Check(true) == nil || (Filter{Match: []string{"a"}, Archived: WantYes}).Check(true) != nil {
		t.Error("filters of lists")
	}
}

func TestPatterns(t *testing.T) {
	p := patterns(DefaultRefs)
	if err := p.check(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"refs/heads/main": true, "refs/heads/a/b": true, "refs/pull/7/head": true, "refs/pull/7/merge": false, "refs/notes/commits": true,
		"refs/stash": false, "refs/pull/head": false, "HEAD": false, "refs/keep-around/x": false, "refs/merge-requests/1/head": true,
	} {
		if p.match(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	for _, bad := range []string{"heads/*", "refs/*/*", "refs/a:refs/b", "refs/a b", "^refs/x", ""} {
		if (patterns{bad}).check() == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
