package desk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
)

// lookAgain is how long an answer waits for a person, an hour of the day or a cap, before it looks again.
const lookAgain = 5 * time.Minute

// Clerk answers keys one by one, as they come in, for a service that nobody sits at. What waits for a person is written to a plan
// for each key, in the folder plans of the state directory, or in the store where that is shared; an approved one is carried out when
// the key is answered again. It is safe for concurrent use.
type Clerk struct {
	Desk *Desk
	// Order says what may be done. Its Plan, Exposed and Exposure are found out for each key; an Exposure that is there counts.
	Order Order
	// By asks for the plans.
	By string

	mu sync.Mutex
	// settled is the number of the entry up to which no approval waits to be carried out.
	settled int64
}

// Approved returns the keys whose last entry in the journal is an approval: they may be answered again at once.
func (c *Clerk) Approved(ctx context.Context) (ids []scanner.ID, err error) {
	if !c.Order.Execute {
		return nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	seq, _, err := c.Desk.Journal.Head(ctx)
	if err != nil || seq == c.settled {
		return nil, err
	}
	approved := map[scanner.ID]bool{}
	for e, err := range c.Desk.Journal.Entries(ctx, "") {
		if err != nil {
			return nil, err
		}
		approved[e.ID] = e.Kind == revoker.KindApproved
	}
	for id, yes := range approved {
		if yes {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		c.settled = seq
	}
	return ids, nil
}

// Answer brings a key of the run as far as policy and issuer allow. exposure is who could read its place. It may be called again at
// any time; RetryAfter of the outcome says when something may have changed.
func (c *Clerk) Answer(ctx context.Context, run string, f scanner.Finding, exposure revoker.Exposure) (revoker.Outcome, error) {
	places, err := c.places(ctx, f)
	if err != nil {
		return revoker.Outcome{}, err
	}
	o, waiting := c.Order, c.waiting(ctx, f.ID)
	o.Exposed = func(scanner.ID) time.Time { return FirstExposed(places) }
	if o.Exposure == nil {
		o.Exposure = func(scanner.ID) revoker.Exposure { return exposure }
	}
	if o.Execute {
		o.Plan = waiting
	}
	out, err := c.Desk.Responder(o, run).Respond(ctx, f)
	k := Case{f, places, out}
	if err != nil || !k.Waits() {
		return out, err
	}
	if o.Execute && slices.Contains([]string{revoker.NeedsApproval, revoker.NeedsHour, revoker.NeedsCap}, out.Decision.Needs) {
		out.RetryAfter = lookAgain
	}
	if waiting != nil {
		return out, nil
	}
	return out, c.plan(ctx, o, k)
}

// places are all that are known of a key.
func (c *Clerk) places(ctx context.Context, f scanner.Finding) ([]scanner.Location, error) {
	known, err := c.Desk.Store.Key(ctx, f.ID)
	if errors.Is(err, store.ErrNotFound) {
		return []scanner.Location{f.At}, nil
	}
	var all []scanner.Location
	for _, p := range known.Places {
		all = append(all, p.At)
	}
	return all, err
}

func (c *Clerk) planPath(id scanner.ID) string {
	return filepath.Join(c.Desk.Dir, "plans", string(id)+".json")
}

// waiting is the plan of a key that may still be approved and carried out; nil: there is none.
func (c *Clerk) waiting(ctx context.Context, id scanner.ID) *revoker.Plan {
	read := func() (revoker.Plan, error) { return ReadPlan(c.planPath(id)) }
	if c.Desk.Store.Shared() {
		read = func() (revoker.Plan, error) { return c.Desk.Store.PlanOf(ctx, id) }
	}
	p, err := read()
	if err != nil || p.Check(c.Desk.world.Clock.Now()) != nil {
		return nil
	}
	return &p
}

// plan writes the plan of a key.
func (c *Clerk) plan(ctx context.Context, o Order, k Case) error {
	p, ok, err := c.Desk.Plan(ctx, o, c.By, []Case{k})
	if err != nil || !ok {
		return err
	}
	path := "in the store"
	if !c.Desk.Store.Shared() {
		path = c.planPath(k.Finding.ID)
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = WritePlan(path, p)
		}
		if err != nil {
			return fmt.Errorf("%w; make the state directory writable", err)
		}
	}
	c.Desk.world.Log.Warn().Str("id", string(k.Finding.ID)).Str("plan", path).Str("needs", k.Outcome.Decision.Needs).Msg("plan waits")
	return c.Desk.Store.PutPlan(context.WithoutCancel(ctx), p)
}
