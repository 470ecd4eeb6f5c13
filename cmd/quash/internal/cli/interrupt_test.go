package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/cli"
)

// endless is input that presses Ctrl-C when its text is read, and then never ends.
type endless struct {
	text   io.Reader
	cancel func()
	forget context.Context
}

func (e endless) Read(p []byte) (int, error) {
	n, err := e.text.Read(p)
	if n > 0 || !errors.Is(err, io.EOF) {
		return n, err
	}
	e.cancel()
	<-e.forget.Done()
	return 0, io.EOF
}

// interrupted runs the program with an input in the middle of which it is interrupted.
func (w *world) interrupted(text string, args ...string) result {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	end, forget := context.WithTimeout(context.Background(), 10*time.Second)
	defer forget()
	var out, stderr bytes.Buffer
	e := w.world(args)
	e.Stdin, e.Stdout, e.Stderr = endless{strings.NewReader(text), cancel, end}, &out, &stderr
	return result{cli.Run(ctx, e), out.String(), stderr.String()}
}

// Ctrl-C ends a scan with what it had covered: incomplete, and exit code 3 where nothing was found until then.
func TestInterruptedScan(t *testing.T) {
	w := newWorld(t, "github-pat")
	filler := strings.Repeat("nothing to see here\n", 1000)
	w.wants(w.interrupted(filler, "scan", "-"), 3, "INCOMPLETE", "standard input: interrupted before its end", "run the same command again")
	w.wants(w.interrupted(filler, "scan", "--allow-incomplete", "-"), 3, "INCOMPLETE")
	leak := w.write("a.env", "TOKEN="+w.samples["github-pat"].Token+"\n")
	r := w.wants(w.interrupted(filler, "scan", leak, "-", "-o", w.path("run.jsonl")), 1, "github-pat", "INCOMPLETE")
	if r.err != "" {
		t.Errorf("an interrupt is no error: %s", r.err)
	}
	all := items(t, w.read("run.jsonl"))
	if stats := all[len(all)-1].Stats; stats == nil || stats.Complete || stats.Exit != 1 || stats.Keys != 1 {
		t.Errorf("the stream ends with %+v", stats)
	}
	w.wants(w.run("show", ids(t, w.read("run.jsonl"))[0]), 0, "a.env:1:7")

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w.wants(w.runWith(ctx, "", "scan", leak), 3, "interrupted before anything was read")
}

// Ctrl-C between two keys, or while one is looked at, leaves the journal whole, and the next run goes on.
func TestInterruptedResponse(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	k, other := w.key("Warehouse sync - production - Ops"), w.key("Reporting - staging - Data")
	a, b := w.leak("a.env", k), w.leak("b.env", other)
	ctx, cancel := context.WithCancel(context.Background())
	w.answer = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			cancel()
		}
		return false
	}
	args := []string{"respond", "--answers", "1", "--execute", "--policy", w.policy("auto"), a, b}
	w.wants(w.runWith(ctx, "", args...), 4, "INCOMPLETE", "interrupted while it was answered", "interrupted before its issuer was asked")
	w.answer = nil
	w.wants(w.run("journal", "verify"), 0)
	if !w.agiled.Revoked(other.Token).IsZero() {
		t.Error("the second key was revoked after the interrupt")
	}
	w.wants(w.run(args...), 1, "2 of 2 active keys are proven dead")
}

// A report that cannot be written is an error, and what was found is not lost: the other outputs have it.
func TestOutputs(t *testing.T) {
	w := newWorld(t, "github-pat")
	leak := w.write("a.env", "TOKEN="+w.samples["github-pat"].Token+"\n")
	w.wants(w.run("scan", leak, "-o", w.path("no/such/folder.json")), 2, "write output", "name another file with -o")
	r := w.wants(w.run("scan", "-q", leak, "-f", "jsonl", "-o", w.path("a.json"), "-o", w.path("a.sarif"), "-o", w.path("a.txt"), "-o", w.path("a.html")), 1)
	for _, name := range []string{"a.json", "a.sarif", "a.txt", "a.html"} {
		if !strings.Contains(w.read(name), "github-pat") {
			t.Errorf("%s lacks the finding", name)
		}
		if info, err := os.Stat(w.path(name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v", name, info.Mode())
		}
	}
	if r.err != "" {
		t.Errorf("--quiet says %s", r.err)
	}
	e := w.world([]string{"scan", leak})
	var stderr bytes.Buffer
	e.Stdout, e.Stderr = full{}, &stderr
	if n := cli.Run(context.Background(), e); n != 2 || !strings.Contains(stderr.String(), "no space left") {
		t.Errorf("exit %d: %s", n, stderr.String())
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// Colour is for terminals that want it.
func TestColor(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	leak := w.leak("a.env", w.key("Warehouse sync - production - Ops"))
	for name, c := range map[string]struct {
		width int
		env   map[string]string
		want  bool
	}{
		"terminal": {100, nil, true}, "pipe": {0, nil, false}, "NO_COLOR": {100, map[string]string{"NO_COLOR": "1"}, false},
		"empty NO_COLOR": {100, map[string]string{"NO_COLOR": ""}, true}, "dumb": {100, map[string]string{"TERM": "dumb"}, false},
	} {
		for k, v := range c.env {
			w.env[k] = v
		}
		var out bytes.Buffer
		e := w.world([]string{"scan", "--verify", leak})
		e.Stdout, e.Width = &out, c.width
		if n := cli.Run(context.Background(), e); n != 4 || strings.Contains(out.String(), "\x1b[") != c.want {
			t.Errorf("%s: exit %d, colour %v", name, n, !c.want)
		}
		for k := range c.env {
			delete(w.env, k)
		}
	}
}

// Progress is drawn on a terminal's stderr and nowhere else.
func TestProgress(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.write("d/"+strings.Repeat("x", 3)+w.Now().String(), strings.Repeat("text\n", 1000))
	}
	for _, terminal := range []bool{true, false} {
		var stderr bytes.Buffer
		e := w.world([]string{"scan", w.path("d")})
		e.Stderr, e.StderrTerminal = &stderr, terminal
		if n := cli.Run(context.Background(), e); n != 0 || (stderr.Len() > 0) != terminal {
			t.Errorf("terminal %v: exit %d, %d bytes on stderr", terminal, n, stderr.Len())
		}
	}
}
