package revoker

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/quash-sh/quash/scanner"
)

const wholePolicy = `schema: quash.policy/1
owners:
  - {provider: acme, owner: Acme*}
never:
  ids: [q-00000000000000ff]
  owners: ["*billing*"]
caps: {run: 3, provider: 2, hour: 10}
quiet:
  zone: Europe/Berlin
  windows:
    - {days: [fri, sat], from: "22:00", to: "06:00"}
rules:
  - name: leaked in public
    match: {provider: acme, rule: [acme-token, "acme-key-*"], owner: Acme, environment: production, exposure: public, privilege: [admin, unknown], reversible: true}
    mode: auto
    without_approval: [irreversible]
  - mode: approve
`

func TestLoadPolicy(t *testing.T) {
	p, err := LoadPolicy("policy.yaml", []byte(wholePolicy))
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	want := Policy{
		Name:   "policy.yaml",
		Owners: []Authority{{Provider: "acme", Owner: "Acme*"}},
		Never:  Never{IDs: []scanner.ID{"q-00000000000000ff"}, Owners: []string{"*billing*"}},
		Caps:   Caps{Run: 3, Provider: 2, Hour: 10},
		Quiet:  Quiet{Zone: "Europe/Berlin", Windows: []QuietWindow{{Days: []string{"fri", "sat"}, From: "22:00", To: "06:00"}}},
		Rules: []PolicyRule{
			{
				Name: "leaked in public", Mode: ModeAuto, WithoutApproval: []Risk{RiskIrreversible},
				Match: Match{
					Provider: Patterns{"acme"}, Rule: Patterns{"acme-token", "acme-key-*"}, Owner: Patterns{"Acme"}, Environment: Patterns{"production"},
					Exposure: Patterns{"public"}, Privilege: Patterns{"admin", "unknown"}, Reversible: &yes,
				},
			},
			{Mode: ModeApprove},
		},
	}
	if diff := cmp.Diff(want, p, cmpopts.IgnoreUnexported(Quiet{})); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
}

func TestLoadPolicyRefuses(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"schema: quash.policy/1", "schema: quash.policy/2", `line 1: schema: "quash.policy/2" is not known; write schema: quash.policy/1`},
		{"schema: quash.policy/1\n", "", `line 1: schema: "" is not known; write schema: quash.policy/1`},
		{"mode: approve", "mode: aprove", `line 17: rules[2].mode: "aprove" is not a mode; use dry-run, approve or auto`},
		{"  - mode: approve", "  - name: rest", `line 17: rules[2].mode: "" is not a mode; use dry-run, approve or auto`},
		{"mode: approve", "mdoe: approve", `line 17: field mdoe not found in this part of a policy; see the policy guide for the fields`},
		{"provider: acme, owner: Acme*", "provider: acme", `line 3: owners[1].owner: it is empty; write the owner as quash verify shows it`},
		{"provider: acme, owner: Acme*", "provider: acm*, owner: a", `line 3: owners[1].provider: "acm*" is not the name of a provider; write it in full, as quash rules list shows it`},
		{"owners:\n  - {provider: acme, owner: Acme*}\n", "", `line 1: owners: there is none, so that no rule can execute; list provider and owner of your keys`},
		{"q-00000000000000ff", "q-ff", `line 5: never.ids[1]: "q-ff" is not a finding ID; it is q- and 16 hex digits`},
		{`"*billing*"`, `" "`, `line 6: never.owners[1]: it is empty; write an owner, or take it out`},
		{"run: 3", "run: 0", `line 7: caps.run: 0 is not a cap; write at least 1, or use mode dry-run to execute nothing`},
		{"hour: 10", "hour: -1", `line 7: caps.hour: -1 is not a cap; write at least 1, or use mode dry-run to execute nothing`},
		{"run: 3", "run: many", "line 7: cannot unmarshal !!str `many` into int; see the policy guide for the fields"},
		{"Europe/Berlin", "Europe/Quash", `line 9: quiet.zone: "Europe/Quash" is not a time zone; write a name like Europe/Berlin or UTC`},
		{"  zone: Europe/Berlin\n", "", `line 9: quiet.zone: "" is not a time zone; write a name like Europe/Berlin or UTC`},
		{"22:00", "25:00", `line 11: quiet.windows[1].from: "25:00" is not a time; write HH:MM in quotes, 00:00 to 23:59`},
		{"22:00", "24:00", `line 11: quiet.windows[1].from: "24:00" is not a time; write HH:MM in quotes, 00:00 to 23:59`},
		{"06:00", "6:00", `line 11: quiet.windows[1].to: "6:00" is not a time; write HH:MM in quotes, 00:00 to 24:00`},
		{"06:00", "22:00", `line 11: quiet.windows[1].to: the window ends when it begins; for a whole day write 00:00 to 24:00`},
		{"fri, sat", "fri, Sat", `line 11: quiet.windows[1].days[2]: "Sat" is not a day; use mon, tue, wed, thu, fri, sat, sun`},
		{"exposure: public", "exposure: everyone", `line 14: rules[1].match.exposure: "everyone" is not one; use public, internal, local, unknown`},
		{"owner: Acme, environment", "owner: [], environment", `line 14: rules[1].match.owner: the list is empty; take it out, or name a value`},
		{"owner: Acme, environment", `owner: "", environment`, `line 14: rules[1].match.owner: a value is empty; take it out`},
		{"[irreversible]", "[everything]", `line 16: rules[1].without_approval[1]: "everything" is not a risk; use irreversible, collateral or operator`},
		{"  - mode: approve", "  - {mode: approve, without_approval: [operator]}", `line 17: rules[2].without_approval: it is for mode auto and the mode is approve; take it out`},
		{"mode: auto", "mode: auto\n    mode: auto", "line 16: mapping key \"mode\" already defined at line 15; see the policy guide for the fields"},
		{"  - mode: approve\n", "  - mode: approve\n---\nschema: quash.policy/1\n", `it holds more than one document; remove what follows ---`},
		{wholePolicy, "", `it is empty; begin with schema: quash.policy/1`},
		{wholePolicy, "# nothing\n", `it is empty; begin with schema: quash.policy/1`},
		{wholePolicy, "schema: quash.policy/1\n", `line 1: rules: there is none; without one everything is only planned, which needs no policy`},
		{wholePolicy, "- a\n", "line 1: cannot unmarshal !!seq in this part of a policy; see the policy guide for the fields"},
		{"  - mode: approve", "  - approve", "line 17: cannot unmarshal !!str `approve` in this part of a policy; see the policy guide for the fields"},
		{wholePolicy, strings.Repeat("#", maxPolicy+1), fmt.Sprintf("it has %d bytes and %d are the most; name a policy file", maxPolicy+1, maxPolicy)},
	} {
		if !strings.Contains(wholePolicy, c.from) {
			t.Fatalf("%q is not in the policy", c.from)
		}
		_, err := LoadPolicy("p.yaml", []byte(strings.Replace(wholePolicy, c.from, c.to, 1)))
		if err == nil || err.Error() != `policy "p.yaml": `+c.want {
			t.Errorf("%.60q for %.60q:\n got %v\nwant policy \"p.yaml\": %s", c.to, c.from, err, c.want)
		}
	}
}

func TestDecideTakesTheFirstRuleThatMatches(t *testing.T) {
	v := Verdict{Validity: Active, Facts: map[string]string{"organization": "Acme", "environment": "staging"}, Control: &Exchange{Status: 401}}
	for _, c := range []struct {
		name  string
		match Match
		facts Facts
		want  bool
	}{
		{"empty", Match{}, Facts{}, true},
		{"provider", Match{Provider: Patterns{"acme"}}, Facts{}, true},
		{"other provider", Match{Provider: Patterns{"acm"}}, Facts{}, false},
		{"one of several", Match{Rule: Patterns{"x", "acme-*"}}, Facts{}, true},
		{"owner", Match{Owner: Patterns{"A?me"}}, Facts{}, true},
		{"other owner", Match{Owner: Patterns{"acme"}}, Facts{}, false},
		{"the issuer's environment", Match{Environment: Patterns{"staging"}}, Facts{}, true},
		{"the inventory's environment first", Match{Environment: Patterns{"staging"}}, Facts{Environment: "production"}, false},
		{"exposure", Match{Exposure: Patterns{"public", "internal"}}, Facts{Exposure: ExposureInternal}, true},
		{"other exposure", Match{Exposure: Patterns{"public"}}, Facts{Exposure: ExposureLocal}, false},
		{"exposure not known", Match{Exposure: Patterns{"public"}}, Facts{}, false},
		{"unknown is a value", Match{Privilege: Patterns{"unknown"}}, Facts{}, true},
		{"privilege", Match{Privilege: Patterns{"admin"}}, Facts{Privilege: PrivilegeAdmin}, true},
		{"reversible", Match{Reversible: new(bool)}, Facts{}, false},
		{"all must fit", Match{Provider: Patterns{"acme"}, Exposure: Patterns{"public"}}, Facts{}, false},
	} {
		p := autoPolicy()
		p.Rules[0].Match, p.Rules[0].Name = c.match, "first"
		p.Rules = append(p.Rules, PolicyRule{Name: "second", Mode: ModeDryRun})
		d := p.Decide(found(1), v, nil, Situation{Now: start, Provider: "acme", Action: selfRevoke, Facts: c.facts})
		rule := map[bool]string{true: `rule "first"`, false: `rule "second"`}[c.want]
		if (d.Verb == Execute) != c.want || !strings.Contains(d.Reason, rule) {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

func TestNeverRevokeList(t *testing.T) {
	for _, never := range []Never{
		{IDs: []scanner.ID{found(1).ID}},
		{Owners: []string{"ACME"}},
		{Owners: []string{"ann"}},
		{Owners: []string{"u?"}},
		{Owners: []string{"ops*"}},
	} {
		b := newBench(t, selfRevoke)
		b.Policy.Never = never
		b.Facts = func(scanner.Finding, Verdict) Facts { return Facts{Owner: "Ops team"} }
		wantStage(t, b.respond(t), StageLeft)
		wantRevokes(t, b.issuer, 0)
	}
}

func TestQuietHours(t *testing.T) {
	quiet := func(days, from, to string) Quiet {
		q := Quiet{Zone: "Europe/Berlin", Windows: []QuietWindow{{From: from, To: to}}}
		if days != "" {
			q.Windows[0].Days = strings.Split(days, ",")
		}
		return q
	}
	for _, c := range []struct {
		at   string // UTC; Berlin is an hour ahead in winter, two in summer; 2026-03-02 is a Monday
		q    Quiet
		want bool
	}{
		{"2026-03-02T08:59", quiet("", "10:00", "12:00"), false},
		{"2026-03-02T09:00", quiet("", "10:00", "12:00"), true},
		{"2026-03-02T10:59", quiet("", "10:00", "12:00"), true},
		{"2026-03-02T11:00", quiet("", "10:00", "12:00"), false},
		{"2026-07-06T08:00", quiet("", "10:00", "12:00"), true},
		{"2026-03-02T21:00", quiet("mon", "22:00", "06:00"), true},
		{"2026-03-03T04:59", quiet("mon", "22:00", "06:00"), true},
		{"2026-03-03T05:00", quiet("mon", "22:00", "06:00"), false},
		{"2026-03-02T04:00", quiet("mon", "22:00", "06:00"), false},
		{"2026-03-02T04:00", quiet("sun", "22:00", "06:00"), true},
		{"2026-03-02T22:59", quiet("mon", "00:00", "24:00"), true},
		{"2026-03-02T23:00", quiet("mon", "00:00", "24:00"), false},
		{"2026-03-02T12:00", Quiet{Zone: "Europe/Berlin"}, false},
		{"2026-03-02T12:00", Quiet{}, false},
		{"2026-03-02T12:00", Quiet{Zone: "No/Where", Windows: []QuietWindow{{From: "01:00", To: "02:00"}}}, true},
		{"2026-03-02T12:00", Quiet{Windows: []QuietWindow{{From: "soon", To: "02:00"}}}, true},
	} {
		at, err := time.Parse("2006-01-02T15:04", c.at)
		if err != nil {
			t.Fatal(err)
		}
		if _, got := c.q.at(at); got != c.want {
			t.Errorf("%s in %v: %t, want %t", c.at, c.q, got, c.want)
		}
	}
	b := newBench(t, selfRevoke)
	b.Policy.Quiet = quiet("", "13:00", "14:00")
	out := b.respond(t)
	if out.Decision.Needs != NeedsHour {
		t.Errorf("outcome %+v", out)
	}
	wantRevokes(t, b.issuer, 0)
}

func TestFitsAgreesWithRegexp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?.]{0,8}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[ab.ü]{0,10}`).Draw(t, "text")
		re := regexp.MustCompile(`^(?s)` + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern)) + `$`)
		if got, want := fits(pattern, text), re.MatchString(text); got != want {
			t.Fatalf("fits(%q, %q) = %t", pattern, text, got)
		}
	})
}

// TestDecideExecutesOnlyAllowed looks for a situation in which something is executed that should not be.
func TestDecideExecutesOnlyAllowed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
		v := Verdict{Validity: Validity(draw("validity", "active", "inactive", "unknown", "")), Facts: map[string]string{"organization": draw("owner", "", "Acme", "Other")}}
		if rapid.Bool().Draw(t, "control") {
			v.Control = &Exchange{Status: 401}
		}
		a := Action{
			Name: draw("action", "", "delete"), Bind: draw("bind", "value", "self"), Reversible: rapid.Bool().Draw(t, "reversible"),
			Operator: rapid.Bool().Draw(t, "operator"), Collateral: draw("collateral", "", "app"),
		}
		p := Policy{
			Owners: []Authority{{Provider: draw("listed provider", "acme", "other"), Owner: draw("listed owner", "Acme", "*")}},
			Rules:  []PolicyRule{{Mode: Mode(draw("mode", "auto", "approve", "dry-run", ""))}},
			Caps:   Caps{Run: rapid.IntRange(0, 2).Draw(t, "cap")},
		}
		s := Situation{Now: start, Provider: draw("provider", "acme", ""), Action: a, Used: Used{Run: rapid.IntRange(0, 6).Draw(t, "used")}, Tripped: draw("tripped", "", "yes")}
		d := p.Decide(found(1), v, nil, s)
		if diff := cmp.Diff(d, p.Decide(found(1), v, nil, s)); diff != "" {
			t.Fatalf("two answers:\n%s", diff)
		}
		limit := p.Caps.Run
		if limit == 0 {
			limit = 5
		}
		listed := p.Owners[0].Provider == s.Provider && (p.Owners[0].Owner == v.Owner() || p.Owners[0].Owner == "*" && a.Bind == "value" && !a.Operator)
		may := v.Validity == Active && v.Control != nil && listed && p.Rules[0].Mode == ModeAuto && a.Name != "" &&
			a.Reversible && !a.Operator && a.Collateral == "" && s.Tripped == "" && s.Used.Run < limit
		if (d.Verb == Execute) != may || (d.Needs == "") != (d.Verb == Execute || v.Validity != Active) {
			t.Fatalf("decision %+v, may execute: %t", d, may)
		}
	})
}

func FuzzLoadPolicy(f *testing.F) {
	f.Add([]byte(wholePolicy))
	f.Add([]byte("schema: quash.policy/1\nrules: [{mode: dry-run}]\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := LoadPolicy("p.yaml", data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), `policy "p.yaml": `) || strings.Contains(err.Error(), "%!") {
				t.Errorf("error %q", err)
			}
			return
		}
		d := p.Decide(found(1), Verdict{Validity: Active}, nil, Situation{Now: start, Provider: "acme", Action: selfRevoke})
		if d.Verb == Execute {
			t.Errorf("executes without control: %+v", d)
		}
	})
}
