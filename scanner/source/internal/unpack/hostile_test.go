package unpack_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

// TestTruncated cuts containers at every 97th byte: nothing hangs, what was there is given, and a cut is told.
func TestTruncated(t *testing.T) {
	body := strings.Repeat("some text of a file\n", 200)
	kinds := samples(body)
	for name, b := range kinds {
		whole := walk(t, name, b, false, unpack.Limits{})
		if len(whole.gaps) > 0 || len(whole.texts) == 0 {
			t.Errorf("%s: %d texts, gaps %q", name, len(whole.texts), whole.gaps)
		}
		for n := 97; n < len(b); n += 97 {
			g := walk(t, name, b[:n], n%2 == 0, unpack.Limits{})
			for path, text := range g.texts {
				if whole.texts[path] != "" && !strings.HasPrefix(path, "page ") && path != " raw" && len(text) > len(whole.texts[path]) {
					t.Errorf("%s cut at %d: %s is longer than it was", name, n, path)
				}
			}
			if f := unpack.Find(b[:min(n, 4096)], name); f != nil && len(g.gaps) == 0 && n < len(b)-1024 {
				t.Errorf("%s cut at %d of %d: no gap", name, n, len(b))
			}
		}
	}
}

// TestClaims reads containers that claim to be huge: no room is made for a claim.
func TestClaims(t *testing.T) {
	files := []string{"a", plain}
	seven := sevenZipped(false, files...)
	many := bytes.Replace(seven, sevenNumber([]byte{0, 0, 5}, 1), sevenNumber([]byte{0, 0, 5}, 1<<32), 1)
	dictionary := bytes.Clone(seven)
	i := bytes.Index(dictionary, []byte{0x23, 3, 1, 1, 5})
	copy(dictionary[i+6:], "\xFF\xFF\xFF\xFF")
	long := bytes.Clone(database(plain))
	binary.BigEndian.PutUint32(long[28:], 1<<31)
	for name, b := range map[string][]byte{"many.7z": many, "dictionary.7z": dictionary, "long.db": long} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		g := &got{}
		into(t, g, name, b, false, unpack.Limits{})
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
			t.Errorf("%s: %d bytes allocated", name, grown)
		}
	}
}

func TestSalvage(t *testing.T) {
	b := zipped("one", plain, "two", strings.Repeat(plain, 50))
	cut := b[:bytes.Index(b, []byte("PK\x01\x02"))]
	g := walk(t, "a.zip", cut, false, unpack.Limits{})
	if g.texts["one"] != plain || g.texts["two"] != strings.Repeat(plain, 50) || len(g.gaps) != 1 {
		t.Errorf("texts %q, gaps %q", slices.Sorted(maps.Keys(g.texts)), g.gaps)
	}
}

func TestEncrypted(t *testing.T) {
	b := zipped("one", plain, "two", plain)
	b[bytes.Index(b, []byte("PK\x01\x02"))+8] |= 1
	g := walk(t, "a.zip", b, false, unpack.Limits{})
	if d := cmp.Diff([]string{"one: it is encrypted"}, g.gaps); d != "" || g.texts["two"] != plain {
		t.Errorf("gaps (-want +got):\n%s", d)
	}
}

// TestTarRest gives what follows a damaged header of a tar archive as it stands.
func TestTarRest(t *testing.T) {
	b := tarred("one", plain, "two", plain, "three", "what is hidden\n")
	copy(b[1024+148:], "99999999")
	g := walk(t, "a.tar", b, true, unpack.Limits{})
	if g.texts["one"] != plain || !strings.Contains(g.texts[" raw"], "what is hidden\n") || len(g.gaps) != 1 {
		t.Errorf("texts %q, gaps %q", g.texts, g.gaps)
	}
}

func TestNames(t *testing.T) {
	g := walk(t, "a.tar", tarred("../../etc/passwd", plain, "a\x1b[31m\nb", plain, strings.Repeat("n", 900), plain), false, unpack.Limits{})
	for name := range g.texts {
		if len(name) > 600 || strings.ContainsAny(name, "\x1b\n") {
			t.Errorf("name %q", name)
		}
	}
	if len(g.texts) != 3 {
		t.Errorf("%d texts", len(g.texts))
	}
}

func TestSparse(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	h := &tar.Header{Name: strings.Repeat("long/", 40) + "name", Size: 5, Format: tar.FormatGNU, Mode: 0o600}
	must(0, w.WriteHeader(h))
	must(io.WriteString(w, "hello"))
	h = &tar.Header{Name: strings.Repeat("x", 300), Size: 5, Format: tar.FormatPAX, Mode: 0o600}
	must(0, w.WriteHeader(h))
	must(io.WriteString(w, "world"))
	must(0, w.Close())
	g := walk(t, "a.tar", b.Bytes(), false, unpack.Limits{})
	if len(g.texts) != 2 || len(g.gaps) > 0 {
		t.Errorf("texts %q, gaps %q", g.texts, g.gaps)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := zipped("one", plain, "two", plain)
	g := &stopper{cancel: cancel}
	unpack.Walk(ctx, unpack.Find(b, "a.zip"), unpack.Input{Name: "a.zip", At: bytes.NewReader(b), Size: int64(len(b))}, unpack.Limits{}, g)
	if g.n != 1 {
		t.Errorf("%d texts and gaps after the context was done", g.n-1)
	}
	stopped := &got{texts: map[string]string{}, stop: 1}
	into(t, stopped, "a.zip", b, false, unpack.Limits{})
	if len(stopped.order) != 1 || len(stopped.gaps) > 0 {
		t.Errorf("went on: %q %q", stopped.order, stopped.gaps)
	}
}

type stopper struct {
	n      int
	cancel func()
}

func (s *stopper) Text(unpack.Place, io.Reader) bool { s.n++; s.cancel(); return true }
func (s *stopper) Gap(unpack.Gap) bool               { s.n++; return true }

// TestVisitorPanics sees that a panic of the visitor is not taken for one of a reader.
func TestVisitorPanics(t *testing.T) {
	mine := errors.New("mine")
	defer func() {
		if recover() != mine {
			t.Error("the visitor's panic was lost")
		}
	}()
	b := zipped("one", plain)
	unpack.Walk(t.Context(), unpack.Find(b, ""), unpack.Input{At: bytes.NewReader(b), Size: int64(len(b))}, unpack.Limits{}, panicking{mine})
}

type panicking struct{ err error }

func (p panicking) Text(_ unpack.Place, r io.Reader) bool { _, _ = io.ReadAll(r); panic(p.err) }
func (p panicking) Gap(unpack.Gap) bool                   { return true }

// TestMemory reads containers of much text and holds little of it.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads much, and nothing of it runs side by side")
	}
	var line bytes.Buffer
	for i := range 200_000 {
		fmt.Fprintf(&line, "%d: a line of a long file\n", i)
	}
	var files []string
	for i := range 20 {
		files = append(files, fmt.Sprint(i), line.String())
	}
	b := compressors[".gz"](string(tarred(files...)))
	var before, after runtime.MemStats
	files = nil
	line = bytes.Buffer{}
	runtime.GC()
	runtime.ReadMemStats(&before)
	g := &got{}
	into(t, g, "a.tgz", b, true, unpack.Limits{})
	runtime.ReadMemStats(&after)
	if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > 8<<20 {
		t.Errorf("%d bytes allocated for %d", grown, g.size)
	}
}
