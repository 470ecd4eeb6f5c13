package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// KeyRecord is an entry of the inventory: one of the operator's own keys, known by its finding ID and never by its value. The
// fields follow Agiled's guide "Create an API key": a key has a name made of integration, environment and owner, an owner
// who knows where it is kept and when it is rotated, and the narrowest abilities that do the job.
type KeyRecord struct {
	ID   scanner.ID `json:"id"`
	Rule string     `json:"rule"`
	// Name is what the issuer's page calls the key: "Warehouse sync - production - Ops".
	Name        string `json:"name"`
	Integration string `json:"integration,omitempty"`
	Environment string `json:"environment,omitempty"`
	// Owner answers for the key.
	Owner string `json:"owner,omitempty"`
	// Preset are the abilities it was given: "read-only", "full".
	Preset string `json:"preset,omitempty"`
	// Purpose says what it is for: "reporting", "sync", "migration".
	Purpose string `json:"purpose,omitempty"`
	// StoredAt names the secret manager entry that holds it.
	StoredAt string `json:"stored_at,omitempty"`
	// Created, Expires and RotateBy are its dates; LastUsed is the last use that anyone knows of.
	Created  time.Time `json:"created,omitzero"`
	Expires  time.Time `json:"expires,omitzero"`
	RotateBy time.Time `json:"rotate_by,omitzero"`
	LastUsed time.Time `json:"last_used,omitzero"`
	// ReplacedBy is the key that took its place.
	ReplacedBy scanner.ID `json:"replaced_by,omitempty"`
	// Retired is when it was proven dead.
	Retired time.Time `json:"retired,omitzero"`
}

const (
	putKey   = `INSERT INTO keys (id, rule, record, retired) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET record = excluded.record, retired = excluded.retired`
	getKey   = `SELECT record FROM keys WHERE id = $1`
	listKeys = `SELECT record FROM keys`
)

// PutKeyRecord adds or replaces an entry.
func (s *Store) PutKeyRecord(ctx context.Context, k KeyRecord) error {
	record, err := json.Marshal(k)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, putKey, text(k.ID), text(k.Rule), string(record), sql.NullInt64{Int64: micros(k.Retired), Valid: !k.Retired.IsZero()})
	return s.wrap("write key record to", err)
}

// KeyRecord returns an entry: [ErrNotFound] when the inventory does not have it.
func (s *Store) KeyRecord(ctx context.Context, id scanner.ID) (KeyRecord, error) {
	var k KeyRecord
	err := s.getJSON(ctx, "read key record from", string(id), &k, getKey, text(id))
	return k, err
}

// KeyRecords returns the inventory, sorted by name and ID.
func (s *Store) KeyRecords(ctx context.Context) ([]KeyRecord, error) {
	rows, err := s.db.QueryContext(ctx, listKeys)
	if err != nil {
		return nil, s.wrap("read inventory from", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var all []KeyRecord
	for rows.Next() {
		var record []byte
		var k KeyRecord
		if err := rows.Scan(&record); err != nil {
			return nil, s.wrap("read inventory from", err)
		}
		if err := json.Unmarshal(record, &k); err != nil {
			return nil, s.wrap("read inventory from", err)
		}
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b KeyRecord) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all, s.wrap("read inventory from", rows.Err())
}

// unusedAfter is how long a key may go unused before the audit asks why it is kept.
const unusedAfter = 60 * 24 * time.Hour

// Audit says what is wrong with an entry at a time, each point in words for its owner.
func (k KeyRecord) Audit(now time.Time) []string {
	if !k.Retired.IsZero() {
		return nil
	}
	var points []string
	add := func(bad bool, format string, args ...any) {
		if bad {
			points = append(points, fmt.Sprintf(format, args...))
		}
	}
	add(!named(k.Name), "its name does not say integration, environment and owner")
	add(k.Owner == "", "nobody owns it")
	add(k.StoredAt == "", "nobody knows where it is kept")
	add(!k.RotateBy.IsZero() && now.After(k.RotateBy), "it was to be rotated by %s", k.RotateBy.Format(time.DateOnly))
	add(!k.Expires.IsZero() && now.After(k.Expires), "it expired on %s: check that it is dead, then retire it", k.Expires.Format(time.DateOnly))
	add(!k.LastUsed.IsZero() && now.Sub(k.LastUsed) > unusedAfter, "it was last used on %s: revoke it", k.LastUsed.Format(time.DateOnly))
	add(k.Preset == "full" && readOnlyPurpose(k.Purpose), "it may write, and %s needs to read only", k.Purpose)
	add(k.ReplacedBy != "", "it was replaced by %s and is not revoked yet", k.ReplacedBy)
	return points
}

// named reports whether a name has the three parts that the guide asks for.
func named(name string) bool {
	parts := strings.Split(name, " - ")
	return len(parts) >= 3 && !slices.ContainsFunc(parts, func(p string) bool { return strings.TrimSpace(p) == "" })
}

func readOnlyPurpose(p string) bool {
	switch strings.ToLower(p) {
	case "reporting", "report", "dashboard", "dashboards", "audit", "audits", "export", "exports":
		return true
	}
	return false
}
