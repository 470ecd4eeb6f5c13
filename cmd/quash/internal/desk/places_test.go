package desk

import (
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

func TestWidest(t *testing.T) {
	order := []revoker.Exposure{"", revoker.ExposureLocal, revoker.ExposureInternal, revoker.ExposurePublic}
	for i, a := range order {
		for j, b := range order {
			if got := Widest(a, b); got != order[max(i, j)] {
				t.Errorf("Widest(%q, %q) = %q", a, b, got)
			}
		}
	}
}

func TestFirstExposed(t *testing.T) {
	at := func(day int) scanner.Location {
		return scanner.Location{Time: time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC)}
	}
	for name, c := range map[string]struct {
		places []scanner.Location
		want   time.Time
	}{
		"none":        {nil, time.Time{}},
		"no time":     {[]scanner.Location{{}}, time.Time{}},
		"earliest":    {[]scanner.Location{at(9), {}, at(3), at(5)}, at(3).Time},
		"one of them": {[]scanner.Location{{}, at(4)}, at(4).Time},
	} {
		if got := FirstExposed(c.places); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// An override does not reach into the finding that it is made of: places of one key share their reasons.
func TestOverride(t *testing.T) {
	reasons := append(make([]string, 0, 4), "checksum")
	f := scanner.Finding{Allowed: true, Reasons: reasons}
	a, b := Override(f), Override(f)
	if a.Allowed || len(a.Reasons) != 2 || len(reasons) != 1 || &a.Reasons[0] == &b.Reasons[0] {
		t.Errorf("%+v of %+v", a, f)
	}
}

// What a person does by hand is told with what the issuer said of the key, and says what is not known.
func TestSteps(t *testing.T) {
	rule := &rules.Rule{Manual: []string{"Open {{key_name}} of {{organization}}", "Choose Revoke"}}
	got := steps(rule, revoker.Verdict{Facts: map[string]string{"organization": "Acme"}})
	if len(got) != 2 || got[0] != "Open (key name not known) of Acme" || got[1] != "Choose Revoke" {
		t.Errorf("%q", got)
	}
}
