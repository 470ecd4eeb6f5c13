package revoker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// crash is what a simulated process dies of.
type crash struct{ where string }

// errFault is what a simulated disk fails with.
var errFault = errors.New("input/output error")

// kept is a journal as it outlives processes.
type kept interface {
	// open opens it for a process of the world, which may die and fail meanwhile.
	open(w *world) (Journal, error)
	// lines are its lines with their newlines; what a crash left of one may be among them.
	lines() []byte
	verify() (int, error)
}

// onDisk is a journal in files.
type onDisk struct{ disk }

func (d onDisk) open(w *world) (Journal, error) { return openOn(faultyDisk{d.disk, w}) }

func (d onDisk) lines() []byte {
	data, _ := d.Read("journal.jsonl", 0, -1) // there is none before it was made
	return data
}

func (d onDisk) verify() (int, error) { return verifyJournal(filesOf("journal.jsonl"), d.disk) }

// world is one seeded run: a key, its issuer, a journal that outlives processes, and what goes wrong. It is used by one
// goroutine.
type world struct {
	seed   uint64
	rng    *rand.Rand
	faults int // how many things may still go wrong
	kept   kept
	issuer *issuer
	clock  *testClock
	action Action
	policy Policy

	execute, foreign, flips, deadFirst bool
	problems                           []string
}

// chance is true with probability p while something may still go wrong, which it uses up.
func (w *world) chance(p float64) bool {
	if w.faults == 0 || w.rng.Float64() >= p {
		return false
	}
	w.faults--
	return true
}

// die may end the process.
func (w *world) die(where string) {
	if w.chance(0.04) {
		panic(crash{where})
	}
}

// wrong notes a broken property.
func (w *world) wrong(format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

func newWorld(seed uint64, k kept) *world {
	w := &world{seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), kept: k, issuer: newIssuer(), clock: newClock(), policy: autoPolicy(), execute: true}
	w.faults = w.rng.IntN(7)
	w.action = Action{Name: "delete", Bind: "self", Reversible: true, Idempotent: w.rng.IntN(2) == 0}
	w.issuer.lag = max(0, w.rng.IntN(8)-3)
	switch w.rng.IntN(12) {
	case 0:
		w.policy.Rules[0].Mode = ModeApprove
	case 1:
		w.execute = false
	case 2:
		w.policy = Policy{}
	case 3:
		w.foreign = true
		w.issuer.facts["organization"] = "Other"
	case 4:
		w.issuer.alive, w.deadFirst, w.issuer.lag = false, true, 0
	case 5:
		w.flips = true
	case 6:
		w.issuer.manual, w.issuer.person, w.action = true, 1+w.rng.IntN(6), Action{Name: "manual"}
	}
	w.issuer.onVerify, w.issuer.onRevoke = w.answer, w.obey
	return w
}

// answer is what the issuer says of the key, when it says it clearly.
func (w *world) answer(_ int, v *Verdict) {
	switch {
	case w.chance(0.05):
		*v = Verdict{Validity: Unknown, Reason: "answered 503"}
	case w.chance(0.01): // a person revokes it
		w.issuer.alive = false
	case w.flips && v.Validity == Active && w.rng.IntN(4) == 0:
		v.Facts["organization"] = "Other"
	}
}

// obey is what a revoke does. The entry before it on the disk must be its intent.
func (w *world) obey(int) (act bool, r Receipt, err error) {
	if last := w.entries(); len(last) == 0 || last[len(last)-1].Kind != KindIntent {
		w.wrong("a revoke without a durable intent")
	}
	if w.chance(0.1) {
		return false, Receipt{}, errTimeout
	}
	r.State = []State{Requested, Done}[w.rng.IntN(2)]
	switch {
	case w.issuer.manual:
		return false, Receipt{State: Manual}, nil
	case w.chance(0.2):
		return true, Receipt{}, errTimeout
	case w.chance(0.05):
		return true, Receipt{State: "odd"}, nil
	case w.chance(0.05):
		w.issuer.revokes-- // it never got there
		return false, Receipt{}, &Refusal{Why: "not proven to be this key"}
	}
	return true, r, nil
}

// entries are those on record, a torn one left out.
func (w *world) entries() (list []Entry) {
	for line := range bytes.Lines(w.kept.lines()) {
		if e, err := decodeEntry(bytes.TrimSuffix(line, []byte("\n"))); err == nil {
			list = append(list, e)
		}
	}
	return list
}

// Verify, Revoke and Review are the issuer's, behind a process that may die before and after each.
func (w *world) Verify(ctx context.Context, f scanner.Finding) (Verdict, error) {
	w.die("before verify")
	v, err := w.issuer.Verify(ctx, f)
	w.die("after verify")
	return v, err
}

func (w *world) Revoke(ctx context.Context, f scanner.Finding, v Verdict) (Receipt, error) {
	w.die("before revoke")
	r, err := w.issuer.Revoke(ctx, f, v)
	if w.issuer.effective > 0 && w.chance(0.15) {
		panic(crash{"after revoke"})
	}
	w.die("after revoke")
	return r, err
}

func (w *world) Review(ctx context.Context, f scanner.Finding, v Verdict, win Window) (Activity, error) {
	w.die("before review")
	if w.chance(0.1) {
		return Activity{}, errTimeout
	}
	a, err := w.issuer.Review(ctx, f, v, win)
	w.die("after review")
	return a, err
}

// faultyDisk is a disk that fails and on which processes die.
type faultyDisk struct {
	disk
	w *world
}

func (d faultyDisk) Read(name string, off, n int64) ([]byte, error) {
	if d.w.chance(0.003) {
		return nil, errFault
	}
	return d.disk.Read(name, off, n)
}

func (d faultyDisk) Append(name string, b []byte) error {
	d.w.die("before append")
	d.w.written(b)
	if d.w.chance(0.02) {
		return errFault
	}
	if d.w.chance(0.06) { // torn
		if err := d.disk.Append(name, b[:d.w.rng.IntN(len(b))]); err != nil {
			return err
		}
		if d.w.rng.IntN(2) == 0 {
			return errFault
		}
		panic(crash{"within append"})
	}
	if err := d.disk.Append(name, b); err != nil {
		return err
	}
	if d.w.chance(0.02) {
		return errFault
	}
	d.w.die("after append")
	return nil
}

// written checks an entry that is about to be written.
func (w *world) written(line []byte) {
	e, err := decodeEntry(line[:len(line)-1])
	if err == nil && e.Kind == KindConfirmed && w.issuer.inactives == 0 {
		w.wrong("confirmed before the issuer said inactive")
	}
}

func (d faultyDisk) Replace(name string, b []byte) error {
	if d.w.chance(0.02) {
		return errFault
	}
	if d.w.chance(0.02) {
		panic(crash{"before replace"})
	}
	if err := d.disk.Replace(name, b); err != nil {
		return err
	}
	if d.w.chance(0.02) {
		panic(crash{"after replace"})
	}
	if d.w.chance(0.01) {
		return errFault
	}
	return nil
}

// process is one life of the program: it opens the journal, responds and ends, one way or another.
func (w *world) process() (out Outcome, err error, died bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, ours := p.(crash); !ours {
				panic(p)
			}
			died = true
		}
	}()
	j, err := w.kept.open(w)
	if err != nil {
		return out, err, false
	}
	r := &Responder{
		Run: "run-1", Execute: w.execute, Policy: w.policy, Journal: j, Lock: &memLock{}, Clock: w.clock,
		Kill: func(context.Context) error {
			if w.chance(0.01) {
				return errFault
			}
			return nil
		},
		Provider: func(string) Provider {
			return Provider{Name: "acme", Verifier: w, Revoker: w, Reviewer: w, Action: w.action}
		},
	}
	out, err = r.Respond(context.Background(), found(1))
	w.clock.now = w.clock.now.Add(2 * time.Second)
	return out, err, false
}

// live runs processes, first while things go wrong, then without, until nothing changes any more. It returns the last outcome.
func (w *world) live() Outcome {
	for ends := 0; w.faults > 0 && ends < 2; {
		if out, err, died := w.process(); !died && err == nil {
			w.check(out)
			ends++
		}
	}
	w.faults = 0
	var last Outcome
	for range 10 {
		out, err, died := w.process()
		if died || err != nil {
			w.wrong("nothing went wrong, but: %v", err)
			return last
		}
		w.check(out)
		if out.Stage == last.Stage || out.Stage == StageReviewed {
			return out
		}
		last = out
	}
	w.wrong("no end: stage %s, %s", last.Stage, last.Reason)
	return last
}

// check looks at an outcome.
func (w *world) check(out Outcome) {
	done := out.Stage == StageConfirmed || out.Stage == StageReviewed
	switch {
	case done && w.issuer.alive:
		w.wrong("stage %s and the key lives", out.Stage)
	case done && out.Confirmed.Before(start):
		w.wrong("stage %s without a time", out.Stage)
	case done && out.Live():
		w.wrong("stage %s counts as live", out.Stage)
	}
}

// settle checks what must hold at the end.
func (w *world) settle(out Outcome) {
	i := w.issuer
	if i.effective > 1 {
		w.wrong("the key was revoked %d times", i.effective)
	}
	if !w.action.Idempotent && i.revokes > 1 {
		w.wrong("a call that is not idempotent was made %d times", i.revokes)
	}
	dry := !w.execute || w.foreign || len(w.policy.Rules) == 0 || w.policy.Rules[0].Mode != ModeAuto
	if (dry || w.deadFirst) && i.revokes > 0 {
		w.wrong("%d revokes in a dry run, of a foreign key or of a dead one", i.revokes)
	}
	switch {
	case out.Stage == StageReviewed, out.Stage == StageDead:
		if i.alive {
			w.wrong("stage %s and the key lives", out.Stage)
		}
	case dry && (out.Stage == StagePlanned || out.Stage == StageLeft):
	case w.flips && out.Stage == StageLeft:
	case !w.action.Idempotent && out.Stage == StageFailed:
	case !w.action.Idempotent && i.manual && out.Stage == StagePending:
	default:
		w.wrong("ended at stage %s: %s", out.Stage, out.Reason)
	}
	if out.Stage == StageDead && i.effective > 0 {
		w.wrong("our revoke is called dead on arrival")
	}
	if n, err := w.kept.verify(); err != nil || n == 0 {
		w.wrong("journal of %d entries: %v", n, err)
	}
	w.order()
}

// order checks the entries: each confirmed follows an intent and an inactive answer, each receipt an intent.
func (w *world) order() {
	var intent, inactive bool
	for _, e := range w.entries() {
		switch e.Kind {
		case KindIntent:
			intent, inactive = true, false
		case KindVerified, KindLook:
			inactive = e.Verdict.Validity == Inactive
		case KindReceipt, KindConfirmed:
			if !intent || e.Kind == KindConfirmed && !inactive {
				w.wrong("entry %d, %s, has no ground", e.Seq, e.Kind)
			}
		}
	}
}

// runWorld is one seeded run. It returns the broken properties.
func runWorld(seed uint64, k kept) []string {
	w := newWorld(seed, k)
	w.settle(w.live())
	return w.problems
}

// runSeeds runs many seeds on all processors and complains about the first few that break a property.
func runSeeds(t *testing.T, seeds uint64, k func(seed uint64) kept) {
	t.Helper()
	from, until := uint64(0), seeds
	if one, err := strconv.ParseUint(os.Getenv("QUASH_TEST_SEED"), 10, 64); err == nil {
		from, until = one, one+1
	}
	var next atomic.Uint64
	var bad atomic.Int64
	next.Store(from)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for seed := next.Add(1) - 1; seed < until && bad.Load() < 5; seed = next.Add(1) - 1 {
				if problems := runWorld(seed, k(seed)); len(problems) > 0 {
					bad.Add(1)
					t.Errorf("seed %d (run it alone with QUASH_TEST_SEED=%d):\n%q", seed, seed, problems)
				}
			}
		})
	}
	all.Wait()
}

func TestG11CrashAnywhere(t *testing.T) {
	t.Parallel()
	runSeeds(t, seededRuns, func(uint64) kept { return onDisk{newMemDisk()} })
}

func TestG11CrashAnywhereOnFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	runSeeds(t, seededRuns/50, func(seed uint64) kept {
		d := dirDisk(fmt.Sprintf("%s/%d", dir, seed))
		if err := os.Mkdir(string(d), 0o700); err != nil {
			t.Error(err)
		}
		return onDisk{d}
	})
}
