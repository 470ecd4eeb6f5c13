package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
	"github.com/spf13/cobra"
)

const keysLong = `Keys is the inventory of your own keys, known by finding ID and never by value. It
gives a work order its key's name and a report its owner, and keys audit lists what is
unnamed, ownerless, overdue, unused or wider than it needs to be.

Names follow Agiled's guide: integration - environment - owner, for instance
"Warehouse sync - production - Ops".`

func newKeys(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use: "keys", Short: "the inventory of your own keys", Long: keysLong, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newKeysAdd(g), newKeysList(g), newKeysAudit(g), newKeysRotate(g))
	return cmd
}

// agiledKeyLife is how long an Agiled key lives (agiled-docs, developers/api-keys, "Key Expiration").
const agiledKeyLife = 90 * 24 * time.Hour

// recordFlags are the fields of an inventory entry.
type recordFlags struct {
	record                               store.KeyRecord
	created, expires, rotateBy, lastUsed string
}

func (f *recordFlags) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.record.Integration, "integration", "", "what uses the key")
	fs.StringVar(&f.record.Environment, "environment", "", "production, staging …")
	fs.StringVar(&f.record.Owner, "owner", "", "who answers for it")
	fs.StringVar(&f.record.Name, "name", "", "its name at the issuer (default: integration - environment - owner)")
	fs.StringVar(&f.record.Preset, "preset", "", "its abilities: read-only or full")
	fs.StringVar(&f.record.Purpose, "purpose", "", "what it is for: reporting, sync …")
	fs.StringVar(&f.record.StoredAt, "stored-at", "", "the secret manager entry that holds it")
	fs.StringVar(&f.created, "created", "", "when it was made (default: now)")
	fs.StringVar(&f.expires, "expires", "", "when it expires (default for Agiled: 90 days after created)")
	fs.StringVar(&f.rotateBy, "rotate-by", "", "when it is to be rotated (default: 14 days before it expires)")
	fs.StringVar(&f.lastUsed, "last-used", "", "when it was last used, as far as known")
}

// fill completes the entry.
func (f *recordFlags) fill(provider string, now time.Time) error {
	k := &f.record
	for _, t := range []struct {
		flag, text string
		into       *time.Time
	}{{"created", f.created, &k.Created}, {"expires", f.expires, &k.Expires}, {"rotate-by", f.rotateBy, &k.RotateBy}, {"last-used", f.lastUsed, &k.LastUsed}} {
		var err error
		if *t.into, err = parseTime(t.text); err != nil {
			return fmt.Errorf("--%s: %w", t.flag, err)
		}
	}
	if k.Name == "" && k.Integration != "" && k.Environment != "" && k.Owner != "" {
		k.Name = k.Integration + " - " + k.Environment + " - " + k.Owner
	}
	if k.Created.IsZero() {
		k.Created = now.UTC().Truncate(time.Second)
	}
	if k.Expires.IsZero() && provider == "agiled" {
		k.Expires = k.Created.Add(agiledKeyLife)
	}
	if k.RotateBy.IsZero() && !k.Expires.IsZero() {
		k.RotateBy = k.Expires.AddDate(0, 0, -14)
	}
	return nil
}

func newKeysAdd(g *globals) *cobra.Command {
	var o oneKey
	var f recordFlags
	cmd := &cobra.Command{
		Use: "add --rule ID < key", Short: "enter a key, read from standard input, under its finding ID", Args: cobra.NoArgs,
	}
	o.flags(cmd)
	f.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := g.load()
		if err != nil {
			return err
		}
		set, err := g.ruleSet(c)
		if err != nil {
			return err
		}
		found, err := o.read(g, c, set)
		if err != nil {
			return usage(err)
		}
		rule, _ := set.Rule(found.Rule) // read found it
		f.record.ID, f.record.Rule = found.ID, found.Rule
		if err := f.fill(rule.Provider, g.env.Now()); err != nil {
			return usage(err)
		}
		return g.inStore(cmd.Context(), func(s *store.Store) error {
			if err := s.PutKeyRecord(cmd.Context(), f.record); err != nil {
				return err
			}
			_, err := fmt.Fprintf(g.env.Stdout, "%s  %s  entered\n", found.ID, f.record.Name)
			return errors.Join(err, g.printPoints([]store.KeyRecord{f.record}))
		})
	}
	return cmd
}

// inStore opens the store of the configuration, does something, and closes it.
func (g *globals) inStore(ctx context.Context, do func(*store.Store) error) error {
	c, err := g.load()
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, filepath.Join(c.StateDir(g.state, g.env.getenv), "quash.db"))
	if err != nil {
		return usage(err)
	}
	return usage(errors.Join(do(s), s.Close()))
}

func newKeysList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "list the inventory", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.inStore(cmd.Context(), func(s *store.Store) error {
				all, err := s.KeyRecords(cmd.Context())
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(g.env.Stdout, 0, 0, 2, ' ', 0)
				_, err = fmt.Fprintln(w, "ID\tNAME\tOWNER\tENVIRONMENT\tPRESET\tEXPIRES\tROTATE BY\tSTORED AT")
				errs := []error{err}
				for _, k := range all {
					_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, k.Owner, k.Environment, k.Preset, date(k.Expires), date(k.RotateBy), k.StoredAt)
					errs = append(errs, err)
				}
				return errors.Join(append(errs, w.Flush())...)
			})
		},
	}
}

func date(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.DateOnly)
}

func newKeysAudit(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "audit", Short: "list keys that are unnamed, ownerless, overdue, unused or too wide", Args: cobra.NoArgs,
		Long: "Audit lists what is wrong with the keys of the inventory. It exits 1 when anything is.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			wrong := false
			err := g.inStore(cmd.Context(), func(s *store.Store) error {
				all, err := s.KeyRecords(cmd.Context())
				if err != nil {
					return err
				}
				for _, k := range all {
					wrong = wrong || len(k.Audit(g.env.Now())) > 0
				}
				if err := g.printPoints(all); err != nil || wrong {
					return err
				}
				_, err = fmt.Fprintf(g.env.Stdout, "%d keys, nothing to say\n", len(all))
				return err
			})
			if err == nil && wrong {
				return code(ExitFound)
			}
			return err
		},
	}
}

// printPoints prints what is wrong with keys, a line each.
func (g *globals) printPoints(all []store.KeyRecord) error {
	var errs []error
	for _, k := range all {
		for _, p := range k.Audit(g.env.Now()) {
			_, err := fmt.Fprintf(g.env.Stdout, "%s  %s: %s\n", k.ID, k.Name, p)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

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
	cmd := &cobra.Command{Use: "rotate ID", Short: "replace a key of the inventory", Long: rotateLong, Args: cobra.ExactArgs(1)}
	a.flags(cmd.Flags())
	out.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return g.rotate(cmd, scanner.ID(args[0]), &a, &out) }
	return cmd
}

func (g *globals) rotate(cmd *cobra.Command, id scanner.ID, a *answerFlags, out *outputFlags) error {
	data, err := io.ReadAll(io.LimitReader(g.env.Stdin, maxKey))
	if err != nil {
		return usage(fmt.Errorf("read keys from standard input: %w", err))
	}
	fresh, old, ok := bytes.Cut(bytes.TrimSpace(data), []byte("\n"))
	if !ok {
		return usage(errors.New("read keys from standard input: two lines wanted, the new key and the old one"))
	}
	var record store.KeyRecord
	if err := g.inStore(cmd.Context(), func(s *store.Store) error {
		record, err = s.KeyRecord(cmd.Context(), id)
		return err
	}); err != nil {
		return err
	}
	g.env.Stdin = bytes.NewReader(old)
	return g.with(cmd, &oneKey{rule: record.Rule}, out, func(ctx context.Context, r *run, f scanner.Finding) error {
		if f.ID != id {
			return usage(fmt.Errorf("the second key on standard input is %s, not %s", f.ID, id))
		}
		policy, err := a.load(r.config)
		if err != nil {
			return err
		}
		if err := r.replace(ctx, record, fresh); err != nil {
			return err
		}
		if err := r.answer(ctx, r.desk.responder(a, policy, r.name()), nil); err != nil {
			return err
		}
		return r.retire(ctx, id)
	})
}

// replace tests the new key and enters it in the old one's place.
func (r *run) replace(ctx context.Context, old store.KeyRecord, fresh []byte) error {
	rule, _ := r.set.Rule(old.Rule)
	f, err := (&oneKey{}).finding(r.g, r.config, r.set, rule, [][]byte{fresh})
	if err != nil {
		return usage(err)
	}
	if f.ID == old.ID {
		return usage(errors.New("the new key is the old one"))
	}
	p := r.desk.issuers.Provider(rule.ID)
	if p.Verifier == nil {
		return usage(fmt.Errorf("nothing can test a key of rule %s; configure its provider", rule.ID))
	}
	v, err := p.Verifier.Verify(ctx, f)
	if err != nil {
		return usage(err)
	}
	if v.Validity != revoker.Active {
		return usage(fmt.Errorf("the new key is %s (%s): the old one is left alone", v.Validity, v.Reason))
	}
	r.g.note("the new key %s is live; the old one is answered next", f.ID)
	next := old
	next.ID, next.Created, next.LastUsed = f.ID, r.started.UTC().Truncate(time.Second), r.started.UTC().Truncate(time.Second)
	next.Expires, next.RotateBy = time.Time{}, time.Time{}
	if rule.Provider == "agiled" {
		next.Expires = next.Created.Add(agiledKeyLife)
		next.RotateBy = next.Expires.AddDate(0, 0, -14)
	}
	old.ReplacedBy = f.ID
	return usage(errors.Join(r.desk.store.PutKeyRecord(ctx, next), r.desk.store.PutKeyRecord(ctx, old)))
}

// retire marks a key that was proven dead.
func (r *run) retire(ctx context.Context, id scanner.ID) error {
	for _, o := range r.outcomes {
		dead := o.Stage == revoker.StageConfirmed || o.Stage == revoker.StageReviewed || o.Stage == revoker.StageDead
		if o.ID != id || !dead {
			continue
		}
		k, err := r.desk.store.KeyRecord(ctx, id)
		if err != nil {
			return usage(err)
		}
		k.Retired = r.g.env.Now().UTC()
		return usage(r.desk.store.PutKeyRecord(ctx, k))
	}
	return nil
}
