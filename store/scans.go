package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// ScanState says how far a repository was scanned, so that the next scan costs what changed since.
type ScanState struct {
	// Repository is the address it is fetched from, without credentials.
	Repository string `json:"repository"`
	// Rules is the version of the rules it was scanned with ([rules.Set.Version]); under other rules the state says nothing.
	Rules string `json:"rules"`
	// At is when the scan began.
	At time.Time `json:"at"`
	// Tips are the refs that were seen, by full name, with the object that each pointed to, in hex.
	Tips map[string]string `json:"tips,omitempty"`
	// Gaps are what the scan could not see. Without any it was complete.
	Gaps []scanner.Gap `json:"gaps,omitempty"`
}

const (
	putScanState = `INSERT INTO scan_states (repository, scanned, state) VALUES ($1, $2, $3)
		ON CONFLICT (repository) DO UPDATE SET scanned = excluded.scanned, state = excluded.state WHERE excluded.scanned >= scan_states.scanned`
	getScanState = `SELECT state FROM scan_states WHERE repository = $1`
)

// PutScanState records how far a repository was scanned. Of two scans that end in either order, the one that began later
// counts.
func (s *Store) PutScanState(ctx context.Context, state ScanState) error {
	record, err := json.Marshal(state)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, putScanState, name(state.Repository), micros(state.At), string(record))
	return s.wrap("write scan state to", err)
}

// ScanState returns how far a repository was scanned: [ErrNotFound] when it never was.
func (s *Store) ScanState(ctx context.Context, repository string) (ScanState, error) {
	var state ScanState
	err := s.getJSON(ctx, "read scan state from", repository, &state, getScanState, name(repository))
	return state, err
}
