package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
	"github.com/riverqueue/river"
)

// repository is a repository as mirrors know it.
func (r *Runner) repository(of Repository) forge.Repository {
	return forge.Repository{Name: of.Name, URL: r.CloneURL(of.Name)}
}

// fetch brings the mirror up to date and lets go of it: what is read from now on are objects, which do not change.
func (r *Runner) fetch(ctx context.Context, of Repository) (dir string, refs forge.Refs, err error) {
	repo := r.repository(of)
	remote, err := r.Mirrors.Remote(ctx, repo)
	if err != nil {
		return "", refs, fmt.Errorf("list references of %s: %w", of.Name, err)
	}
	m, err := r.Mirrors.Update(ctx, repo, remote)
	if err != nil {
		return "", refs, fmt.Errorf("fetch %s: %w", of.Name, err)
	}
	return m.Dir, m.Refs, m.Close()
}

// state is how far a repository was scanned under the rules of today; false when it never was.
func (r *Runner) state(ctx context.Context, of Repository) (store.ScanState, bool, error) {
	s, err := r.Store.ScanState(ctx, r.CloneURL(of.Name))
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && s.Rules != r.Rules:
		return store.ScanState{}, false, nil
	case err != nil:
		return s, false, err
	}
	return s, true, nil
}

// push works a job.
func (r *Runner) push(ctx context.Context, job *river.Job[Push]) error {
	p := job.Args
	began := r.Clock.Now()
	dir, refs, err := r.fetch(ctx, p.Repository)
	if err != nil {
		return r.failed(ctx, job, err)
	}
	state, known, err := r.state(ctx, p.Repository)
	if err != nil {
		return err
	}
	if err := r.fetchDropped(ctx, p.Repository, dir, p.wanted()...); err != nil {
		return r.failed(ctx, job, err)
	}
	span := p.span(state, known, refs)
	found, err := r.scan(ctx, p.Repository, dir, span)
	if strings.HasPrefix(p.Ref, "refs/heads/") {
		found.head = p.After
	}
	if err == nil {
		err = r.record(ctx, p.Repository, p.run(), found, began)
	}
	if err != nil {
		return r.failed(ctx, job, err)
	}
	if known {
		err = r.advance(ctx, p, state, began)
	} else {
		err = r.Reconcile(ctx, p.Repository) // reads what this push left out, and writes the first state
	}
	return errors.Join(err, r.checkRun(ctx, p, found), r.outcome(ctx, p.Delivery, found.outcome()))
}

// failed notes in the delivery that the job will not be tried again, so that a redelivery is not taken for a replay.
func (r *Runner) failed(ctx context.Context, job *river.Job[Push], err error) error {
	if job.Attempt < job.MaxAttempts {
		return err
	}
	return errors.Join(err, r.outcome(ctx, job.Args.Delivery, OutcomeFailed))
}

// OutcomeFailed is the outcome of a delivery whose job was set aside.
const OutcomeFailed = "failed"

func (r *Runner) outcome(ctx context.Context, delivery, what string) error {
	if delivery == "" {
		return nil
	}
	err := r.Store.SetOutcome(ctx, delivery, what)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// run names the scan: the caps of a policy count by it.
func (p Push) run() string {
	return "push " + p.Name + " " + p.Ref + " " + short(p.Before) + ".." + short(p.After)
}

func short(id string) string { return id[:min(len(id), 12)] }

// span is what a scan reads: the commits below include and not below exclude. judge is the commit whose lists of allowed keys
// count.
type span struct {
	include, exclude []string
	judge            string
}

// wanted are the commits that the push is scanned from.
func (p Push) wanted() []string {
	var all []string
	if p.After != "" {
		all = append(all, p.After)
	}
	if p.Before != "" && (p.Forced || p.After == "") {
		all = append(all, p.Before)
	}
	return all
}

// span is what has to be read for the push.
func (p Push) span(state store.ScanState, known bool, refs forge.Refs) span {
	s := span{include: p.wanted(), judge: cmp.Or(p.After, refs.Tips[refs.Head])}
	switch {
	case known:
		s.exclude = slices.Sorted(maps.Values(state.Tips))
	case p.Before == "": // a new branch
		for name, id := range refs.Tips {
			if name != p.Ref && id != p.After {
				s.exclude = append(s.exclude, id)
			}
		}
	case !p.Forced && p.After != "":
		s.exclude = []string{p.Before}
	}
	return s
}

// advance notes that everything below the new tip was scanned.
func (r *Runner) advance(ctx context.Context, p Push, state store.ScanState, began time.Time) error {
	if state.Tips == nil {
		state.Tips = map[string]string{}
	}
	delete(state.Tips, p.Ref)
	if p.After != "" {
		state.Tips[p.Ref] = p.After
	}
	state.At = began
	return r.Store.PutScanState(ctx, state)
}

// found is what a scan found.
type found struct {
	findings []scanner.Finding
	// allowed are what the repository lets stand.
	allowed []scanner.Finding
	stats   scanner.Stats
	// head is the commit of a branch that the forge is told about; empty: none.
	head string
}

// outcome is the outcome of the delivery.
func (f found) outcome() string {
	if !f.stats.Complete() {
		return "scanned, incomplete"
	}
	return "scanned"
}

// keys are the findings, each key once, at its first place.
func (f found) keys() []scanner.Finding { return once(f.findings, map[scanner.ID]bool{}) }

// once are findings of keys that were not seen, each key once.
func once(found []scanner.Finding, seen map[scanner.ID]bool) []scanner.Finding {
	var all []scanner.Finding
	for _, x := range found {
		if !seen[x.ID] {
			seen[x.ID] = true
			all = append(all, x)
		}
	}
	return all
}

// scan reads a span of a mirror.
func (r *Runner) scan(ctx context.Context, of Repository, dir string, s span) (found, error) {
	var f found
	src, err := OpenChanges(dir, of.Name, s.include, s.exclude)
	if err != nil {
		return f, err
	}
	f.stats, err = r.Scanner.Scan(ctx, src, scanner.SinkFunc(func(_ context.Context, x scanner.Finding) error {
		f.findings = append(f.findings, r.Found(x))
		return nil
	}))
	r.sift(of, dir, s.judge, &f)
	r.Log.Info().Str("repository", of.Name).Int("commits", src.commits).Int("blobs", src.blobs).Int64("bytes", f.stats.Bytes).
		Int("findings", len(f.findings)).Int("allowed", len(f.allowed)).Int("gaps", len(f.stats.Gaps)).Msg("scanned")
	for _, g := range f.stats.Gaps {
		r.Log.Warn().Str("repository", of.Name).Str("what", r.Clean(g.What)).Str("why", r.Clean(g.Why)).Msg("not seen")
	}
	return f, err
}

// record writes down what was found, and asks for the answers. Once it has, the scan need not be done again.
func (r *Runner) record(ctx context.Context, of Repository, run string, f found, at time.Time) error {
	if len(f.findings) > 0 {
		if err := r.Store.PutFindings(ctx, r.CloneURL(of.Name), at, f.findings); err != nil {
			return err
		}
	}
	for _, x := range f.questions() {
		key := Key{
			ID: x.ID, Rule: x.Rule, Run: run, Repository: of, Commit: x.At.Commit, Blob: x.At.Blob, Path: x.At.Path, Allowed: x.Allowed, Head: f.head,
		}
		if _, err := r.queue.insert(ctx, nil, key); err != nil {
			return err
		}
	}
	return nil
}

// reconcile works a job. It never ends by itself: it sleeps, until its time or until a push wakes it.
func (r *Runner) reconcile(ctx context.Context, job *river.Job[Reconcile]) error {
	of, began := job.Args.Repository, r.Clock.Now()
	dir, refs, err := r.fetch(ctx, of)
	if err != nil {
		return err
	}
	state, known, err := r.state(ctx, of)
	if err != nil {
		return err
	}
	if known && maps.Equal(state.Tips, refs.Tips) {
		return river.JobSnooze(r.Every)
	}
	var s span
	if known {
		s.exclude = slices.Sorted(maps.Values(state.Tips))
	}
	for name, id := range refs.Tips {
		if state.Tips[name] != id {
			s.include = append(s.include, id)
		}
	}
	slices.Sort(s.include)
	s.judge = refs.Tips[refs.Head]
	r.Log.Info().Str("repository", of.Name).Int("refs", len(s.include)).Bool("known", known).Msg("reconcile")
	f, err := r.scan(ctx, of, dir, s)
	if err == nil {
		err = r.record(ctx, of, "reconcile "+of.Name+" "+began.UTC().Format(time.RFC3339), f, began)
	}
	if err != nil {
		return err
	}
	if !f.stats.Complete() {
		return fmt.Errorf("reconcile %s: %d things could not be read: %s", of.Name, len(f.stats.Gaps), f.stats.Gaps[0].Error())
	}
	state = store.ScanState{Repository: r.CloneURL(of.Name), Rules: r.Rules, At: began, Tips: refs.Tips}
	if err := r.Store.PutScanState(ctx, state); err != nil {
		return err
	}
	return river.JobSnooze(r.Every)
}

const (
	// maxNotes is how many places the forge is told of one commit; nobody reads more, and they stand in the job's row.
	maxNotes = 500
	// maxGaps is how many things that were not seen it is told.
	maxGaps = 50
)

// checkRun asks for the forge to be told about the new tip of a branch.
func (r *Runner) checkRun(ctx context.Context, p Push, f found) error {
	if r.Forge == nil || p.After == "" || !strings.HasPrefix(p.Ref, "refs/heads/") {
		return nil
	}
	c := Check{Repository: p.Repository, Head: p.After, Keys: len(f.keys()), Complete: f.stats.Complete()}
	for _, g := range f.stats.Gaps {
		c.Gaps = append(c.Gaps, r.Clean(g.Error()))
	}
	c.Gaps = c.Gaps[:min(len(c.Gaps), maxGaps)]
	c.Left = max(len(f.findings)-maxNotes, 0)
	for _, x := range f.findings[:min(len(f.findings), maxNotes)] {
		c.Notes = append(c.Notes, note(x))
	}
	_, err := r.queue.insert(ctx, nil, c)
	return err
}

// note is a place as the forge shows it.
func note(x scanner.Finding) Note {
	return Note{
		Path: x.At.Path, Line: x.At.Line, ID: string(x.ID), Title: x.Rule,
		Text: fmt.Sprintf("%s: %s (%s confidence), brought in by %s", x.ID, x.Redacted, x.Confidence, short(x.At.Commit)),
	}
}
