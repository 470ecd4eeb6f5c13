package source

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/sourcetest"
)

func zipOf(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err == nil {
			_, err = io.WriteString(w, files[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func tarGzOf(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	w := tar.NewWriter(g)
	for i := 0; i < len(files); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: files[i], Size: int64(len(files[i+1])), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestContainersInDir(t *testing.T) {
	inner := zipOf(t, "deep/a.txt", "one\ntwo\n", "image", "PNG\x00\x01")
	cut := zipOf(t, "b.txt", "in a zip that is cut\n")
	cut = cut[:strings.Index(cut, "PK\x01\x02")]
	dir := writeTree(t, map[string]string{
		"plain.txt": "text\n", "a.tgz": tarGzOf(t, "in.zip", inner, "c.txt", "three\n"), "cut.zip": cut,
		"prog.exe": "MZ\x00" + strings.Repeat("\x00", headSize) + zipOf(t, "d.txt", "behind a program\n"),
	})
	sourcetest.Run(t, sourcetest.Case{
		Open: opened(dir, Options{}),
		Texts: map[string]string{
			"plain.txt": "text\n", "a.tgz!in.zip!deep/a.txt": "one\ntwo\n", "a.tgz!c.txt": "three\n",
			"cut.zip!b.txt": "in a zip that is cut\n", "cut.zip": cut, "prog.exe!d.txt": "behind a program\n",
		},
		Gaps:     []string{"container cut.zip"},
		Coverage: scanner.Coverage{Seen: map[string]int{"files": 4, "members": 4}, Skipped: map[string]int{skipBinary: 1}},
	})
}

// TestContainersAnywhere finds a key in a zip wherever a source meets one: given as a file, on standard input, staged, in the history
// of a repository and in its work tree.
func TestContainersAnywhere(t *testing.T) {
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rule, _ := set.Rule("github-pat")
	key := rule.Sample(rand.New(rand.NewPCG(1, 2)))
	text := "first line\ntoken = " + key.Text + "\n"
	outer := tarGzOf(t, "in.zip", zipOf(t, "sub/key.env", text))
	f := newFixture(t)
	f.write("files/a.tgz", outer)
	f.git("add", "-A")
	const member = "a.tgz!in.zip!sub/key.env"

	add, err := Staged(t.Context(), f.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	found(t, set, "staged", add, "files/"+member)
	f.git("commit", "-q", "-m", "begin")
	f.git("mv", "files", "moved")
	first := f.commit("move", "untouched", "x\n")
	for name, c := range map[string]struct {
		target string
		o      Options
		want   []string
	}{
		"file":    {f.dir + "/moved/a.tgz", Options{}, []string{f.dir + "/moved/" + member}},
		"stdin":   {"-", Options{Stdin: strings.NewReader(outer)}, []string{"-!in.zip!sub/key.env"}},
		"dir":     {f.dir, Options{Kind: "dir"}, []string{"moved/" + member}},
		"history": {f.dir, Options{NoWorktree: true}, []string{"files/" + member, "moved/" + member}},
	} {
		src, err := Open(t.Context(), c.target, c.o)
		if err != nil {
			t.Fatal(err)
		}
		at := found(t, set, name, src, c.want...)
		if name == "history" && (at[1].Commit != first || !at[1].InHead || at[0].InHead || at[0].Blob != blobName(outer)) {
			t.Errorf("history: places %+v", at)
		}
	}
}

// found scans a source and checks that each path has a key in its second line, and nothing else was found.
func found(t *testing.T, set *rules.Set, what string, src scanner.Source, paths ...string) []scanner.Location {
	t.Helper()
	s, err := scanner.New(set, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var at []scanner.Location
	var got []string
	stats, err := s.Scan(t.Context(), src, scanner.SinkFunc(func(_ context.Context, f scanner.Finding) error {
		if f.At.Line == 2 && !slices.Contains(got, f.At.Path) {
			at, got = append(at, f.At), append(got, f.At.Path)
		}
		return nil
	}))
	if err != nil || !stats.Complete() {
		t.Errorf("%s: %v, gaps %v", what, err, stats.Gaps)
	}
	same(t, what, paths, got)
	return at
}

// TestContainersExcluded leaves out the members of a container whose name a pattern has.
func TestContainersExcluded(t *testing.T) {
	excluded := Excludes([]string{"*.zip", "/fixtures"})
	for path, want := range map[string]bool{
		"a.zip!b.env": true, "dir/a.zip!sub/b.env": true, "a.tar.gz!x.zip!b": true, "fixtures/a.tar!b": true,
		"a.jar!b.env": false, "a.tar!sub/b.env": false, "what!b.env": false,
	} {
		same(t, path, want, excluded(path))
	}
}

// TestContainersLimit makes a scan incomplete, and says what to do.
func TestContainersLimit(t *testing.T) {
	bomb := tarGzOf(t, "zeros", strings.Repeat("\x00", 80<<20))
	_, gaps, _ := mustDrain(t, writeTree(t, map[string]string{"a.tgz": bomb}), Options{})
	const want = "container a.tgz: more than 67,108,864 bytes come out of the container"
	if len(gaps) != 1 || !strings.HasPrefix(gaps[0], want) || !strings.Contains(gaps[0], "unpack it and scan the directory") {
		t.Errorf("gaps %q, want %s", gaps, want)
	}
}

func TestContainersList(t *testing.T) {
	names := map[string]bool{}
	for _, c := range Containers() {
		if names[c.Name] || c.Reads == "" || len(c.Extensions) == 0 {
			t.Errorf("container %+v", c)
		}
		names[c.Name] = true
	}
}

// BenchmarkNoContainer reads a file that is no container: what looking for one costs.
func BenchmarkNoContainer(b *testing.B) {
	text := []byte(strings.Repeat("a line of text\n", 1000))
	var c counter
	e := &emitter{ctx: b.Context(), yield: func(scanner.Chunk, error) bool { return true }}
	for b.Loop() {
		_, _ = c.giveData(e, scanner.Location{Path: "some/dir/file.go"}, text, scanner.Chunk{})
	}
}
