package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// Key is what the store knows of a key that was found.
type Key struct {
	ID         scanner.ID
	Rule       string
	Redacted   string
	Confidence rules.Confidence
	Reasons    []string
	// FirstSeen and LastSeen are when the first and the last scan saw it, whichever was recorded first.
	FirstSeen, LastSeen time.Time
	// Places are where, with the target whose scan saw it there.
	Places []Place
	// Verdict is the issuer's last answer; nil when it was never asked.
	Verdict *revoker.Verdict
}

// Place is a location and the target it was found in.
type Place struct {
	Target string
	At     scanner.Location
}

const (
	putFinding = `INSERT INTO findings (id, rule, redacted, confidence, reasons, first_seen, last_seen) VALUES ($1, $2, $3, $4, $5, $6, $6)
		ON CONFLICT (id) DO UPDATE SET rule = excluded.rule, redacted = excluded.redacted, confidence = excluded.confidence,
		reasons = excluded.reasons,
		first_seen = CASE WHEN excluded.first_seen < findings.first_seen THEN excluded.first_seen ELSE findings.first_seen END,
		last_seen = CASE WHEN excluded.last_seen > findings.last_seen THEN excluded.last_seen ELSE findings.last_seen END`
	putLocation = `INSERT INTO locations (id, target, place, location, last_seen) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id, target, place) DO UPDATE SET location = excluded.location, last_seen = excluded.last_seen`
	// lastVerdict joins the issuer's last answer to a finding f.
	lastVerdict = ` LEFT JOIN verdicts v ON v.id = f.id AND v.at = (SELECT MAX(w.at) FROM verdicts w WHERE w.id = f.id)`
	getKeys     = `SELECT f.id, f.rule, f.redacted, f.confidence, f.reasons, f.first_seen, f.last_seen,
		l.target, l.location, COALESCE(v.verdict, '')
		FROM findings f JOIN locations l ON l.id = f.id` + lastVerdict
	getCounts = `SELECT f.rule, COALESCE(v.validity, ''), COUNT(DISTINCT f.id), COUNT(*)
		FROM findings f JOIN locations l ON l.id = f.id` + lastVerdict + ` GROUP BY 1, 2`
	putVerdict = `INSERT INTO verdicts (id, at, validity, verdict) VALUES ($1, $2, $3, $4) ON CONFLICT (id, at) DO NOTHING`
	getVerdict = `SELECT verdict FROM verdicts WHERE id = $1 ORDER BY at DESC LIMIT 1`
)

// PutFindings records what a scan of target found at a time, all of it or, with an error, nothing.
func (s *Store) PutFindings(ctx context.Context, target string, at time.Time, found []scanner.Finding) error {
	found = slices.Clone(found)
	slices.SortStableFunc(found, func(a, b scanner.Finding) int { // two writers of the same rows take them in one order
		return cmp.Or(cmp.Compare(a.ID, b.ID), byPlace(a.At, b.At))
	})
	return s.inTx(ctx, "write findings to", func(tx *sql.Tx) error {
		for _, f := range found {
			if err := writeFinding(ctx, tx, target, micros(at), f); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeFinding(ctx context.Context, tx *sql.Tx, target string, at int64, f scanner.Finding) error {
	reasons, err := json.Marshal(f.Reasons)
	if err != nil {
		return err
	}
	location, err := json.Marshal(f.At)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, putFinding, text(f.ID), text(f.Rule), text(f.Redacted), text(f.Confidence), string(reasons), at); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, putLocation, text(f.ID), name(target), name(placeName(f.At)), string(location), at)
	return err
}

// placeName tells the places of one key in one target apart.
func placeName(at scanner.Location) string {
	return fmt.Sprintf("%s\x1f%s\x1f%s\x1f%s\x1f%d", at.Path, at.Commit, at.Record, at.Field, at.Offset)
}

// byPlace sorts by what placeName is made of.
func byPlace(a, b scanner.Location) int {
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Commit, b.Commit), cmp.Compare(a.Record, b.Record),
		cmp.Compare(a.Field, b.Field), cmp.Compare(a.Offset, b.Offset))
}

// Key returns what is known of a key: [ErrNotFound] when no scan recorded it.
func (s *Store) Key(ctx context.Context, id scanner.ID) (Key, error) {
	found, err := s.keys(ctx, getKeys+" WHERE f.id = $1", text(id))
	if err != nil {
		return Key{}, err
	}
	if len(found) == 0 {
		return Key{}, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	return found[0], nil
}

// Keys returns every key that was found, each once with its places in all targets, sorted by ID.
func (s *Store) Keys(ctx context.Context) ([]Key, error) {
	found, err := s.keys(ctx, getKeys+" ORDER BY f.id")
	slices.SortFunc(found, func(a, b Key) int { return cmp.Compare(a.ID, b.ID) })
	return found, err
}

// keys reads rows of getKeys, in which the places of a key follow each other.
func (s *Store) keys(ctx context.Context, query string, args ...any) ([]Key, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.wrap("read findings from", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var all []Key
	for rows.Next() {
		k, err := readKey(rows)
		if err != nil {
			return nil, s.wrap("read findings from", err)
		}
		if last := len(all) - 1; last >= 0 && all[last].ID == k.ID {
			all[last].Places = append(all[last].Places, k.Places...)
		} else {
			all = append(all, k)
		}
	}
	for _, k := range all {
		slices.SortStableFunc(k.Places, func(a, b Place) int {
			return cmp.Or(cmp.Compare(a.Target, b.Target), byPlace(a.At, b.At))
		})
	}
	return all, s.wrap("read findings from", rows.Err())
}

// readKey reads a row of getKeys: a key with one of its places.
func readKey(rows *sql.Rows) (k Key, err error) {
	var id, rule, redacted, confidence, target text
	var reasons, location, verdict string
	var first, last int64
	if err := rows.Scan(&id, &rule, &redacted, &confidence, &reasons, &first, &last, &target, &location, &verdict); err != nil {
		return Key{}, err
	}
	p := Place{Target: string(target)}
	err = errors.Join(json.Unmarshal([]byte(reasons), &k.Reasons), json.Unmarshal([]byte(location), &p.At))
	k.ID, k.Rule, k.Redacted, k.Confidence = scanner.ID(id), string(rule), string(redacted), rules.Confidence(confidence)
	k.FirstSeen, k.LastSeen, k.Places = fromMicros(first), fromMicros(last), []Place{p}
	if verdict != "" {
		err = errors.Join(err, json.Unmarshal([]byte(verdict), &k.Verdict))
	}
	return k, err
}

// Count says how many keys of a rule there are of which the issuer said the same.
type Count struct {
	Rule string
	// Validity is the issuer's last answer; empty when it was never asked.
	Validity revoker.Validity
	// Keys counts keys; Places counts their places in all targets.
	Keys, Places int
}

// Counts returns how many keys were found, by rule and validity, sorted by both.
func (s *Store) Counts(ctx context.Context) ([]Count, error) {
	rows, err := s.db.QueryContext(ctx, getCounts)
	if err != nil {
		return nil, s.wrap("count findings in", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var all []Count
	for rows.Next() {
		var c Count
		if err := rows.Scan((*text)(&c.Rule), (*text)(&c.Validity), &c.Keys, &c.Places); err != nil {
			return nil, s.wrap("count findings in", err)
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Validity, b.Validity))
	})
	return all, s.wrap("count findings in", rows.Err())
}

// PutVerdict records an issuer's answer.
func (s *Store) PutVerdict(ctx context.Context, id scanner.ID, v revoker.Verdict) error {
	record, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, putVerdict, text(id), micros(v.At), text(v.Validity), string(record))
	return s.wrap("write verdict to", err)
}

// Verdict returns the issuer's last answer: [ErrNotFound] when it was never asked.
func (s *Store) Verdict(ctx context.Context, id scanner.ID) (revoker.Verdict, error) {
	var v revoker.Verdict
	err := s.getJSON(ctx, "read verdict from", string(id), &v, getVerdict, text(id))
	return v, err
}

// getJSON reads one JSON column of one row into a value.
func (s *Store) getJSON(ctx context.Context, doing, what string, into any, query string, args ...any) error {
	var record string
	err := s.db.QueryRowContext(ctx, query, args...).Scan(&record)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	if err != nil {
		return s.wrap(doing, err)
	}
	return s.wrap(doing, json.Unmarshal([]byte(record), into))
}
