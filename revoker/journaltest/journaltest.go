// Package journaltest is the suite that every journal and every locker passes: files, SQLite, PostgreSQL.
//
// [Run] opens a journal as several processes would, appends from many at once, and changes what is kept as somebody would who
// can write it: no entry may be changed, dropped, added or moved unnoticed, the last one included. It kills processes that append
// at moments of chance: what was acknowledged stays on record. [RunLocks] has workers take locks from one another.
package journaltest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// Journal is a journal that tells its end.
type Journal interface {
	revoker.Journal
	Head(ctx context.Context) (seq int64, hash string, err error)
}

// Place is where one journal is kept.
type Place struct {
	// Name names it to a process of its own, for Options.Open.
	Name string
	// Open opens it, as one more process.
	Open func(ctx context.Context) (Journal, error)
	// Verify checks it and returns how many entries it has.
	Verify func(ctx context.Context) (int, error)
	// Lines are its lines without newlines, and SetLines puts others in their place, behind the journal's back.
	Lines    func() []string
	SetLines func([]string)
	// Head and SetHead are the same for its signed end.
	Head    func() string
	SetHead func(string)
	// Disturb does to those who append what may happen to them, and returns; nil: nothing. Appends may fail then.
	Disturb func()
}

// Options say how the suite runs.
type Options struct {
	// Fresh makes a place for a journal that does not exist yet.
	Fresh func(t testing.TB) Place
	// Open opens the journal of a name in a process of its own: one that runs the test named Child, which calls [Child].
	Open  func(ctx context.Context, name string) (Journal, error)
	Child string
}

// Run runs the suite.
func Run(t *testing.T, o Options) {
	for name, test := range map[string]func(*testing.T, Place){
		"reads back what was written": testReadsBack,
		"two processes":               testTwoProcesses,
		"many at once":                testManyAtOnce,
		"tampered":                    testTampered,
		"tampered while in use":       testTamperedInUse,
		"put back":                    testPutBack,
		"foreign head":                func(t *testing.T, p Place) { testForeignHead(t, p, o.Fresh(t)) },
		"cancelled":                   testCancelled,
		"disturbed":                   testDisturbed,
		"killed":                      func(t *testing.T, p Place) { testKilled(t, p, o) },
	} {
		t.Run(name, func(t *testing.T) { test(t, o.Fresh(t)) })
	}
}

func open(t testing.TB, p Place) Journal {
	t.Helper()
	j, err := p.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// at is when entries are written.
var at = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)

// entry is the nth entry of the tests: two keys take turns.
func entry(n int) revoker.Entry {
	return revoker.Entry{
		At: at, ID: scanner.ID(fmt.Sprint("q-", n%2)), Kind: revoker.KindVerified, Rule: "acme-token", Run: "run-1",
		Note: fmt.Sprint("number ", n), Verdict: &revoker.Verdict{Validity: revoker.Active, Facts: map[string]string{"owner": "ann"}},
	}
}

// fill appends n entries.
func fill(t testing.TB, j Journal, n int) {
	t.Helper()
	for i := range n {
		if err := j.Append(t.Context(), entry(i)); err != nil {
			t.Fatal(err)
		}
	}
}

// entries reads a key's entries, or all.
func entries(ctx context.Context, j Journal, id scanner.ID) (all []revoker.Entry, err error) {
	for e, err := range j.Entries(ctx, id) {
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
	return all, nil
}

// verified checks that n entries are on record.
func verified(t testing.TB, p Place, n int) {
	t.Helper()
	if got, err := p.Verify(t.Context()); got != n || err != nil {
		t.Errorf("verify says %d entries, %v; want %d", got, err, n)
	}
}

func testReadsBack(t *testing.T, p Place) {
	j := open(t, p)
	fill(t, j, 4)
	want := revoker.Entry{
		At: at, ID: "q-1", Kind: revoker.KindReceipt, Rule: "acme-token", Run: "run-2", Note: "a \u2028 \"b\" <c> \\ \x00 é",
		Receipt: &revoker.Receipt{State: revoker.Manual, Action: "manual", At: at, Steps: []string{"open", "revoke"}},
	}
	if err := j.Append(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	for _, j := range []Journal{j, open(t, p)} {
		got, err := entries(t.Context(), j, "q-1")
		if err != nil || len(got) != 3 {
			t.Fatalf("%d entries of the key, %v", len(got), err)
		}
		want.Seq, want.Prev, want.Hash = 5, got[2].Prev, got[2].Hash
		if d := cmp.Diff(want, got[2]); d != "" {
			t.Errorf("entry (-want +got):\n%s", d)
		}
		all, err := entries(t.Context(), j, "")
		if err != nil || len(all) != 5 || all[3].Note != "number 3" {
			t.Errorf("%d entries, %v", len(all), err)
		}
		if none, err := entries(t.Context(), j, "q-none"); len(none) > 0 || err != nil {
			t.Errorf("%d entries of a key that has none, %v", len(none), err)
		}
		if seq, hash, err := j.Head(t.Context()); seq != 5 || hash != want.Hash || err != nil {
			t.Errorf("head %d %s, %v", seq, hash, err)
		}
	}
	verified(t, p, 5)
}

func testTwoProcesses(t *testing.T, p Place) {
	both := []Journal{open(t, p), open(t, p)}
	for n := range 6 {
		if err := both[n%2].Append(t.Context(), entry(n)); err != nil {
			t.Fatal(err)
		}
		got, err := entries(t.Context(), both[1-n%2], entry(n).ID)
		if err != nil || len(got) != n/2+1 {
			t.Errorf("after %d: the other reads %d entries of the key, %v", n, len(got), err)
		}
	}
	verified(t, p, 6)
}

// testManyAtOnce has two processes append from several goroutines: each entry is there once, and they are one chain.
func testManyAtOnce(t *testing.T, p Place) {
	const workers, each = 6, 12
	both := []Journal{open(t, p), open(t, p)}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for n := range each {
				e := entry(0)
				e.Note = fmt.Sprint(w, " ", n)
				if err := both[w%2].Append(t.Context(), e); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	verified(t, p, workers*each)
	all, err := entries(t.Context(), both[0], "")
	next := map[string]int{}
	for i, e := range all {
		var w string
		var n int
		if _, scan := fmt.Sscan(e.Note, &w, &n); scan != nil || n != next[w] || e.Seq != int64(i+1) {
			t.Errorf("entry %d is number %d of worker %s, want %d", e.Seq, n, w, next[w])
		}
		next[w]++
	}
	if err != nil || len(all) != workers*each {
		t.Errorf("%d entries, %v", len(all), err)
	}
}

// forgeries are what somebody may make of the lines.
func forgeries(lines []string) map[string][]string {
	last := len(lines) - 1
	all := map[string][]string{"emptied": nil, "added again": append(slices.Clone(lines), lines[last]), "an empty line": append(slices.Clone(lines), "")}
	for n := range lines {
		all[fmt.Sprint("dropped ", n+1)] = slices.Delete(slices.Clone(lines), n, n+1)
		changed := slices.Clone(lines)
		changed[n] = strings.Replace(changed[n], "ann", "bob", 1)
		all[fmt.Sprint("changed ", n+1)] = changed
		all[fmt.Sprint("inserted ", n+1)] = slices.Insert(slices.Clone(lines), n, lines[n])
		if n > 0 {
			swapped := slices.Clone(lines)
			swapped[n-1], swapped[n] = swapped[n], swapped[n-1]
			all[fmt.Sprint("swapped ", n)] = swapped
			all[fmt.Sprint("cut off after ", n)] = lines[:n]
		}
	}
	return all
}

func testTampered(t *testing.T, p Place) {
	fill(t, open(t, p), 4)
	lines, head := p.Lines(), p.Head()
	for what, forged := range forgeries(lines) {
		p.SetLines(forged)
		refused(t, p, what)
	}
	p.SetLines(lines)
	for i := range head {
		p.SetHead(head[:i] + string(head[i]^1) + head[i+1:])
		if _, err := p.Verify(t.Context()); err == nil {
			t.Errorf("head, byte %d: verified", i)
		}
	}
	p.SetHead(head)
	verified(t, p, 4)
}

// refused complains when a journal that was changed is taken.
func refused(t *testing.T, p Place, what string) {
	t.Helper()
	_, verify := p.Verify(t.Context())
	_, open := p.Open(t.Context())
	if verify == nil || open == nil {
		t.Errorf("%s: verify says %v, open says %v", what, verify, open)
	} else if said := verify.Error(); !strings.Contains(said, "entry ") || !strings.Contains(said, "restore") {
		t.Errorf("%s: %s: names no entry, or not what to do", what, said)
	}
}

// testTamperedInUse changes lines under a process that has read them.
func testTamperedInUse(t *testing.T, p Place) {
	j := open(t, p)
	fill(t, j, 4)
	lines := p.Lines()
	for what, forged := range forgeries(lines) {
		p.SetLines(forged)
		_, read := entries(t.Context(), j, "")
		p.SetLines(lines)
		if read == nil {
			t.Errorf("%s: all were read", what)
		}
	}
	p.SetLines(lines[:3])
	if err := j.Append(t.Context(), entry(4)); err == nil {
		t.Error("an entry was appended to a journal that was cut off")
	}
	p.SetLines(lines)
	fill(t, j, 1)
	verified(t, p, 5)
}

// testPutBack puts a journal back whole to an earlier state: who has seen more of it does not go on.
func testPutBack(t *testing.T, p Place) {
	j := open(t, p)
	fill(t, j, 2)
	lines, head := p.Lines(), p.Head()
	fill(t, j, 2)
	p.SetLines(lines)
	p.SetHead(head)
	if err := j.Append(t.Context(), entry(4)); err == nil {
		t.Error("an entry was appended")
	}
	if _, err := entries(t.Context(), j, ""); err == nil {
		t.Error("it was read")
	}
}

// testForeignHead gives a journal the head of another, whose entries are the same bytes.
func testForeignHead(t *testing.T, p, other Place) {
	fill(t, open(t, p), 2)
	fill(t, open(t, other), 2)
	p.SetHead(other.Head())
	if _, err := p.Verify(t.Context()); err == nil || !strings.Contains(err.Error(), "signature is wrong") {
		t.Errorf("verify says %v", err)
	}
}

func testCancelled(t *testing.T, p Place) {
	j := open(t, p)
	fill(t, j, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Append(ctx, entry(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v", err)
	}
	if _, err := entries(ctx, j, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	fill(t, j, 1)
	verified(t, p, 2)
}

// testDisturbed appends while something goes wrong now and then: what was acknowledged is there, once and in order, and
// whatever was not is there at most once.
func testDisturbed(t *testing.T, p Place) {
	if p.Disturb == nil {
		t.Skip("nothing is known that disturbs it")
	}
	j := open(t, p)
	acknowledged := map[string]bool{}
	for n := range 60 {
		if n%7 == 3 {
			p.Disturb()
		}
		e := entry(n)
		if err := j.Append(t.Context(), e); err == nil {
			acknowledged[e.Note] = true
		}
	}
	all, err := entries(t.Context(), open(t, p), "")
	if err != nil {
		t.Fatal(err)
	}
	verified(t, p, len(all))
	for _, e := range all {
		delete(acknowledged, e.Note)
	}
	if len(acknowledged) > 0 || len(all) < 40 {
		t.Errorf("%d entries; lost %v", len(all), acknowledged)
	}
}

// childEnv names the journal to a process that is killed.
const childEnv = "QUASH_TEST_JOURNAL"

// Child appends until it is killed, in a process that [Run] started; elsewhere it skips the test.
func Child(t *testing.T, o Options) {
	name := os.Getenv(childEnv)
	if name == "" {
		t.Skip("run by the suite, as a process of its own")
	}
	j, err := o.Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		e := entry(n)
		e.Note = strings.Repeat("x", 3000)
		if err := j.Append(context.Background(), e); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("+") // acknowledged
	}
}

// testKilled kills two processes that append, again and again.
func testKilled(t *testing.T, p Place, o Options) {
	acknowledged := 0
	for round, life := 0, 100*time.Millisecond; round < 5; round++ {
		n := killTwo(t, p, o, life)
		if acknowledged += n; n == 0 && life < 10*time.Second { // a slow machine: they came to nothing
			round, life = round-1, 2*life
			continue
		}
		if n, err := p.Verify(t.Context()); err != nil || n < acknowledged {
			t.Fatalf("%d entries, %d were acknowledged: %v", n, acknowledged, err)
		}
	}
	j := open(t, p)
	before, _, err := j.Head(t.Context())
	if err != nil || before == 0 {
		t.Fatalf("%d entries, %v", before, err)
	}
	fill(t, j, 1)
	verified(t, p, int(before)+1)
	t.Logf("%d entries acknowledged by ten killed processes, %d on record", acknowledged, before)
}

// killTwo runs two processes for about a life and returns how many of their entries were acknowledged.
func killTwo(t *testing.T, p Place, o Options, life time.Duration) int {
	t.Helper()
	outs := make([]bytes.Buffer, 2)
	children := make([]*exec.Cmd, 2)
	for i := range children {
		children[i] = exec.Command(os.Args[0], "-test.run=^"+o.Child+"$")
		children[i].Env = append(os.Environ(), childEnv+"="+p.Name)
		children[i].Stdout = &outs[i]
		if err := children[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(life/2 + rand.N(life))
	n := 0
	for i, c := range children {
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // it was killed
		n += bytes.Count(outs[i].Bytes(), []byte("+"))
	}
	return n
}

// IDOf is the ID that stands in a line, for a Place that files lines by it.
func IDOf(line string) scanner.ID {
	var e struct{ ID scanner.ID }
	_ = json.Unmarshal([]byte(line), &e) // a forged line has none
	return e.ID
}
