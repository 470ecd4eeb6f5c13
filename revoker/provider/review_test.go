package provider

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

var reviewed = revoker.Window{
	From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC),
}

// mentions says whether one of the blind spots has the text.
func mentions(a revoker.Activity, text string) bool {
	return slices.ContainsFunc(a.BlindSpots, func(s string) bool { return strings.Contains(s, text) })
}

// github returns the reviewer of GitHub tokens before a handler.
func githubReview(t *testing.T, h http.Handler, change func(*Options)) (revoker.Reviewer, scanner.Finding) {
	t.Helper()
	set := builtin(t)
	rule := githubRule(t, set)
	r := handled(t, set, h, func(o *Options) {
		o.Operator = map[string]scanner.Secret{"github": scanner.NewSecret("operator-credential")}
		o.GitHub.Organization = "acme"
		if change != nil {
			change(o)
		}
	}, "api.github.com")
	return r.Provider(rule.ID).Reviewer, sampleFinding(rule, 1)
}

// TestGitHubReview: the audit log is searched by the token's hash, page by page, with the operator's credential.
func TestGitHubReview(t *testing.T) {
	var phrases, keys []string
	reviewer, f := githubReview(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/orgs/acme/audit-log" || r.URL.Query().Get("include") != "all" {
			w.WriteHeader(404)
			return
		}
		phrases, keys = append(phrases, r.URL.Query().Get("phrase")), append(keys, r.Header.Get("Authorization"))
		if r.URL.Query().Get("after") == "" {
			w.Header().Set("Link", `<https://api.github.com/orgs/acme/audit-log?after=MQ&before=>; rel="next"`)
			fmt.Fprint(w, `[{"@timestamp":1763000000000,"action":"git.clone","actor":"ann","repo":"acme/shop","actor_ip":"203.0.113.9","user_agent":"git/2.39"}]`)
			return
		}
		fmt.Fprint(w, `[{"@timestamp":1763000060000,"action":"public_key.create","actor":"ann","org":"acme"}]`)
	}), nil)
	a, err := reviewer.Review(context.Background(), f, revoker.Verdict{}, reviewed)
	if err != nil {
		t.Fatal(err)
	}
	want := []revoker.Event{
		{At: time.UnixMilli(1763000000000).UTC(), Kind: "git.clone", Object: "acme/shop", Actor: "ann", IP: "203.0.113.9", Detail: "git/2.39"},
		{At: time.UnixMilli(1763000060000).UTC(), Kind: "public_key.create", Object: "acme", Actor: "ann", Outlives: true},
	}
	if diff := cmp.Diff(want, a.Events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	sum := sha256.Sum256([]byte(f.Token().Reveal()))
	phrase := fmt.Sprintf(`hashed_token:"%s" created:2026-11-01T00:00:00Z..2026-11-20T00:00:00Z`, base64.StdEncoding.EncodeToString(sum[:]))
	if !slices.Equal(phrases, []string{phrase, phrase}) || !slices.Equal(keys, []string{"Bearer operator-credential", "Bearer operator-credential"}) {
		t.Errorf("asked %q", phrases)
	}
	if a.Counts["git.clone"] != 1 || !mentions(a, "seven days") || !mentions(a, "reads through the API") {
		t.Errorf("counts %v, blind spots %q", a.Counts, a.BlindSpots)
	}
}

// TestGitHubReviewBlind: where the audit log cannot be read the review says so and what it takes, and is no error.
func TestGitHubReviewBlind(t *testing.T) {
	status := func(code int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(code)
			fmt.Fprintf(w, `{"message":"no: %s"}`, r.URL)
		})
	}
	for name, tc := range map[string]struct {
		answer http.Handler
		change func(*Options)
		want   string
	}{
		"no credential":   {status(500), func(o *Options) { o.Operator = nil }, "providers.github.credential"},
		"no organization": {status(500), func(o *Options) { o.GitHub.Organization = "" }, "providers.github.organization"},
		"403":             {status(403), nil, "read:audit_log"},
		"404":             {status(404), nil, "Enterprise Cloud"},
		"500":             {status(500), nil, "answered 500"},
		"redirect": {http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		}), nil, "answered 302"},
		"unreachable": {http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), nil, "api.github.com"},
		"another tongue": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "<html>")
		}), nil, "cannot be read"},
	} {
		reviewer, f := githubReview(t, tc.answer, tc.change)
		a, err := reviewer.Review(context.Background(), f, revoker.Verdict{}, reviewed)
		if err != nil || !mentions(a, tc.want) || len(a.Events) != 0 {
			t.Errorf("%s: %v, blind spots %q, want one with %q", name, err, a.BlindSpots, tc.want)
		}
		if text := fmt.Sprintf("%+v", a); strings.Contains(text, "audit-log?") || strings.Contains(text, "hashed_token") {
			t.Errorf("%s: the URL is told", name)
		}
	}
	reviewer, f := githubReview(t, status(500), func(o *Options) { o.Kill = func(context.Context) error { return errors.New("on") } })
	if _, err := reviewer.Review(context.Background(), f, revoker.Verdict{}, reviewed); !errors.Is(err, revoker.ErrStopped) {
		t.Errorf("with the kill switch on: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	reviewer, f = githubReview(t, status(500), nil)
	if _, err := reviewer.Review(ctx, f, revoker.Verdict{}, reviewed); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
}

// TestFlowReview: the events of a rule file's review flow, and what it does not see.
func TestFlowReview(t *testing.T) {
	set, rule := acmeRule(t)
	f := sampleFinding(rule, 1)
	changed := *rule
	changed.Review = rules.Flow{{
		Get:    "{{base}}/v1/keys/{{key_id}}/events?since={{since}}&until={{until}}",
		Header: map[string]string{"Authorization": "Bearer {{operator.acme}}"},
		Events: &rules.Events{List: ".events", Time: ".at", Actor: ".by", Action: ".what", Object: ".on", IP: ".ip"},
	}}
	var asked, as string
	answer := func(w http.ResponseWriter) {
		fmt.Fprintf(w, `{"events":[{"at":"2026-11-02T10:00:00Z","by":"ann","what":"read","on":"doc %s","ip":"203.0.113.9"},`+
			`{"at":"2026-10-02 10:00:00","what":"early"},{"at":"2026-12-02","what":"late"},{"what":"undated","on":"x"}]}`, f.Token().Reveal())
	}
	status := 200
	r := handled(t, set, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, as = r.URL.RequestURI(), r.Header.Get("Authorization")
		w.WriteHeader(status)
		answer(w)
	}), func(o *Options) {
		o.Operator = map[string]scanner.Secret{"acme": scanner.NewSecret("operator-credential")}
	})
	flow := r.flows(rule).Verifier.(*flow)
	flow.rule = &changed
	reviewer := &flowReviewer{flow}
	v := revoker.Verdict{Facts: map[string]string{"key_id": "k2"}}
	a, err := reviewer.Review(context.Background(), f, v, reviewed)
	want := []revoker.Event{
		{At: time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC), Kind: "read", Object: "(withheld: it holds the key)", Actor: "ann", IP: "203.0.113.9"},
		{Kind: "undated", Object: "x"},
	}
	if diff := cmp.Diff(want, a.Events); diff != "" || err != nil {
		t.Errorf("%v, events (-want +got):\n%s", err, diff)
	}
	if asked != "/v1/keys/k2/events?since=2026-11-01T00%3A00%3A00Z&until=2026-11-20T00%3A00%3A00Z" || as != "Bearer operator-credential" {
		t.Errorf("asked %s as %s", asked, as)
	}
	if !mentions(a, "one page of 4 events") {
		t.Errorf("blind spots %q", a.BlindSpots)
	}
	if status = 403; true {
		a, err = reviewer.Review(context.Background(), f, v, revoker.Window{})
	}
	if err != nil || !mentions(a, "answered 403") || !mentions(a, "last 90 days") || !mentions(a, "not confirmed dead") || len(a.Events) != 0 {
		t.Errorf("%v, blind spots %q", err, a.BlindSpots)
	}
	flow.operator = nil
	if a, err = reviewer.Review(context.Background(), f, v, reviewed); err != nil || !mentions(a, "providers.acme.credential") {
		t.Errorf("%v, blind spots %q", err, a.BlindSpots)
	}
}

// TestManual: steps for a person, filled in with what the issuer told and never with the key.
func TestManual(t *testing.T) {
	set, rule := acmeRule(t)
	changed := *rule
	changed.Revoke, changed.ManualURL = nil, "https://acme.example/keys"
	changed.Manual = []string{"Open {{base}}/keys.", "Delete {{key_name}} ({{key_id}}) of {{owner}}, not {{token}}."}
	r := handled(t, set, http.NotFoundHandler(), nil)
	p := r.flows(&changed)
	f := sampleFinding(rule, 1)
	receipt, err := p.Revoker.Revoke(context.Background(), f, revoker.Verdict{Facts: map[string]string{"key_id": "k2", "owner": "ann"}})
	want := []string{"Open https://api.acme.example/keys.", "Delete (key name not known) (k2) of ann, not (token not known)."}
	if diff := cmp.Diff(want, receipt.Steps); diff != "" || err != nil || receipt.State != revoker.Manual || receipt.Exchange != nil {
		t.Errorf("%v, %+v, steps (-want +got):\n%s", err, receipt, diff)
	}
	if want := (revoker.Action{Name: "manual", Call: "https://acme.example/keys", Idempotent: true}); p.Action != want {
		t.Errorf("action %+v, want %+v", p.Action, want)
	}
}

// TestAction: a plan names the call, how it is bound and what it needs; what cannot be done has no field.
func TestAction(t *testing.T) {
	set, rule := acmeRule(t)
	r := handled(t, set, http.NotFoundHandler(), nil)
	want := revoker.Action{Name: "delete", Call: "DELETE https://api.acme.example/v1/keys/{{key_id}}", Bind: "echoed"}
	p := r.Provider(rule.ID)
	if p.Action != want || p.Name != "acme" || p.Reviewer != nil {
		t.Errorf("action %+v of %q, want %+v", p.Action, p.Name, want)
	}
	if p := r.Provider("acme-unheard-of"); p != (revoker.Provider{}) {
		t.Errorf("a rule that is not known: %+v", p)
	}
	changed := *rule
	changed.Revoke = rules.Flow{rule.Revoke[0]}
	changed.Revoke[0].Header = map[string]string{"Authorization": "Bearer {{operator.acme}}"}
	if p := r.flows(&changed); p.Revoker != nil || p.Action != (revoker.Action{}) {
		t.Errorf("a revoke without its credential: %+v", p.Action)
	}
	r.options.Operator = map[string]scanner.Secret{"acme": scanner.NewSecret("operator-credential")}
	if p := r.flows(&changed); p.Revoker == nil || !p.Action.Operator {
		t.Errorf("a revoke with its credential: %+v", p.Action)
	}
}
