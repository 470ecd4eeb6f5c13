package report

import (
	"maps"
	"slices"
	"strings"

	"github.com/quash-sh/quash/scanner"
)

// page is what the template page.html shows, in its order.
type page struct {
	Verdict                  string
	Mood                     mood
	Rest                     string
	Lines                    []drawing
	Urgent                   []todo
	Keys                     []section
	Read, LeftOut, Unchecked []string
	Gaps                     []scanner.Gap
	Complete, Ended          bool
	Facts                    [][2]string
}

// section is one key of the page.
type section struct {
	ID, Name, Rule, Redacted, Confidence, Severity string
	State                                          state
	Story                                          string
	Lines                                          []drawing
	Reasons                                        []string
	Places                                         []group
	Count                                          string
	Grants, CanWrite                               []string
	Facts                                          [][2]string
	Issuer                                         string
	Proofs                                         []proof
	Done                                           []string
	Breaks                                         []string
	Activity                                       *activity
	Todos                                          []todo
}

// page makes the page of a run.
func (s *summary) page() page {
	p := page{
		Rest: s.rest(), Urgent: s.urgent(), LeftOut: s.leftOut(), Complete: s.complete(), Ended: s.Stats != nil,
		Lines: drawings(s.stops(s.keys)), Facts: s.runFacts(),
	}
	p.Verdict, p.Mood = s.verdict()
	if st := s.Stats; st != nil {
		p.Gaps, p.Unchecked = st.Gaps, st.Unchecked
		for _, noun := range slices.Sorted(maps.Keys(st.Coverage.Seen)) {
			p.Read = append(p.Read, counted(st.Coverage.Seen[noun], noun))
		}
	}
	for _, k := range s.keys {
		sec := s.section(k)
		if state := k.state(); len(s.keys) > 1 && (state == stateLive || state == stateDead) {
			sec.Lines = drawings(s.stops([]*key{k}))
		}
		p.Keys = append(p.Keys, sec)
	}
	return p
}

// drawings are a time line in both directions; none when there is nothing to draw.
func drawings(stops []stop) []drawing {
	if len(stops) == 0 {
		return nil
	}
	return []drawing{flat(stops), upright(stops)}
}

func (s *summary) section(k *key) section {
	sec := section{
		ID: string(k.id), Name: k.name(), Rule: k.rule(), Redacted: k.first().Redacted, Confidence: string(k.first().Confidence),
		Severity: string(k.severity()), State: k.state(), Reasons: k.first().Reasons, Places: s.groups(k),
		Count: count(len(k.findings), "place", "places"), Facts: facts(k.says()), Proofs: proofs(k), Done: s.done(k),
		Activity: reviewed(k.activity()), Todos: s.todos(k),
	}
	if k.outcome != nil {
		sec.Story = k.story()
	}
	if r := s.rule(k); r != nil {
		sec.Grants = r.Grants
	}
	if a := k.activity(); a != nil {
		sec.CanWrite = a.CanWrite
	}
	if v := k.says(); v != nil {
		sec.Issuer = v.Reason
	}
	if k.action != nil {
		sec.Breaks = k.action.Breaks
	}
	return sec
}

// runFacts say which run this is.
func (s *summary) runFacts() [][2]string {
	c := s.Config
	if c == nil {
		return nil
	}
	all := [][2]string{
		{"command", "quash " + c.Command}, {"targets", strings.Join(c.Targets, ", ")}, {"options", strings.Join(c.Options, " ")},
		{"started", stampOf(c.Started)},
	}
	if s.Stats != nil {
		all = append(all, [2]string{"ended", stampOf(s.Stats.Ended)}, [2]string{"exit code", itoa(s.Stats.Exit)})
	}
	all = append(all, [2]string{"quash", c.Quash}, [2]string{"rules", count(c.RuleCount, "rule", "rules") + ", version " + c.Rules})
	return slices.DeleteFunc(all, func(f [2]string) bool { return f[1] == "" })
}
