package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
	"github.com/spf13/cobra"
)

const rotateLong = `Rotate walks the order of Agiled's guide: create the replacement, update the system,
test it, revoke the old key, watch it die.

Create the replacement at the issuer and update the system first. Then give rotate, on
standard input, the new key on the first line and the old one on the second:

  1  the new key is asked for at its issuer; nothing goes on unless it is live
  2  it is entered with the old one's name, owner and place
  3  the old key is answered as quash revoke does: planned, or with --execute and a
     policy revoked and watched until it is dead; then it is marked retired`

func newKeysRotate(g *globals) *cobra.Command {
	var a answerFlags
	var out outputFlags
	cmd := &cobra.Command{Use: "rotate ID", Short: "replace a key of the inventory", Long: rotateLong, Args: oneID}
	a.flags(cmd.Flags())
	out.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return g.rotate(cmd, scanner.ID(args[0]), &a, &out) }
	return cmd
}

func (g *globals) rotate(cmd *cobra.Command, id scanner.ID, a *answerFlags, out *outputFlags) error {
	ctx := cmd.Context()
	r, err := g.prepare(cmd, &scanFlags{})
	if err != nil {
		return err
	}
	o, err := a.order(r.config)
	if err != nil {
		return err
	}
	record, err := g.keyRecord(ctx, id)
	if err != nil {
		return err
	}
	fresh, old, err := r.twoKeys(record)
	if err != nil {
		return err
	}
	if err := r.startKey(ctx, old, out); err != nil {
		return err
	}
	if err := r.replace(ctx, record, fresh); err != nil {
		return r.finish(ctx, err)
	}
	err = r.answer(ctx, r.about(o), nil)
	return r.finish(ctx, errors.Join(err, r.retire(ctx, id)))
}

// keyRecord is the inventory's entry of a key.
func (g *globals) keyRecord(ctx context.Context, id scanner.ID) (k store.KeyRecord, err error) {
	err = g.inStore(ctx, func(s *store.Store) error {
		k, err = s.KeyRecord(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("%s: not in the inventory; quash keys list shows it, quash keys add enters a key", id)
		}
		return err
	})
	return k, err
}

// twoKeys reads the new key and the old one, whose entry is given, from standard input.
func (r *run) twoKeys(record store.KeyRecord) (fresh, old scanner.Finding, err error) {
	data, err := r.g.keyInput()
	if err != nil {
		return fresh, old, err
	}
	first, second, ok := bytes.Cut(data, []byte("\n"))
	rule, known := r.set.Rule(record.Rule)
	switch {
	case !ok:
		return fresh, old, usage(errors.New("read keys from standard input: two lines wanted, the new key and the old one"))
	case !known:
		return fresh, old, usage(fmt.Errorf("rule %s of %s is not loaded; name its file with --rules", record.Rule, record.ID))
	}
	if fresh, err = r.finding(rule, [][]byte{first}, nil); err != nil {
		return fresh, old, err
	}
	if old, err = r.finding(rule, [][]byte{second}, nil); err != nil {
		return fresh, old, err
	}
	switch {
	case old.ID != record.ID:
		return fresh, old, usage(fmt.Errorf("the second key on standard input is %s, not %s; give the new key first and the old one second", old.ID, record.ID))
	case fresh.ID == old.ID:
		return fresh, old, usage(errors.New("the new key is the old one; create a new one at the issuer first"))
	}
	return fresh, old, nil
}

// replace tests the new key and enters it in the old one's place.
func (r *run) replace(ctx context.Context, old store.KeyRecord, fresh scanner.Finding) error {
	rule, _ := r.set.Rule(old.Rule) // twoKeys found it
	p := r.desk.Provider(rule.ID)
	if p.Verifier == nil {
		return usage(fmt.Errorf("nothing can test a key of rule %s; configure its provider", rule.ID))
	}
	v, err := p.Verifier.Verify(ctx, fresh)
	if err != nil {
		return usage(err)
	}
	if v.Validity != revoker.Active {
		return usage(fmt.Errorf("the new key is %s (%s), so the old one is left alone; create one that works first", v.Validity, v.Reason))
	}
	r.g.note("the new key %s is live; the old one is answered next", fresh.ID)
	if _, err := r.desk.Store.KeyRecord(ctx, fresh.ID); err == nil {
		return nil // entered by hand, or by an earlier walk
	}
	next := old
	next.ID, next.Created, next.LastUsed = fresh.ID, r.started.UTC(), r.started.UTC()
	next.Expires, next.RotateBy = lifeOf(rule.Provider, next.Created)
	next.ReplacedBy, next.Retired = "", time.Time{}
	old.ReplacedBy = fresh.ID
	return usage(errors.Join(r.desk.Store.PutKeyRecord(ctx, next), r.desk.Store.PutKeyRecord(ctx, old)))
}

// retire marks a key that was proven dead.
func (r *run) retire(ctx context.Context, id scanner.ID) error {
	for _, o := range r.outcomes {
		dead := o.Stage == revoker.StageConfirmed || o.Stage == revoker.StageReviewed || o.Stage == revoker.StageDead
		if o.ID != id || !dead {
			continue
		}
		ctx := context.WithoutCancel(ctx)
		k, err := r.desk.Store.KeyRecord(ctx, id)
		if err != nil {
			return usage(err)
		}
		k.Retired = r.g.env.Now().UTC()
		return usage(r.desk.Store.PutKeyRecord(ctx, k))
	}
	return nil
}
