package report

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
)

// proof is one question to an issuer and its answer.
type proof struct {
	What, Request, Answer, When string
	at                          time.Time
}

// activity is a review for the page.
type activity struct {
	Window     string
	Outlive    []revoker.Event
	Counts     []tallied
	Events     []eventList
	BlindSpots []string
}

// tallied is how many records of a kind changed: "41 contacts".
type tallied struct {
	Text string
	None bool
}

// eventList are the events of one kind.
type eventList struct {
	Kind   string
	Events []event
	More   int
}

type event struct{ When, Object, Actor, Detail string }

// proofs are the questions that were put to the issuer, in the order of time. The last active answer may be younger than the
// order to revoke: an issuer takes a moment to forget.
func proofs(k *key) []proof {
	var all []proof
	add := func(what string, x *revoker.Exchange) {
		if x != nil {
			all = append(all, proof{what, x.Method + " " + x.URL, answer(x), stampOf(x.At), x.At})
		}
	}
	if v := k.says(); v != nil {
		add("The key itself", v.Proof)
		add("Control: one character of the key changed", v.Control)
	}
	if r := k.receipt(); r != nil {
		add("The order to revoke", r.Exchange)
	}
	if k.state() == stateDead {
		o := k.outcome
		looks := itoa(o.Looks) + pick(o.Looks, " look", " looks") + " after the order"
		all = append(all, proof{"The key itself, once more", looks, "no longer accepted: dead", stampOf(o.Confirmed), o.Confirmed})
	}
	slices.SortStableFunc(all, func(a, b proof) int { return a.at.Compare(b.at) })
	return all
}

func answer(x *revoker.Exchange) string {
	if x.Status != 0 {
		return "answered " + itoa(x.Status)
	}
	return "no answer: " + x.Err
}

func stampOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}

// done is what was done about a key, or would be, one sentence each.
func (s *summary) done(k *key) []string {
	var all []string
	if o := k.outcome; o != nil && o.Decision != nil {
		all = append(all, "Decision: "+o.Decision.Reason+".")
	}
	r := k.receipt()
	if a := k.planned(); a.Name != "" {
		word := "Planned"
		if r != nil {
			word = "Action"
		}
		all = append(all, word+": "+describe(a)+".")
	}
	if r != nil {
		receipt := "Receipt: " + receipts[r.State] + " at " + stamp(r.At)
		if r.Reference != "" {
			receipt += ", reference " + r.Reference
		}
		all = append(all, receipt+".")
	}
	if k.state() == stateDead {
		all = append(all, "Proof of death: the issuer refused the key at "+stamp(k.outcome.Confirmed)+".")
	}
	if len(all) == 0 && k.state() != stateNotAsked {
		all = append(all, "Nothing was done about this key.")
	}
	return all
}

// receipts say what the states of a receipt mean.
var receipts = map[revoker.State]string{
	revoker.Requested: "the order was taken", revoker.Done: "the issuer reported the key gone", revoker.Manual: "a work order for a person was written",
}

// listed is how many events of one kind the page names.
const listed = 100

func reviewed(a *revoker.Activity) *activity {
	if a == nil {
		return nil
	}
	v := &activity{Window: window(a.Window), BlindSpots: a.BlindSpots}
	for _, kind := range slices.Sorted(maps.Keys(a.Counts)) {
		v.Counts = append(v.Counts, tallied{counted(a.Counts[kind], kind), a.Counts[kind] == 0})
	}
	slices.SortStableFunc(v.Counts, func(a, b tallied) int {
		if a.None == b.None {
			return 0
		}
		if a.None {
			return 1
		}
		return -1
	})
	index := map[string]int{}
	for _, e := range a.Events {
		if e.Outlives && !e.Expected {
			v.Outlive = append(v.Outlive, e)
			continue
		}
		i, ok := index[e.Kind]
		if !ok {
			i = len(v.Events)
			index[e.Kind] = i
			v.Events = append(v.Events, eventList{Kind: e.Kind})
		}
		v.Events[i].add(e)
	}
	return v
}

func (l *eventList) add(e revoker.Event) {
	if len(l.Events) == listed {
		l.More++
		return
	}
	x := event{Object: e.Object, Actor: strings.TrimSpace(e.Actor + " " + e.IP), Detail: e.Detail}
	if !e.At.IsZero() {
		x.When = minute(e.At)
	}
	if e.Expected {
		x.Detail = strings.TrimSpace(x.Detail + " (expected)")
	}
	l.Events = append(l.Events, x)
}
