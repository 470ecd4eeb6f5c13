package revoker

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
)

// rotate is an action that takes two persons.
var rotate = Action{Name: "rotate", Bind: "self", Collateral: "all sessions"}

// planFor is ann's plan for the first n keys.
func planFor(t *testing.T, n int, a Action) Plan {
	t.Helper()
	var actions []PlanAction
	for i := n; i > 0; i-- {
		f := found(i)
		v := Verdict{Facts: newIssuer().facts}
		actions = append(actions, NewPlanAction(f, "acme", v, Facts{}, Decision{Action: a, Needs: NeedsApproval}, []scanner.Location{f.At}))
	}
	p, err := MakePlan("ann", start, time.Hour, actions)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlanRoundTrip(t *testing.T) {
	p := planFor(t, 3, rotate)
	data, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadPlan("plan.json", data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, again); diff != "" {
		t.Errorf("plan (-made +loaded):\n%s", diff)
	}
	if p.Actions[0].ID != found(1).ID {
		t.Error("the actions are not in order")
	}
}

func TestG17AlteredPlanIsAnotherPlan(t *testing.T) {
	data, err := planFor(t, 2, rotate).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		for _, flip := range []byte{1, 0x20} {
			other := bytes.Clone(data)
			other[i] ^= flip
			if _, err := LoadPlan("plan.json", other); err == nil {
				t.Errorf("byte %d (%q) ^ %#x: loaded", i, data[i], flip)
			}
		}
	}
	for name, other := range map[string][]byte{
		"no newline":    bytes.TrimSpace(data),
		"more space":    append(bytes.Clone(data), '\n'),
		"second plan":   append(bytes.Clone(data), data...),
		"unknown field": bytes.Replace(data, []byte(`"by"`), []byte(`"approved": true, "by"`), 1),
		"given twice":   bytes.Replace(data, []byte(`"by"`), []byte(`"by": "eve", "by"`), 1),
		"empty":         nil,
	} {
		_, err := LoadPlan("plan.json", other)
		mustHave(t, err, `plan "plan.json"`, "make the plan again")
		if err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

func TestMakePlanRefuses(t *testing.T) {
	good := planFor(t, 1, rotate).Actions[0]
	for _, c := range []struct {
		name    string
		by      string
		valid   time.Duration
		actions []PlanAction
		words   string
	}{
		{"nobody", " ", time.Hour, nil, "name a person"},
		{"no time", "ann", 0, nil, "time to live"},
		{"twice", "ann", time.Hour, []PlanAction{good, good}, "twice"},
		{"no action", "ann", time.Hour, []PlanAction{{ID: "q-1", Rule: "r"}}, "lacks"},
	} {
		_, err := MakePlan(c.by, start, c.valid, c.actions)
		mustHave(t, err, c.words)
	}
	odd := good
	odd.Breaks = []string{"job \xff"}
	p, err := MakePlan("ann", start, time.Hour, []PlanAction{odd})
	if err != nil {
		t.Fatal(err)
	}
	data, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LoadPlan("plan.json", data); err != nil {
		t.Errorf("text that is not UTF-8: %v", err)
	}
}

func TestG17FourEyes(t *testing.T) {
	p := planFor(t, 1, rotate)
	for _, c := range []struct {
		by   string
		at   time.Time
		want string
	}{
		{"ben", start, ""},
		{"ann", start, "ask somebody else"},
		{" ANN ", start, "ask somebody else"},
		{"", start, "who approves"},
		{"ben", start.Add(time.Hour), "expired"},
	} {
		a, err := p.Approve(c.by, c.at)
		if c.want != "" {
			mustHave(t, err, c.want)
			continue
		}
		if err != nil || a.Plan != p.Hash || a.By != "ben" || a.Requested != "ann" || !a.Expires.Equal(p.Expires) {
			t.Errorf("%+v: %+v, %v", c, a, err)
		}
	}
	altered := p
	altered.Expires = altered.Expires.Add(time.Hour)
	_, err := altered.Approve("ben", start)
	mustHave(t, err, "was changed")
	empty, err := MakePlan("ann", start, time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = empty.Approve("ben", start)
	mustHave(t, err, "nothing in it")
}

// approve puts a second person's approval of the plan on record.
func approve(t *testing.T, b *bench, p Plan) Approval {
	t.Helper()
	a, err := p.Approve("ben", b.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := RecordApproval(t.Context(), b.Journal, b.Run, p, a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestG17ApprovedPlanIsCarriedOut(t *testing.T) {
	two := func(b *bench) {
		b.Policy.Rules[0].WithoutApproval = nil
		b.Policy.Quiet = Quiet{Zone: "UTC", Windows: []QuietWindow{{From: "00:00", To: "24:00"}}}
	}
	for _, c := range []struct {
		name  string
		set   func(t *testing.T, b *bench, p *Plan)
		needs string // "" is executed
	}{
		{"approved", func(t *testing.T, b *bench, p *Plan) { approve(t, b, *p) }, ""},
		{"mode approve", func(t *testing.T, b *bench, p *Plan) {
			b.Policy.Rules[0].Mode = ModeApprove
			approve(t, b, *p)
		}, ""},
		{"not approved", func(*testing.T, *bench, *Plan) {}, NeedsApproval},
		{"no plan", func(t *testing.T, b *bench, p *Plan) {
			approve(t, b, *p)
			b.Plan = nil
		}, NeedsApproval},
		{"expired", func(t *testing.T, b *bench, p *Plan) {
			approve(t, b, *p)
			b.clock.now = start.Add(time.Hour)
		}, NeedsApproval},
		{"another plan was approved", func(t *testing.T, b *bench, p *Plan) { approve(t, b, planFor(t, 2, rotate)) }, NeedsApproval},
		{"altered after approval", func(t *testing.T, b *bench, p *Plan) {
			approve(t, b, *p)
			p.Actions[0].Breaks = []string{"nothing"}
		}, NeedsApproval},
		{"approved by who asked", func(t *testing.T, b *bench, p *Plan) {
			a := Approval{Plan: p.Hash, By: "Ann", Requested: "ann", At: start, Expires: p.Expires}
			if err := RecordApproval(t.Context(), b.Journal, b.Run, *p, a); err == nil {
				t.Error("recorded")
			}
			if err := b.Journal.Append(t.Context(), Entry{ID: found(1).ID, Kind: KindApproved, Approval: &a}); err != nil {
				t.Fatal(err)
			}
		}, NeedsApproval},
		{"another action", func(t *testing.T, b *bench, p *Plan) {
			approve(t, b, *p)
			a := rotate
			a.Call = "DELETE everything"
			b.Provider = func(string) Provider { return b.issuer.provider(a) }
		}, NeedsListing},
		{"another owner", func(t *testing.T, b *bench, p *Plan) {
			approve(t, b, *p)
			b.issuer.facts["organization"] = "Other"
		}, NeedsListing},
		{"another provider", func(t *testing.T, b *bench, p *Plan) {
			approve(t, b, *p)
			q := b.issuer.provider(rotate)
			q.Name = "other"
			b.Provider = func(string) Provider { return q }
		}, NeedsListing},
		{"never-revoke list", func(t *testing.T, b *bench, p *Plan) {
			approve(t, b, *p)
			b.Policy.Never.Owners = []string{"ACM*"}
		}, "-"},
		{"dry run", func(t *testing.T, b *bench, p *Plan) {
			approve(t, b, *p)
			b.Execute = false
		}, NeedsExecute},
		{"no policy", func(t *testing.T, b *bench, p *Plan) {
			approve(t, b, *p)
			b.Policy = Policy{}
		}, NeedsPolicy},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, rotate)
			two(b)
			p := planFor(t, 1, rotate)
			b.Plan = &p
			c.set(t, b, &p)
			out := b.respond(t)
			if c.needs != "-" && out.Decision.Needs != c.needs {
				t.Errorf("needs %q (%s), want %q", out.Decision.Needs, out.Reason, c.needs)
			}
			wantRevokes(t, b.issuer, map[bool]int{true: 1}[c.needs == ""])
		})
	}
}

func TestG17OnlyListedKeysAreExecuted(t *testing.T) {
	b := newBench(t, selfRevoke)
	p := planFor(t, 2, selfRevoke)
	b.Plan = &p
	approve(t, b, p)
	revoked, needs := many(t, b, 1, 5, func(int, *issuer) {})
	if revoked != 2 || needs[NeedsListing] != 2 {
		t.Errorf("%d revoked, needs %v", revoked, needs)
	}
}

func TestG17RisksTakeTwoPersons(t *testing.T) {
	for _, c := range []struct {
		name   string
		action Action
		waived []Risk
		want   string
	}{
		{"none", Action{Name: "a", Reversible: true}, nil, ""},
		{"irreversible", Action{Name: "a"}, nil, "irreversible"},
		{"collateral", Action{Name: "a", Reversible: true, Collateral: "app"}, nil, "not confined"},
		{"operator", Action{Name: "a", Reversible: true, Operator: true}, nil, "operator's credential"},
		{"irreversible, waived", Action{Name: "a"}, []Risk{RiskIrreversible}, ""},
		{"one of two waived", Action{Name: "a", Operator: true}, []Risk{RiskIrreversible}, "operator's credential"},
		{"all waived", Action{Name: "a", Operator: true, Collateral: "app"}, []Risk{RiskIrreversible, RiskOperator, RiskCollateral}, ""},
		{"work order", Action{Name: "manual", Collateral: "app"}, nil, ""},
	} {
		p := autoPolicy()
		p.Rules[0].WithoutApproval = c.waived
		v := Verdict{Validity: Active, Facts: newIssuer().facts, Control: &Exchange{Status: 401}}
		d := p.Decide(found(1), v, nil, Situation{Now: start, Provider: "acme", Action: c.action})
		if want := map[bool]Verb{true: Execute, false: Propose}[c.want == ""]; d.Verb != want || !strings.Contains(d.Reason, c.want) {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

func TestRecordApprovalThatCannotBeWritten(t *testing.T) {
	b := newBench(t, rotate)
	p := planFor(t, 2, rotate)
	a, err := p.Approve("ben", start)
	if err != nil {
		t.Fatal(err)
	}
	err = RecordApproval(t.Context(), &brittle{Journal: b.Journal, left: 1}, b.Run, p, a)
	mustHave(t, err, "record approval of", "no space left")
	mustHave(t, errors.Join(RecordApproval(t.Context(), b.Journal, b.Run, planFor(t, 1, rotate), a)), "not for this plan")
}

func FuzzLoadPlan(f *testing.F) {
	p, err := MakePlan("ann", start, time.Hour, []PlanAction{{ID: "q-1", Rule: "r", Action: rotate}})
	if err != nil {
		f.Fatal(err)
	}
	data, err := p.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := LoadPlan("plan.json", data)
		if err != nil {
			return
		}
		if again, err := p.Encode(); err != nil || !bytes.Equal(again, data) {
			t.Errorf("loaded, but written otherwise: %v", err)
		}
	})
}
