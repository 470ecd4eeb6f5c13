package provider

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
)

// TestG04ThreeStates: the inversions that issuers are known for, and everything that is no answer of theirs.
func TestG04ThreeStates(t *testing.T) {
	status := func(codes ...int) rules.Conditions { return rules.Conditions{{Status: codes}} }
	ok := func(value string) rules.Conditions {
		return rules.Conditions{{Status: []int{200}, JSON: map[string][]string{".ok": {value}}}}
	}
	html := map[string]string{"Content-Type": "text/html; charset=utf-8"}
	plain := rules.Step{Active: status(200), Inactive: status(401)}
	for name, tc := range map[string]struct {
		step  rules.Step
		reply rules.Reply
		want  revoker.Validity
	}{
		"200":                           {plain, rules.Reply{Status: 200, Body: "{}"}, revoker.Active},
		"401":                           {plain, rules.Reply{Status: 401}, revoker.Inactive},
		"403 says nothing":              {plain, rules.Reply{Status: 403}, revoker.Unknown},
		"403 is live":                   {rules.Step{Active: status(200, 403), Inactive: status(401)}, rules.Reply{Status: 403}, revoker.Active},
		"403 is dead":                   {rules.Step{Active: status(200), Inactive: status(403)}, rules.Reply{Status: 403}, revoker.Inactive},
		"401 says nothing":              {rules.Step{Active: status(200), Inactive: status(404)}, rules.Reply{Status: 401}, revoker.Unknown},
		"200 is dead":                   {rules.Step{Active: ok("true"), Inactive: ok("false")}, rules.Reply{Status: 200, Body: `{"ok":false}`}, revoker.Inactive},
		"200 is live":                   {rules.Step{Active: ok("true"), Inactive: ok("false")}, rules.Reply{Status: 200, Body: `{"ok":true}`}, revoker.Active},
		"200 with another body":         {rules.Step{Active: ok("true"), Inactive: ok("false")}, rules.Reply{Status: 200, Body: `{}`}, revoker.Unknown},
		"200 cut off":                   {rules.Step{Active: ok("true"), Inactive: ok("false")}, rules.Reply{Status: 200, Body: `{"ok":tr`}, revoker.Unknown},
		"both":                          {rules.Step{Active: status(200), Inactive: status(200, 401)}, rules.Reply{Status: 200}, revoker.Unknown},
		"429 is live where a rule says": {rules.Step{Active: status(200, 429), Inactive: status(401)}, rules.Reply{Status: 429, Header: map[string]string{"Retry-After": "9"}}, revoker.Active},
		"429":                           {plain, rules.Reply{Status: 429}, revoker.Unknown},
		"402":                           {plain, rules.Reply{Status: 402}, revoker.Unknown},
		"400":                           {plain, rules.Reply{Status: 400}, revoker.Unknown},
		"404":                           {plain, rules.Reply{Status: 404}, revoker.Unknown},
		"500":                           {plain, rules.Reply{Status: 500}, revoker.Unknown},
		"503":                           {plain, rules.Reply{Status: 503}, revoker.Unknown},
		"204":                           {plain, rules.Reply{Status: 204}, revoker.Unknown},
		"203 sign-in page":              {rules.Step{Active: status(200, 203), Inactive: status(401)}, rules.Reply{Status: 203, Header: html, Body: "<html>"}, revoker.Unknown},
		"200 portal":                    {plain, rules.Reply{Status: 200, Header: html, Body: "<html>Sign in</html>"}, revoker.Unknown},
		"200 portal without type":       {plain, rules.Reply{Status: 200, Body: "\n <!DOCTYPE html><p>"}, revoker.Unknown},
		"401 of a gateway":              {plain, rules.Reply{Status: 401, Header: html, Body: "<html>401</html>"}, revoker.Unknown},
		"302":                           {plain, rules.Reply{Status: 302}, revoker.Unknown},
		"302 named by a rule":           {rules.Step{Active: status(302), Inactive: status(401)}, rules.Reply{Status: 302}, revoker.Unknown},
		"401 in HTML on record": {rules.Step{Active: status(200), Inactive: status(401), Examples: []rules.ReplyExample{
			{Reply: rules.Reply{Status: 401, Body: "<html>no</html>"}, Want: "inactive"},
		}}, rules.Reply{Status: 401, Header: html, Body: "<html>no</html>"}, revoker.Inactive},
	} {
		if got, why := reading(&tc.step, reply{Reply: tc.reply}); got != tc.want || why == "" {
			t.Errorf("%s: read as %s (%s), want %s", name, got, why, tc.want)
		}
	}
}

// TestControl: an active verdict rests on the refusal of a key that differs in one character, sent the same way.
func TestControl(t *testing.T) {
	set, rule := acmeRule(t)
	f := sampleFinding(rule, 1)
	var shown []string
	r := handled(t, set, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if shown = append(shown, token); token != f.Token().Reveal() {
			w.WriteHeader(401)
			return
		}
		_, _ = w.Write([]byte(`{"id":"k2","owner":"ann"}`))
	}), nil)
	v, err := r.Provider(rule.ID).Verifier.Verify(context.Background(), f)
	if err != nil || v.Validity != revoker.Active || v.Proof.Status != 200 || v.Control.Status != 401 {
		t.Fatalf("%s (%s), %v", v.Validity, v.Reason, err)
	}
	if want := "answered 200; with one character changed it answered 401"; v.Reason != want {
		t.Errorf("reason %q, want %q", v.Reason, want)
	}
	if len(shown) != 2 || differ(shown[0], shown[1]) != 1 || !strings.HasPrefix(shown[1], rule.Prefix()) {
		t.Errorf("%d keys shown that differ in %d characters, want 2 and 1", len(shown), differ(shown[0], shown[1]))
	}
}

// differ counts the bytes in which two texts differ; -1 where their lengths do.
func differ(a, b string) int {
	if len(a) != len(b) {
		return -1
	}
	n := 0
	for i := range len(a) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// TestAlter: one character changes, for another of its class, behind the prefix and before a checksum's place.
func TestAlter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.StringMatching(`[a-z]{0,5}_?`).Draw(t, "prefix")
		value := prefix + rapid.StringMatching(`[0-9A-Za-z_.\-]{1,60}`).Draw(t, "body")
		got, ok := alter(value, prefix)
		body := value[len(prefix):]
		if can := strings.ContainsFunc(body, isAlphanumeric); ok != can {
			t.Fatalf("altered %v, want %v", ok, can)
		}
		if !ok {
			return
		}
		at := -1
		for i := range len(value) {
			if value[i] != got[i] {
				at = i
			}
		}
		if differ(value, got) != 1 || at < len(prefix) || class(value[at]) != class(got[at]) {
			t.Fatalf("differ in %d characters, the last at %d", differ(value, got), at)
		}
		if len(body) > 18 && !strings.ContainsAny(body, "_.-") && at >= len(value)-6 {
			t.Fatalf("changed at %d of %d, where a checksum stands", at, len(value))
		}
	})
}

func isAlphanumeric(c rune) bool {
	return c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c))
}

// class is the class of a letter or digit.
func class(c byte) string {
	switch {
	case c >= '0' && c <= '9':
		return "digit"
	case c >= 'a' && c <= 'z':
		return "lower"
	}
	return "upper"
}

// TestOtherStaysHexadecimal: a hexadecimal key stays one.
func TestOtherStaysHexadecimal(t *testing.T) {
	for _, c := range []byte("0123456789abcdefABCDEF") {
		if d, ok := other(c); !ok || d == c || !strings.Contains("0123456789abcdefABCDEF", string(rune(d))) {
			t.Errorf("%c becomes %c", c, d)
		}
	}
}
