package revoker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// start is when every test begins.
var start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// testClock tells a time that only sleeping moves.
type testClock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newClock() *testClock { return &testClock{now: start} }

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.slept = c.now.Add(d), append(c.slept, d)
	return ctx.Err()
}

// memLock is a Locker in memory, for one process.
type memLock struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

func (l *memLock) Lock(ctx context.Context, name string) (func(), error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]chan struct{}{}
	}
	if l.held[name] == nil {
		l.held[name] = make(chan struct{}, 1)
	}
	slot := l.held[name]
	l.mu.Unlock()
	select {
	case slot <- struct{}{}:
		return func() { <-slot }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// memDisk is a disk in memory.
type memDisk struct {
	mu    sync.Mutex
	files map[string][]byte
}

func newMemDisk() *memDisk { return &memDisk{files: map[string][]byte{}} }

func (d *memDisk) Read(name string, off, n int64) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	data, ok := d.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	data = data[min(off, int64(len(data))):]
	if n >= 0 {
		data = data[:min(n, int64(len(data)))]
	}
	return bytes.Clone(data), nil
}

func (d *memDisk) Append(name string, b []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[name] = append(d.files[name], b...)
	return nil
}

func (d *memDisk) Replace(name string, b []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[name] = bytes.Clone(b)
	return nil
}

// noLock is a file lock for a disk that one process uses.
func noLock(ctx context.Context) (func(), error) { return func() {}, ctx.Err() }

// openOn opens a journal on a disk.
func openOn(d disk) (*FileJournal, error) {
	return openJournal(context.Background(), filesOf("journal.jsonl"), d, noLock)
}

// issuer is a simulated issuer of one key. Its hooks may answer in its place.
type issuer struct {
	mu     sync.Mutex
	alive  bool
	facts  map[string]string
	lag    int  // how many verifies after the key's death still say active
	person int  // after a manual receipt: how many verifies until a person has revoked the key; 0: nobody does
	manual bool // a revoke is a work order

	// onVerify may replace the nth answer, onRevoke what the nth revoke does; n begins at 1.
	onVerify func(n int, v *Verdict)
	onRevoke func(n int) (act bool, r Receipt, err error)

	verifies, revokes, effective, reviews, inactives int
}

func newIssuer() *issuer {
	return &issuer{alive: true, facts: map[string]string{"organization": "Acme", "owner": "ann", "owner_id": "u1", "key_id": "k1"}}
}

func (i *issuer) Verify(_ context.Context, _ scanner.Finding) (Verdict, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.verifies++
	if i.person > 0 && i.revokes > 0 {
		if i.person--; i.person == 0 {
			i.alive = false
		}
	}
	v := Verdict{Validity: Active, Reason: "answered 200", Facts: maps.Clone(i.facts), Control: &Exchange{Status: 401}}
	if !i.alive {
		if i.lag > 0 {
			i.lag--
		} else {
			v = Verdict{Validity: Inactive, Reason: "answered 401"}
		}
	}
	if i.onVerify != nil {
		i.onVerify(i.verifies, &v)
	}
	if v.Validity == Inactive {
		i.inactives++
	}
	return v, nil
}

func (i *issuer) Revoke(_ context.Context, _ scanner.Finding, _ Verdict) (Receipt, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.revokes++
	act, r, err := !i.manual, Receipt{State: Done}, error(nil)
	if i.manual {
		r.State = Manual
	}
	if i.onRevoke != nil {
		act, r, err = i.onRevoke(i.revokes)
	}
	if act && i.alive {
		i.alive = false
		i.effective++
	}
	return r, err
}

func (i *issuer) Review(_ context.Context, _ scanner.Finding, _ Verdict, w Window) (Activity, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.reviews++
	return Activity{Window: w, BlindSpots: []string{"reads"}}, nil
}

// selfRevoke is an action without any risk.
var selfRevoke = Action{Name: "delete", Bind: "self", Reversible: true, Idempotent: true}

func (i *issuer) provider(a Action) Provider {
	return Provider{Name: "acme", Verifier: i, Revoker: i, Reviewer: i, Action: a}
}

// autoPolicy executes on the keys of Acme.
func autoPolicy() Policy {
	return Policy{
		Owners: []Authority{{Provider: "acme", Owner: "Acme"}},
		Rules:  []PolicyRule{{Mode: ModeAuto, WithoutApproval: []Risk{RiskIrreversible, RiskCollateral, RiskOperator}}},
	}
}

// found is a finding of the nth key.
func found(n int) scanner.Finding {
	return scanner.Finding{
		ID: scanner.ID(fmt.Sprintf("q-%016x", n)), Rule: "acme-token", Redacted: "acme_… 40 chars",
		At: scanner.Location{Path: "a.env", Line: 3, Time: start.Add(-24 * time.Hour)},
	}
}

// bench is a responder with all that it needs, in memory.
type bench struct {
	*Responder
	issuer *issuer
	clock  *testClock
	disk   *memDisk
}

func newBench(t *testing.T, a Action) *bench {
	t.Helper()
	b := &bench{issuer: newIssuer(), clock: newClock(), disk: newMemDisk()}
	j, err := openOn(b.disk)
	if err != nil {
		t.Fatal(err)
	}
	b.Responder = &Responder{
		Run: "run-1", Execute: true, Policy: autoPolicy(), Journal: j, Lock: &memLock{}, Clock: b.clock,
		Kill:     func(context.Context) error { return nil },
		Provider: func(string) Provider { return b.issuer.provider(a) },
	}
	return b
}

// respond responds to the first key, which must not fail.
func (b *bench) respond(t *testing.T) Outcome {
	t.Helper()
	out, err := b.Respond(t.Context(), found(1))
	if err != nil {
		t.Fatalf("Respond: %v", err)
	}
	return out
}

// kinds are the kinds of entry on record.
func (b *bench) kinds(t *testing.T) (kinds []Kind) {
	t.Helper()
	for e, err := range b.Journal.Entries(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// wantStage complains about another stage than the wanted.
func wantStage(t *testing.T, out Outcome, want Stage) {
	t.Helper()
	if out.Stage != want {
		t.Errorf("stage %q (%s), want %q", out.Stage, out.Reason, want)
	}
}

// wantRevokes complains about another number of revokes than the wanted.
func wantRevokes(t *testing.T, i *issuer, want int) {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.revokes != want {
		t.Errorf("%d revokes reached the issuer, want %d", i.revokes, want)
	}
}

// mustHave complains when the error does not say all of the words.
func mustHave(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !bytes.Contains([]byte(err.Error()), []byte(w)) {
			t.Errorf("error %v does not say %q", err, w)
		}
	}
}

// filledJournal is a real journal of n entries in a folder of its own; it returns its path.
func filledJournal(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state", "journal.jsonl")
	j, err := OpenJournal(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		e := Entry{
			At: start.Add(time.Duration(i) * time.Second), ID: found(i % 3).ID, Kind: KindVerified, Rule: "acme-token", Run: "run-1",
			Note: "answered 200 <&>", Verdict: &Verdict{Validity: Active, Facts: map[string]string{"owner": "ann", "key_id": "k1"}},
		}
		if err := j.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// errTimeout is what a provider says when no answer came.
var errTimeout = errors.New("no answer within 15s")

// has says whether one of the kinds is on record.
func has(kinds []Kind, k Kind) bool { return slices.Contains(kinds, k) }
