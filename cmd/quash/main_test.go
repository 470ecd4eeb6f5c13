package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/rogpeppe/go-internal/testscript"
)

// The stories in testdata/script run the real program. Keys are made when a story runs: "plant RULE NAME FILE" fills the
// key of a rule into {{NAME}} of a file, the same key for the same rule and name in one story.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"quash": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("..", "..", "testdata", "script"),
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("NOBODY", nobody(t))
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, ".state"))
			e.Setenv("USER", "tester")
			for name, v := range map[string]string{
				"GIT_AUTHOR_NAME": "Ann Lee", "GIT_AUTHOR_EMAIL": "ann@acme.example", "GIT_AUTHOR_DATE": "2026-02-27T08:14:00Z",
				"GIT_COMMITTER_NAME": "Ann Lee", "GIT_COMMITTER_EMAIL": "ann@acme.example", "GIT_COMMITTER_DATE": "2026-02-27T08:14:00Z",
				"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "init.defaultBranch", "GIT_CONFIG_VALUE_0": "main",
			} {
				e.Setenv(name, v)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"plant": plant, "exits": exits, "flip": flip, "cut": cut, "idof": idOf, "mkplan": makePlan, "fill": fill,
			"hub": hub, "tickets": tickets,
		},
	})
}

// nobody is a loopback address with a port on which nobody listens.
func nobody(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// sample is the key of a rule and name: the same in every process, another for every name.
func sample(rule, name string) (rules.Sample, error) {
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		return rules.Sample{}, err
	}
	r, ok := set.Rule(rule)
	if !ok {
		return rules.Sample{}, fmt.Errorf("no rule %q", rule)
	}
	seed := sha256.Sum256([]byte(rule + "\x00" + name))
	return r.Sample(rand.New(rand.NewPCG(binary.LittleEndian.Uint64(seed[:]), binary.LittleEndian.Uint64(seed[8:])))), nil
}

// plant fills a generated key into files: plant RULE NAME FILE…
func plant(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: plant RULE NAME FILE...")
	}
	s, err := sample(args[0], args[1])
	ts.Check(err)
	for _, file := range args[2:] {
		path := ts.MkAbs(file)
		data, err := os.ReadFile(path)
		ts.Check(err)
		if !strings.Contains(string(data), "{{"+args[1]+"}}") {
			ts.Fatalf("%s has no {{%s}}", file, args[1])
		}
		ts.Check(os.WriteFile(path, []byte(strings.ReplaceAll(string(data), "{{"+args[1]+"}}", s.Token)), 0o600))
	}
}

// exits runs quash and checks its exit code: exits CODE ARG…
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits CODE ARG...")
	}
	err := ts.Exec("quash", args[1:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("quash %s: exit %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// flip changes one byte of a file: flip FILE OFFSET
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE OFFSET")
	}
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	var at int
	_, err = fmt.Sscan(args[1], &at)
	ts.Check(err)
	data[(at+len(data))%len(data)] ^= 1
	ts.Check(os.WriteFile(path, data, 0o600))
}

// cut shortens a file by its last bytes: cut FILE COUNT
func cut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FILE COUNT")
	}
	data := []byte(ts.ReadFile(args[0]))
	var n int
	_, err := fmt.Sscan(args[1], &n)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data[:len(data)-n], 0o600))
}

// fill writes the value of an environment variable into {{NAME}} of a file: fill NAME FILE
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fill NAME FILE")
	}
	text := strings.ReplaceAll(ts.ReadFile(args[1]), "{{"+args[0]+"}}", ts.Getenv(args[0]))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

var findingID = regexp.MustCompile(`q-[0-9a-f]{16}`)

// idOf puts the first finding ID of a file into $ID: idof FILE
func idOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: idof FILE")
	}
	id := findingID.FindString(ts.ReadFile(args[0]))
	if id == "" {
		ts.Fatalf("%s names no finding", args[0])
	}
	ts.Setenv("ID", id)
}

// makePlan writes a plan that somebody asked for some time ago: mkplan WHO AGO FILE
func makePlan(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: mkplan WHO AGO FILE")
	}
	ago, err := time.ParseDuration(args[1])
	ts.Check(err)
	p, err := revoker.MakePlan(args[0], time.Now().Add(-ago), 24*time.Hour, []revoker.PlanAction{{
		ID: "q-0123456789abcdef", Rule: "agiled-api-key", Provider: "agiled", Owner: "Acme GmbH",
		Action: revoker.Action{Name: "manual", Idempotent: true}, From: []scanner.Location{{Path: "a.env", Line: 1}},
	}})
	ts.Check(err)
	data, err := p.Encode()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), data, 0o600))
}
