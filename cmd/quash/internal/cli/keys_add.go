package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/quash-sh/quash/store"
	"github.com/spf13/cobra"
)

// agiledKeyLife is how long an Agiled key lives (agiled-docs, developers/api-keys, "Key Expiration").
const agiledKeyLife = 90 * 24 * time.Hour

// rotateAhead is how long before its end a key is to be replaced.
const rotateAhead = 14 * 24 * time.Hour

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
	expires, rotateBy := lifeOf(provider, k.Created)
	if k.Expires.IsZero() {
		k.Expires = expires
	} else {
		rotateBy = k.Expires.Add(-rotateAhead)
	}
	if k.RotateBy.IsZero() {
		k.RotateBy = rotateBy
	}
	return nil
}

// lifeOf is when a new key of a provider expires and when it is best replaced; zero where it does not expire by itself.
func lifeOf(provider string, created time.Time) (expires, rotateBy time.Time) {
	if provider != "agiled" {
		return time.Time{}, time.Time{}
	}
	expires = created.Add(agiledKeyLife)
	return expires, expires.Add(-rotateAhead)
}

// texts are the fields that a person fills in.
func (f *recordFlags) texts() []string {
	k := &f.record
	return []string{k.Integration, k.Environment, k.Owner, k.Name, k.Preset, k.Purpose, k.StoredAt}
}

const keysAddLong = `Add enters a key into the inventory, or replaces its entry. The key is read from
standard input and is not kept: the entry stands under its finding ID.`

func newKeysAdd(g *globals) *cobra.Command {
	var o oneKey
	var f recordFlags
	cmd := &cobra.Command{
		Use: "add --rule ID < key", Short: "enter a key, read from standard input, under its finding ID", Long: keysAddLong, Args: noArgs,
	}
	o.flags(cmd)
	f.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		r, err := g.prepare(cmd, &scanFlags{})
		if err != nil {
			return err
		}
		found, err := r.read(&o)
		if err != nil {
			return err
		}
		for _, text := range f.texts() {
			if g.cleaner.text(text) != text {
				return usage(errors.New("one of the entry's fields holds a key; write where the key is kept, never the key"))
			}
		}
		rule, _ := r.set.Rule(found.Rule) // read found it
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
