package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
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
	// FirstSeen and LastSeen are when scans saw it.
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
		reasons = excluded.reasons, last_seen = excluded.last_seen`
	putLocation = `INSERT INTO locations (id, target, place, location, last_seen) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id, target, place) DO UPDATE SET location = excluded.location, last_seen = excluded.last_seen`
	getFinding = `SELECT rule, redacted, confidence, reasons, first_seen, last_seen FROM findings WHERE id = $1`
	getPlaces  = `SELECT target, location FROM locations WHERE id = $1 ORDER BY target, place`
	putVerdict = `INSERT INTO verdicts (id, at, validity, verdict) VALUES ($1, $2, $3, $4) ON CONFLICT (id, at) DO NOTHING`
	getVerdict = `SELECT verdict FROM verdicts WHERE id = $1 ORDER BY at DESC LIMIT 1`
)

// PutFindings records what a scan of target found at a time.
func (s *Store) PutFindings(ctx context.Context, target string, at time.Time, found []scanner.Finding) error {
	return s.inTx(ctx, "write findings to", func(tx *sql.Tx) error {
		for _, f := range found {
			reasons, err := json.Marshal(f.Reasons)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, putFinding, string(f.ID), f.Rule, f.Redacted, string(f.Confidence), string(reasons), micros(at)); err != nil {
				return err
			}
			location, err := json.Marshal(f.At)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, putLocation, string(f.ID), target, placeName(f.At), string(location), micros(at)); err != nil {
				return err
			}
		}
		return nil
	})
}

// placeName tells the places of one key in one target apart.
func placeName(at scanner.Location) string {
	return fmt.Sprintf("%s\x1f%s\x1f%s\x1f%s\x1f%d", at.Path, at.Commit, at.Record, at.Field, at.Offset)
}

// Key returns what is known of a key: [ErrNotFound] when no scan recorded it.
func (s *Store) Key(ctx context.Context, id scanner.ID) (Key, error) {
	k := Key{ID: id}
	var confidence, reasons string
	var first, last int64
	err := s.db.QueryRowContext(ctx, getFinding, string(id)).Scan(&k.Rule, &k.Redacted, &confidence, &reasons, &first, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return Key{}, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	if err != nil {
		return Key{}, s.wrap("read finding from", err)
	}
	k.Confidence, k.FirstSeen, k.LastSeen = rules.Confidence(confidence), time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC()
	if err := json.Unmarshal([]byte(reasons), &k.Reasons); err != nil {
		return Key{}, s.wrap("read finding from", err)
	}
	if k.Places, err = s.places(ctx, id); err != nil {
		return Key{}, err
	}
	v, err := s.Verdict(ctx, id)
	if err == nil {
		k.Verdict = &v
	} else if !errors.Is(err, ErrNotFound) {
		return Key{}, err
	}
	return k, nil
}

func (s *Store) places(ctx context.Context, id scanner.ID) ([]Place, error) {
	rows, err := s.db.QueryContext(ctx, getPlaces, string(id))
	if err != nil {
		return nil, s.wrap("read places from", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var all []Place
	for rows.Next() {
		var p Place
		var location string
		if err := rows.Scan(&p.Target, &location); err != nil {
			return nil, s.wrap("read places from", err)
		}
		if err := json.Unmarshal([]byte(location), &p.At); err != nil {
			return nil, s.wrap("read places from", err)
		}
		all = append(all, p)
	}
	return all, s.wrap("read places from", rows.Err())
}

// PutVerdict records an issuer's answer.
func (s *Store) PutVerdict(ctx context.Context, id scanner.ID, v revoker.Verdict) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, putVerdict, string(id), micros(v.At), string(v.Validity), string(text))
	return s.wrap("write verdict to", err)
}

// Verdict returns the issuer's last answer: [ErrNotFound] when it was never asked.
func (s *Store) Verdict(ctx context.Context, id scanner.ID) (revoker.Verdict, error) {
	var v revoker.Verdict
	err := s.getJSON(ctx, "read verdict from", string(id), &v, getVerdict, string(id))
	return v, err
}

// getJSON reads one JSON column of one row into a value.
func (s *Store) getJSON(ctx context.Context, doing, name string, into any, query string, args ...any) error {
	var text string
	err := s.db.QueryRowContext(ctx, query, args...).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	if err != nil {
		return s.wrap(doing, err)
	}
	return s.wrap(doing, json.Unmarshal([]byte(text), into))
}
