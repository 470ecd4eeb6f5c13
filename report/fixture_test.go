package report

import (
	"bytes"
	"iter"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// at is a time of the story that the fixture tells: minutes of the day on which the run was made, after days.
func at(days, minutes int) time.Time {
	return time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC).AddDate(0, 0, days).Add(time.Duration(minutes) * time.Minute)
}

// The keys of the story.
const (
	idLive     scanner.ID = "q-1111aaaa1111aaaa" // planned: a person has to revoke it
	idDead     scanner.ID = "q-2222bbbb2222bbbb" // revoked, confirmed, reviewed; a webhook outlives it
	idInactive scanner.ID = "q-3333cccc3333cccc"
	idUnknown  scanner.ID = "q-4444dddd4444dddd"
	idNotAsked scanner.ID = "q-5555eeee5555eeee" // nobody can be asked
)

const acmeRules = `provider: acme
docs: https://docs.acme.example/tokens
hosts: [api.acme.example]
rules:
  - id: acme-token
    name: Acme access token
    keywords: [acme_pat_]
    pattern: '\b(?P<token>acme_pat_[0-9A-Za-z]{30})\b'
    severity: critical
    grants: [read and write orders and invoices, make webhook subscriptions that may outlive the token]
    manual: ['Open Settings > Tokens of {{organization}}.', 'Find {{key_name}} and choose Delete.']
    manual_url: https://app.acme.example/settings/tokens
    examples: {match: ['ACME="{{sample}}"']}
    verify:
      - get: https://api.acme.example/v1/me
        header: {Authorization: 'Bearer {{token}}'}
        active: {status: 200}
        inactive: {status: 401}
        capture: {organization: .organization, key_name: .name}
        examples: [{reply: {status: 200}, want: active}, {reply: {status: 401}, want: inactive}, {reply: {status: 503}, want: unknown}]
  - id: acme-database
    name: Acme database password
    keywords: [acmedb_]
    pattern: '\b(?P<token>acmedb_[0-9A-Za-z]{20})\b'
    severity: medium
    examples: {match: ['DB="{{sample}}"']}
`

// ruleSet are rules of the tests' own, so that no golden file changes with the rules that ship.
func ruleSet(t testing.TB) *rules.Set {
	t.Helper()
	set, err := new(rules.Set).With("acme.yaml", []byte(acmeRules), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func tokenAt(id scanner.ID, confidence rules.Confidence, where scanner.Location) Item {
	return Item{Finding: &Finding{
		ID: id, Rule: "acme-token", Name: "Acme access token", Provider: "acme", Severity: rules.SeverityCritical, Confidence: confidence,
		Reasons: []string{"prefix acme_pat_", "entropy 4.6", "beside ACME_TOKEN"}, Redacted: "acme_pat_… 39 chars", Target: "shop", Location: where,
	}}
}

func password(id scanner.ID, where scanner.Location) Item {
	return Item{Finding: &Finding{
		ID: id, Rule: "acme-database", Name: "Acme database password", Provider: "acme", Severity: rules.SeverityMedium, Confidence: rules.Medium,
		Reasons: []string{"beside DATABASE_URL"}, Redacted: "acmedb_… 27 chars", Target: "shop", Location: where,
	}}
}

func commitAt(path string, line int, hash string, days int, author string, head bool, refs ...string) scanner.Location {
	return scanner.Location{
		Path: path, Line: line, Column: 12, EndLine: line, EndColumn: 51, Offset: int64(40 * line), Length: 39, Repository: "shop",
		Blob: "b10b" + hash[4:], Commit: hash, Author: author, AuthorEmail: "dev@acme.example", Time: at(days, -3), Refs: refs, InHead: head,
	}
}

// removed is a place from which a commit took the key.
func removed(where scanner.Location, hash string, days int) scanner.Location {
	where.RemovedIn, where.Removed = hash, at(days, 0)
	return where
}

func commentAt(record, field string, days int, author string) scanner.Location {
	return scanner.Location{
		Path: "exports/OPS.xml", Line: 41, Column: 3, EndLine: 41, EndColumn: 42, Length: 39, Record: record, Field: field, Author: author,
		Time: at(days, 12), URL: "https://jira.acme.example/browse/" + record,
	}
}

func exchange(method, path string, status int, when time.Time) *revoker.Exchange {
	return &revoker.Exchange{Method: method, URL: "https://api.acme.example" + path, Status: status, At: when}
}

func active(keyName string, when time.Time) *revoker.Verdict {
	return &revoker.Verdict{
		Validity: revoker.Active, Reason: "answered 200; with one character changed it answered 401", At: when,
		Facts: map[string]string{"organization": "Acme GmbH", "owner": "ops@acme.example", "scopes": "read, write", "key_name": keyName},
		Proof: exchange("GET", "/v1/me", 200, when), Control: exchange("GET", "/v1/me", 401, when),
	}
}

// findings of the story.
func findings() []Item {
	return []Item{
		tokenAt(idInactive, rules.Medium, commitAt("scripts/import.sh", 2, "beae2d4a00000000000000000000000000000000", -20, "Ben Cho", true, "main")),
		tokenAt(idLive, rules.High, removed(commitAt("config/acme.env", 3, "c6dd548b00000000000000000000000000000000", -40, "Ann Lee", false, "main", "reporting", "v1.0", "v1.1"), "e11f0a9a00000000000000000000000000000000", -38)),
		tokenAt(idLive, rules.High, scanner.Location{Path: "deploy/values.yaml", Line: 18, Column: 9, EndLine: 18, EndColumn: 48, Length: 39}),
		tokenAt(idLive, rules.High, commentAt("OPS-7", "comment 5501", -35, "Ben Cho")),
		tokenAt(idDead, rules.High, commitAt("reports/settings.yaml", 3, "f7de7a0c00000000000000000000000000000000", -30, "Cem Aydın", false, "reporting")),
		tokenAt(idDead, rules.High, commentAt("OPS-9", "description", -28, "Cem Aydın")),
		password(idNotAsked, commitAt("docker-compose.yml", 9, "0badcafe00000000000000000000000000000000", -10, "Ann Lee", true, "main")),
		tokenAt(idUnknown, rules.Low, scanner.Location{Commit: "5eed5eed00000000000000000000000000000000", Field: "message", Line: 1, Repository: "shop", Time: at(-5, 0), Author: "Ann Lee", Unreachable: true}),
	}
}

// outcomes of the story: what was asked, planned and done.
func outcomes() []Item {
	manual := revoker.Action{Name: "manual", Call: "manual revoke (Acme documents no API for it)", Idempotent: true}
	remove := revoker.Action{Name: "delete", Call: "DELETE https://api.acme.example/v1/tokens/self", Bind: "self", Idempotent: true, Collateral: "sessions that the token opened"}
	execute := revoker.Decision{Verb: revoker.Execute, Reason: `policy.yaml: rule "our own tokens"`, Action: remove}
	propose := revoker.Decision{Verb: revoker.Propose, Reason: "policy.yaml: no rule matches, so it is planned only", Action: manual, Needs: revoker.NeedsPolicy}
	dead := active("Reporting", at(0, 1))
	return []Item{
		{Outcome: &revoker.Outcome{
			ID: idInactive, Rule: "acme-token", Stage: revoker.StageDead, Reason: "inactive before we did anything: answered 401",
			Verdict: &revoker.Verdict{Validity: revoker.Inactive, Reason: "answered 401", At: at(0, 1), Proof: exchange("GET", "/v1/me", 401, at(0, 1))},
		}},
		{Outcome: &revoker.Outcome{
			ID: idLive, Rule: "acme-token", Stage: revoker.StagePlanned, Reason: propose.Reason, Verdict: active("Warehouse sync", at(0, 1)),
			Decision: &propose, Window: revoker.Window{From: at(-40, -3)},
		}},
		{Outcome: &revoker.Outcome{
			ID: idDead, Rule: "acme-token", Stage: revoker.StageReviewed, Verdict: dead, Decision: &execute,
			Receipt:  &revoker.Receipt{State: revoker.Requested, Action: "delete", At: at(0, 2), Reference: "req-77", Exchange: exchange("DELETE", "/v1/tokens/self", 202, at(0, 2))},
			Activity: deeds(), Window: revoker.Window{From: at(-30, -3), To: at(0, 3)}, Looks: 3, Revoked: at(0, 2), Confirmed: at(0, 3),
		}},
		{Outcome: &revoker.Outcome{
			ID: idUnknown, Rule: "acme-token", Stage: revoker.StageUnknown, Reason: "the issuer gave no clear answer: answered 503", RetryAfter: 30 * time.Second,
			Verdict: &revoker.Verdict{Validity: revoker.Unknown, Reason: "answered 503", At: at(0, 2), Proof: exchange("GET", "/v1/me", 503, at(0, 2))},
		}},
		{Plan: &revoker.Plan{
			Schema: "quash.plan/1", Made: at(0, 4), Expires: at(1, 4), By: "ann", Hash: "sha256:0",
			Actions: []revoker.PlanAction{{
				ID: idLive, Rule: "acme-token", Provider: "acme", Redacted: "acme_pat_… 39 chars", Owner: "Acme GmbH", Action: manual,
				From:   []scanner.Location{commitAt("config/acme.env", 3, "c6dd548b00000000000000000000000000000000", -40, "Ann Lee", false)},
				Breaks: []string{"warehouse-sync"}, Steps: []string{"Open Settings > Tokens of {{organization}}.", "Find {{key_name}} and choose Delete."}, Needs: revoker.NeedsPolicy,
			}},
		}},
	}
}

func deeds() *revoker.Activity {
	return &revoker.Activity{
		Window: revoker.Window{From: at(-30, -3), To: at(0, 3)},
		Events: []revoker.Event{
			{At: at(-6, 0), Kind: "invoice", Object: "inv-1001", Detail: "created and changed"},
			{At: at(-2, 0), Kind: "webhook subscription", Object: "sub-9", Detail: `"sync2" → https://collect.example.net (order.created): active, created while the key was exposed, NOT on your list of targets`, Outlives: true},
			{At: at(-300, 0), Kind: "webhook subscription", Object: "sub-1", Detail: `"warehouse" → https://hooks.acme.example (order.created): active`, Expected: true},
			{At: at(-5, 0), Kind: "invoice", Object: "inv-1002", Actor: "Ann", IP: "192.0.2.7", Detail: "changed"},
		},
		Counts:   map[string]int{"invoices": 2, "orders": 1241, "payments": 0},
		CanWrite: []string{"orders", "invoices", "webhook subscriptions"},
		BlindSpots: []string{
			"reads: no issuer lists them", "deletions: a list does not show what is gone", "attribution: nothing says which key made a change",
		},
	}
}

func config() Item {
	return Item{Config: &Config{
		Schema: Schema, Quash: "0.1.0", Command: "respond", Targets: []string{"shop", "exports/OPS.xml"}, Started: at(0, 0), Rules: "r-0123456789ab", RuleCount: 2,
		Options: []string{"--min-confidence=low", "--plan=plans/today.json"}, Verify: true,
	}}
}

func stats() Item {
	return Item{Stats: &Stats{
		Stats: scanner.Stats{
			Bytes: 1 << 20, Chunks: 18, Findings: 8, Keys: 5, Allowed: 2, Excluded: 1, Unsure: 3,
			Coverage: scanner.Coverage{Seen: map[string]int{"commits": 1204, "branches": 8, "blobs": 18332, "files": 412, "records": 1}, Skipped: map[string]int{"binary": 12}},
			Gaps: []scanner.Gap{
				{What: "shallow clone", Why: "history before 2026-09-14 is missing", Next: "git fetch --unshallow"},
				{What: "submodule vendor/pay", Why: "not checked out", Next: "git submodule update --init vendor/pay"},
			},
		},
		Ended: at(0, 5), Seconds: 2.25, Unchecked: []string{"acme-database: no issuer answers for it"}, Exit: 4,
	}}
}

// story is one run with all that a run can hold.
func story() []Item {
	items := []Item{config(), {Progress: &Progress{Reading: "shop", Bytes: 4096, Chunks: 3, At: at(0, 0)}}}
	items = append(items, findings()...)
	items = append(items, Item{Verdict: &Verdict{ID: idUnknown, Rule: "acme-token", Verdict: revoker.Verdict{Validity: revoker.Unknown, Reason: "answered 503", RetryAfter: 30 * time.Second}}})
	return append(append(items, outcomes()...), stats())
}

// of yields items as a run does.
func of(items ...Item) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for _, it := range items {
			if !yield(it, nil) {
				return
			}
		}
	}
}

// render writes items in a format.
func render(t testing.TB, format string, run Run, items ...Item) string {
	t.Helper()
	f, err := ByName(format)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b, run, of(items...)); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}
