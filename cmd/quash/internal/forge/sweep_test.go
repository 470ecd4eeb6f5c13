package forge_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/cmd/quash/internal/forge/forgetest"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
)

// builtin are the built-in rules, loaded once.
var builtin = sync.OnceValues(func() (*rules.Set, error) { return rules.Builtin(rules.Options{}) })

// finder makes a scanner, and a key that it finds.
func finder(t *testing.T) (*scanner.Scanner, string) {
	t.Helper()
	set, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	sc, err := scanner.New(set, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rule, ok := set.Rule("github-pat")
	if !ok {
		t.Fatal("no rule github-pat")
	}
	return sc, rule.Sample(rand.New(rand.NewPCG(3, 5))).Token
}

// sweep covers repositories and returns what became of them, in order.
func sweep(t *testing.T, s *forge.Sweep, all []forge.Repository) []forge.Result {
	t.Helper()
	var results []forge.Result
	for r := range s.Run(t.Context(), all) {
		if r.Err != nil {
			t.Errorf("%s: %v", r.Repository.Name, r.Err)
		}
		results = append(results, r)
	}
	return results
}

func covered(results []forge.Result) (all []forge.Covered) {
	for _, r := range results {
		all = append(all, r.Covered)
	}
	return all
}

func wantCovered(t *testing.T, results []forge.Result, want ...forge.Covered) {
	t.Helper()
	if d := cmp.Diff(want, covered(results)); d != "" {
		t.Errorf("covered (-want +got):\n%s", d)
	}
}

// organisation is a forge with repositories a, b and c; a and b hold the same key, b in a message and a tag, too.
func organisation(t *testing.T, key string) (*forgetest.Forge, []forge.Repository) {
	t.Helper()
	f := forgetest.Start(t)
	var all []forge.Repository
	for _, name := range []string{"acme/a", "acme/b", "acme/c"} {
		f.Add(forgetest.Repository{Owner: "acme", Name: name[5:]})
		f.Push(name, "refs/heads/main", map[string]string{"README.md": "# " + name + "\n"})
		all = append(all, repository(f, name))
	}
	f.Push("acme/a", "refs/heads/main", map[string]string{"config/a b.env": "# a\nGITHUB_TOKEN=" + key + "\n"})
	f.Push("acme/b", "refs/heads/side", map[string]string{"b.env": "GITHUB_TOKEN=" + key + "\n"})
	tree := f.Git("acme/b", "rev-parse", "main^{tree}")
	f.Git("acme/b", "update-ref", "refs/heads/note", f.Git("acme/b", "commit-tree", "-m", "use "+key, tree))
	f.Git("acme/b", "tag", "-a", "-m", "or "+key, "v1", "main")
	return f, all
}

// withoutParts are results as they are remembered.
var withoutParts = cmp.Options{
	cmpopts.IgnoreFields(scanner.Finding{}, "Parts"), cmpopts.IgnoreFields(forge.Result{}, "Covered"), cmpopts.EquateErrors(),
}

// TestSweepRemembers: what did not change is not read again, and is reported as it was.
func TestSweepRemembers(t *testing.T) {
	sc, key := finder(t)
	f, all := organisation(t, key)
	m := mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t)})
	var mu sync.Mutex
	learnt := 0
	s := &forge.Sweep{Mirrors: m, Scanner: sc, Options: "1", Clock: forgetest.NewClock(start), Learn: func(f scanner.Finding) {
		mu.Lock()
		defer mu.Unlock()
		if f.Token().Equal(scanner.NewSecret(key)) {
			learnt++
		}
	}}
	first := sweep(t, s, all)
	wantCovered(t, first, forge.Scanned, forge.Scanned, forge.Scanned)
	if len(first[0].Findings) != 1 || len(first[1].Findings) != 3 || len(first[2].Findings) != 0 || learnt < 4 {
		t.Fatalf("found %+v, learnt %d", first, learnt)
	}
	at := first[0].Findings[0].At
	if want := f.URL + "/acme/a/blob/" + at.Commit + "/config/a%20b.env#L2"; at.URL != want || at.Repository != "acme/a" {
		t.Errorf("it stands at %+v, want %s", at, want)
	}
	f.Forget()

	second := sweep(t, s, all)
	wantCovered(t, second, forge.Unchanged, forge.Unchanged, forge.Unchanged)
	if d := cmp.Diff(first, second, withoutParts); d != "" {
		t.Errorf("remembered (-first +second):\n%s", d)
	}
	if asked := f.Forget(); len(asked) != 3 {
		t.Errorf("three unchanged repositories cost %v", asked)
	}

	f.Push("acme/c", "refs/heads/new", map[string]string{"c.env": "GITHUB_TOKEN=" + key + "\n"})
	third := sweep(t, s, all)
	wantCovered(t, third, forge.Unchanged, forge.Unchanged, forge.Scanned)
	if len(third[2].Findings) != 1 || !slices.Equal(forgetest.Fetched(f.Forget()), []string{"acme/c"}) {
		t.Errorf("%+v", third[2])
	}

	if err := os.WriteFile(strings.TrimSuffix(m.Dir(all[0]), ".git")+".json", []byte(`{"schema":"quash.mirror/3","stats":{}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(m.Dir(all[1])); err != nil {
		t.Fatal(err)
	}
	fourth := sweep(t, s, all)
	wantCovered(t, fourth, forge.Scanned, forge.Unchanged, forge.Unchanged) // torn; the mirror of b is not needed
	s.Options = "2"
	wantCovered(t, sweep(t, s, all), forge.Scanned, forge.Scanned, forge.Scanned)
	f.Git("acme/a", "symbolic-ref", "HEAD", "refs/heads/none")
	wantCovered(t, sweep(t, s, all), forge.Scanned, forge.Unchanged, forge.Unchanged)
	noKey(t, filepath.Dir(m.Dir(all[0])), key)
}

// TestSweepReadsNews: of a repository that changed only what came in is read, and the result is that of reading all.
func TestSweepReadsNews(t *testing.T) {
	for name, git := range drivers(t) {
		t.Run(name, func(t *testing.T) {
			sc, key := finder(t)
			f, all := organisation(t, key)
			for i := range 20 {
				f.Push("acme/a", "refs/heads/main", map[string]string{fmt.Sprintf("src/%d", i): strings.Repeat(fmt.Sprint(i, "\n"), 100)})
			}
			m := mirrors(t, forge.MirrorOptions{Git: git})
			s := &forge.Sweep{Mirrors: m, Scanner: sc, Clock: forgetest.NewClock(start)}
			first := sweep(t, s, all)
			f.Push("acme/a", "refs/heads/main", map[string]string{"config/a b.env": "removed\n", "moved": "# a\nGITHUB_TOKEN=" + key + "\n"})
			f.Push("acme/a", "refs/heads/more", map[string]string{"more": "GITHUB_TOKEN=" + key + "\n"})
			f.Git("acme/b", "update-ref", "-d", "refs/heads/note")
			f.Git("acme/b", "symbolic-ref", "HEAD", "refs/heads/side")
			got := sweep(t, s, all)
			wantCovered(t, got, forge.Scanned, forge.Scanned, forge.Unchanged)
			if part, whole := got[0].Stats.Chunks, first[0].Stats.Chunks; whole < 40 || part > 6 {
				t.Errorf("%d texts were read at first, then %d", whole, part)
			}
			fresh := &forge.Sweep{Mirrors: mirrors(t, forge.MirrorOptions{Git: git}), Scanner: sc, Clock: forgetest.NewClock(start)}
			for i, want := range sweep(t, fresh, all) {
				if d := cmp.Diff(want.Findings, got[i].Findings, withoutParts); d != "" || !want.Stats.Complete() {
					t.Errorf("%s (-whole +part):\n%s", want.Repository.Name, d)
				}
			}
			if len(got[0].Findings) != 3 || len(got[1].Findings) != 2 {
				t.Errorf("found %+v", got)
			}
			wantCovered(t, sweep(t, s, all), forge.Unchanged, forge.Unchanged, forge.Unchanged)
		})
	}
}

// noKey checks that a key stands in no file but git's objects, which are compressed.
func noKey(t *testing.T, dir, key string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(key)) {
			t.Errorf("%s holds the key", path)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files, %v", files, err)
	}
}

// TestReread: a remembered key is read again where it stands, in a file, a message or a tag, also when the mirror is gone.
func TestReread(t *testing.T) {
	for name, git := range drivers(t) {
		t.Run(name, func(t *testing.T) {
			sc, key := finder(t)
			_, all := organisation(t, key)
			m := mirrors(t, forge.MirrorOptions{Git: git})
			s := &forge.Sweep{Mirrors: m, Scanner: sc}
			sweep(t, s, all)
			if err := os.RemoveAll(m.Dir(all[0])); err != nil {
				t.Fatal(err)
			}
			for i, res := range sweep(t, s, all[:2]) {
				for _, f := range res.Findings {
					if f.Parts != nil {
						t.Fatal("a remembered finding has its key")
					}
					got, err := s.Reread(t.Context(), all[i], f)
					if err != nil || !got.Token().Equal(scanner.NewSecret(key)) {
						t.Errorf("%+v: %v", f.At, err)
					}
					f.ID = "q-0000000000000000"
					if _, err := s.Reread(t.Context(), all[i], f); err == nil {
						t.Error("another key was found")
					}
					f.At.Blob, f.At.Commit = "--help", ""
					if _, err := s.Reread(t.Context(), all[i], f); err == nil {
						t.Error("an option was taken for an object")
					}
				}
			}
		})
	}
}

// TestSweepOrder: the results come in the order of the repositories, and are the same whatever the number of jobs.
func TestSweepOrder(t *testing.T) {
	sc, key := finder(t)
	f, all := organisation(t, key)
	for i := range 5 {
		name := fmt.Sprintf("acme/x%d", i)
		f.Add(forgetest.Repository{Owner: "acme", Name: name[5:]})
		f.Push(name, "refs/heads/main", map[string]string{"a": strings.Repeat(name+"\n", 1+10*i), "key": "GITHUB_TOKEN=" + key + "\n"})
		all = append(all, repository(f, name))
	}
	var want []forge.Result
	for _, jobs := range []int{1, 5, 50} {
		m := mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t)})
		done := 0
		s := &forge.Sweep{Mirrors: m, Scanner: sc, Jobs: jobs, Clock: forgetest.NewClock(start), Progress: func(n, total int) {
			if done++; n != done || total != len(all) {
				t.Errorf("progress %d of %d after %d", n, total, done)
			}
		}}
		got := sweep(t, s, all)
		for i := range got {
			got[i].Dir = ""
		}
		if want == nil {
			want = got
		}
		if d := cmp.Diff(want, got, withoutParts); d != "" || done != len(all) {
			t.Errorf("%d jobs, %d done (-one +more):\n%s", jobs, done, d)
		}
	}
}

// TestSweepIncomplete: a repository that could not be read whole says so every time.
func TestSweepIncomplete(t *testing.T) {
	sc, key := finder(t)
	_, all := organisation(t, key)
	s := &forge.Sweep{Mirrors: mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t)}), Scanner: sc, Source: source.Options{MaxFile: 20}}
	wantCovered(t, sweep(t, s, all), forge.Incomplete, forge.Incomplete, forge.Scanned)
	wantCovered(t, sweep(t, s, all), forge.Incomplete, forge.Incomplete, forge.Unchanged)
}

// TestSweepLarge: a repository of whose files Git LFS keeps some elsewhere says so every time, and only what came in is read.
func TestSweepLarge(t *testing.T) {
	sc, key := finder(t)
	f, all := organisation(t, key)
	f.Push("acme/a", "refs/heads/main", map[string]string{
		"a.psd": "version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("4d", 32) + "\nsize 12345\n",
	})
	s := &forge.Sweep{Mirrors: mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t)}), Scanner: sc}
	first := sweep(t, s, all)
	wantCovered(t, first, forge.Incomplete, forge.Scanned, forge.Scanned)
	f.Push("acme/a", "refs/heads/main", map[string]string{"more": "more\n"})
	second := sweep(t, s, all)
	wantCovered(t, second, forge.Incomplete, forge.Unchanged, forge.Unchanged)
	if d := cmp.Diff(first[0].Findings, second[0].Findings, withoutParts); d != "" || second[0].Stats.Chunks >= first[0].Stats.Chunks {
		t.Errorf("%d texts, then %d; findings (-first +second):\n%s", first[0].Stats.Chunks, second[0].Stats.Chunks, d)
	}
	wantCovered(t, sweep(t, s, all), forge.Incomplete, forge.Unchanged, forge.Unchanged)
}

// TestSweepDamaged: a mirror that lost objects is made anew and read whole.
func TestSweepDamaged(t *testing.T) {
	for name, git := range drivers(t) {
		t.Run(name, func(t *testing.T) {
			sc, key := finder(t)
			f, all := organisation(t, key)
			m := mirrors(t, forge.MirrorOptions{Git: git})
			s := &forge.Sweep{Mirrors: m, Scanner: sc}
			sweep(t, s, all)
			objects, err := filepath.Glob(filepath.Join(m.Dir(all[0]), "objects", "??", "*"))
			packs, _ := filepath.Glob(filepath.Join(m.Dir(all[0]), "objects", "pack", "*.pack"))
			if len(objects)+len(packs) == 0 {
				t.Fatalf("no objects: %v", err)
			}
			for _, path := range slices.Concat(objects, packs) {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
			f.Push("acme/a", "refs/heads/main", map[string]string{"more": "more\n"})
			got := sweep(t, s, all)
			wantCovered(t, got, forge.Scanned, forge.Unchanged, forge.Unchanged)
			if len(got[0].Findings) != 1 {
				t.Errorf("found %+v", got[0].Findings)
			}
		})
	}
}

// TestSweepHole: a mirror that lost an old object, which no fetch misses, is made anew too.
func TestSweepHole(t *testing.T) {
	sc, key := finder(t)
	f, all := organisation(t, key)
	m := mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t)})
	s := &forge.Sweep{Mirrors: m, Scanner: sc}
	sweep(t, s, all)
	blob := f.Git("acme/a", "rev-parse", "main:config/a b.env")
	if err := os.Remove(filepath.Join(m.Dir(all[0]), "objects", blob[:2], blob[2:])); err != nil {
		t.Fatal(err)
	}
	f.Push("acme/a", "refs/heads/side", map[string]string{"more": "more\n"})
	got := sweep(t, s, all)
	wantCovered(t, got, forge.Scanned, forge.Unchanged, forge.Unchanged)
	if len(got[0].Findings) != 1 {
		t.Errorf("found %+v", got[0].Findings)
	}
}

// TestSweepFailed: a repository that cannot be reached is named, with what to do; the others are covered.
func TestSweepFailed(t *testing.T) {
	sc, key := finder(t)
	f, all := organisation(t, key)
	all[1] = repository(f, "acme/gone")
	s := &forge.Sweep{Mirrors: mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t)}), Scanner: sc}
	var results []forge.Result
	for r := range s.Run(t.Context(), all) {
		results = append(results, r)
	}
	wantCovered(t, results, forge.Scanned, forge.Failed, forge.Scanned)
	gap := results[1].Gap()
	if gap.What != "repository acme/gone" || !strings.Contains(gap.Why, "no such repository") || gap.Next == "" {
		t.Errorf("%+v", gap)
	}
	var c forge.Coverage
	for _, r := range results {
		c.Add(r)
	}
	c.Leave(all[0], "forks")
	if got := c.String(); got != "4 repositories: 2 scanned, 1 failed, 1 left out" {
		t.Error(got)
	}
	if d := cmp.Diff(map[string]int{"forks": 1}, c.Skipped()); d != "" {
		t.Error(d)
	}
}

// TestSweepInterrupted: what was not read is said to be interrupted, nothing hangs, and the next run reads the rest.
func TestSweepInterrupted(t *testing.T) {
	sc, key := finder(t)
	_, all := organisation(t, key)
	ctx, cancel := context.WithCancel(t.Context())
	s := &forge.Sweep{Mirrors: mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t)}), Scanner: sc, Jobs: 1, Progress: func(int, int) { cancel() }}
	var results []forge.Result
	for r := range s.Run(ctx, all) {
		results = append(results, r)
	}
	wantCovered(t, results, forge.Scanned, forge.Interrupted, forge.Interrupted)
	s.Progress = nil
	wantCovered(t, sweep(t, s, all), forge.Unchanged, forge.Scanned, forge.Scanned)
	for range s.Run(t.Context(), all) {
		break // whoever stops reading stops the work
	}
}
