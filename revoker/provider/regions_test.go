package provider

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
)

// regional is the acme rule with regions, which only tell whether a key is live.
func regional(t *testing.T) (*rules.Set, *rules.Rule) {
	t.Helper()
	head, _, _ := strings.Cut(acme, "    revoke:\n")
	text := strings.Replace(head, "base: https://api.acme.example\n", "base: https://api.acme.example\nregions: [https://eu.acme.example, https://au.acme.example]\n", 1)
	set, err := new(rules.Set).With("acme.yaml", []byte(text), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rule, _ := set.Rule("acme-token")
	return set, rule
}

// TestRegions: a key is active where one region knows it, and inactive only when all of them say so.
func TestRegions(t *testing.T) {
	set, rule := regional(t)
	f := sampleFinding(rule, 1)
	home, eu, au := "api.acme.example", "eu.acme.example", "au.acme.example"
	for _, c := range []struct {
		name  string
		knows string // the region that has the key
		down  string // the region that does not answer as it should
		base  string // the operator's
		want  revoker.Validity
		asked []string
	}{
		{"at home", home, "", "", revoker.Active, []string{home}},
		{"in another region", au, "", "", revoker.Active, []string{home, eu, au}},
		{"nowhere", "", "", "", revoker.Inactive, []string{home, eu, au}},
		{"home is down", "", home, "", revoker.Unknown, []string{home, eu, au}},
		{"one in the middle is down", "", eu, "", revoker.Unknown, []string{home, eu, au}},
		{"the last is down", "", au, "", revoker.Unknown, []string{home, eu, au}},
		{"known where another is down", au, home, "", revoker.Active, []string{home, eu, au}},
		{"the operator says which", "", "", "https://" + eu, revoker.Inactive, []string{eu}},
	} {
		var asked []string
		issuer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n := len(asked); n == 0 || asked[n-1] != r.Host {
				asked = append(asked, r.Host)
			}
			switch live := r.Header.Get("Authorization") == "Bearer "+f.Token().Reveal(); {
			case r.Host == c.down:
				w.WriteHeader(http.StatusTeapot)
			case r.Host == c.knows && live:
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, `{"id":"k1","owner":"ann"}`)
			default:
				w.WriteHeader(http.StatusUnauthorized)
			}
		})
		r := handled(t, set, issuer, func(o *Options) {
			if c.base != "" {
				o.Base = map[string]string{"acme": c.base}
			}
		}, eu, au)
		v, err := r.Provider(rule.ID).Verifier.Verify(t.Context(), f)
		if err != nil || v.Validity != c.want || !slices.Equal(asked, c.asked) {
			t.Errorf("%s: %s (%s), %v, asked %v; want %s, asked %v", c.name, v.Validity, v.Reason, err, asked, c.want, c.asked)
		}
	}
}

// TestRegionsAlone: a request that changes something goes to one place, so regions do not go with it.
func TestRegionsAlone(t *testing.T) {
	text := strings.Replace(acme, "base: https://api.acme.example\n", "base: https://api.acme.example\nregions: [https://eu.acme.example]\n", 1)
	if _, err := new(rules.Set).With("acme.yaml", []byte(text), rules.Options{}); err == nil || !strings.Contains(err.Error(), "regions") {
		t.Errorf("a rule with regions and a revocation loads: %v", err)
	}
}
