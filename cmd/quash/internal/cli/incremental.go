package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/live"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
)

// pastSchema and liveSchema are the versions of what is remembered of a repository and of live tickets. They change with the form, and
// with what a field means.
const (
	pastSchema = "quash.past/4"
	liveSchema = "quash.live/2"
)

// remembered is what the last complete scan of a target with --incremental saw. It holds no key, no finding and no place.
type remembered[T source.Past | live.State] struct {
	Schema string `json:"schema"`
	// Options names everything beside the target that decides in what keys are found.
	Options string `json:"options"`
	Seen    T      `json:"seen"`
}

// memory is where the past of a target is kept, and what is to be kept of this scan.
type memory struct {
	path, options string
	noted         *source.Noted
}

// remembering makes the memory of a target that is scanned under these options.
func (r *run) remembering(name string, o scanner.Options) (*memory, error) {
	options, err := json.Marshal([]any{Version(), r.set.Version(), o.Only, o.Skip, o.MinConfidence, r.flags.maxFile})
	sum := sha256.Sum256([]byte(absolute(name)))
	return &memory{
		path:    filepath.Join(r.g.stateDir(r.config), "scans", hex.EncodeToString(sum[:16])+".json"),
		options: fmt.Sprintf("%x", sha256.Sum256(options)), noted: new(source.Noted),
	}, err
}

// recall is what the last scan of a target saw; ok is false when there was none under these options.
func recall[T source.Past | live.State](m *memory, schema string) (seen T, ok bool) {
	data, err := os.ReadFile(m.path)
	if err != nil {
		return seen, false // it is the first, or the scan replaces the file
	}
	var s remembered[T]
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if dec.Decode(&s) != nil || s.Schema != schema || s.Options != m.options {
		return seen, false
	}
	return s.Seen, true
}

// remember keeps what a scan saw for the next one.
func remember[T source.Past | live.State](m *memory, schema string, seen T) error {
	data, err := json.Marshal(remembered[T]{schema, m.options, seen})
	if err != nil {
		return err
	}
	return replaceFile(m.path, append(data, '\n'))
}

// keep remembers a scan for the next one. An incomplete one is not remembered: what it lacked is tried again.
func (r *run) keep(ctx context.Context, t target, stats scanner.Stats) {
	if t.memory == nil {
		return
	}
	if src, ok := t.source.(*live.Source); ok {
		r.keepLive(t, src, stats)
		return
	}
	src, ok := t.source.(source.Rememberer)
	if !ok {
		r.notes = append(r.notes, fmt.Sprintf("--incremental: %s is no git repository, and is read whole every time", inWords(t.name)))
		return
	}
	if !source.Lasting(stats.Gaps) {
		r.notes = append(r.notes, "--incremental: what was seen is not remembered, since the scan is incomplete")
		return
	}
	if err := t.memory.keep(ctx, src); err != nil {
		r.notes = append(r.notes, fmt.Sprintf("--incremental: not remembered, so the next run reads everything: %v", err))
	}
}

// keep remembers what a source saw.
func (m *memory) keep(ctx context.Context, src source.Rememberer) error {
	seen, err := src.Past(ctx, m.noted.Objects())
	if err != nil || seen == nil {
		return err
	}
	return remember(m, pastSchema, *seen)
}

// replaceFile makes data the content of a file at once: a crash leaves the old content or the new.
func replaceFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the error before says enough
	}
	return err
}

// check refuses flags of history that do not go together.
func (s *scanFlags) check(now time.Time) error {
	var err error
	if s.from, err = parseSince(s.since, now); err != nil {
		return err
	}
	if err := live.CheckParts(s.parts); err != nil {
		return err
	}
	part := s.staged || s.commits != ""
	for _, c := range []struct {
		wrong bool
		flags string
	}{
		{s.incremental && (part || s.unreachable || s.since != "" || s.noHistory), "--incremental reads the history; it does not go with --staged, --range, --since, --unreachable or --no-history"},
		{s.unreachable && (part || s.noHistory), "--unreachable reads the history; it does not go with --staged, --range or --no-history"},
		{s.since != "" && (part || s.noHistory), "--since reads the history; it does not go with --staged, --range or --no-history"},
	} {
		if c.wrong {
			return errors.New(c.flags)
		}
	}
	return nil
}

// spans are the units of a time that is counted back from now.
var spans = map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}

// parseSince reads a time: a date, a date and time, or how long ago. Nothing is the zero time.
func parseSince(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	unit, ok := spans[s[len(s)-1]]
	var n int
	if _, err := fmt.Sscanf(s[:len(s)-1]+"\n", "%d\n", &n); !ok || err != nil || n < 1 || n > 100_000 {
		return time.Time{}, errors.New("--since: not a time; write 90d, 12h, 4w, 2026-01-31 or 2026-01-31T12:00:00Z")
	}
	return now.Add(-time.Duration(n) * unit), nil
}
