package provider

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
)

func TestAgiledTime(t *testing.T) {
	at := time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)
	for text, want := range map[string]moment{
		"2026-03-04T09:30:00Z":      {at, at, at},
		"2026-03-04T09:30:00.000Z":  {at, at, at},
		"2026-03-04T11:30:00+02:00": {at, at, at},
		"2026-03-04T09:30:00":       {at, at.Add(-14 * time.Hour), at.Add(12 * time.Hour)},
		"2026-03-04 09:30:00":       {at, at.Add(-14 * time.Hour), at.Add(12 * time.Hour)},
		"2026-03-04": {
			time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 3, 10, 0, 0, 0, time.UTC), time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC),
		},
	} {
		if got, ok := agiledTime(text); !ok || got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"", "0", "1772616600", "yesterday", "2026-13-01", "04.03.2026"} {
		if got, ok := agiledTime(text); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func FuzzAgiledTime(f *testing.F) {
	for _, seed := range []string{"2026-03-04T09:30:00.5+02:00", "2026-03-04 09:30:00", "2026-03-04", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, ok := agiledTime(text)
		if !ok {
			return
		}
		if m.early.After(m.told) || m.late.Before(m.told) || m.late.Sub(m.told) > widestSpan || m.told.Sub(m.early) > widestSpan {
			t.Errorf("%q is read as %v", text, m)
		}
		if w := (revoker.Window{From: m.told, To: m.told}); !m.touches(w) {
			t.Errorf("%q is not in its own moment", text)
		}
	})
}

func FuzzAgiledPage(f *testing.F) {
	for _, seed := range []string{
		`{"data":[{"id":1,"created_at":"2026-03-04","events":["a",2,null,{}]}],"meta":{"last_page":2,"total":3}}`,
		`{"data":[{"id":null,"events":"x"}]}`, `{"data":null}`, `[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var p agiledPage
		if json.Unmarshal(body, &p) != nil {
			return
		}
		found := newTally(revoker.Window{From: time.Unix(0, 0), To: time.Unix(1<<40, 0)})
		for _, row := range p.Data {
			found.add(row)
		}
		if len(found.inside) > len(found.rows) || len(found.rows) > len(p.Data) {
			t.Errorf("%d inside of %d of %d", len(found.inside), len(found.rows), len(p.Data))
		}
	})
}
