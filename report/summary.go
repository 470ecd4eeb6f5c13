package report

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
)

// summary is a run as formats for people tell it. Every string in it is visible.
type summary struct {
	document
	keys  []*key
	rules *rules.Set
	tally tally
	// several says that findings are of more than one target.
	several bool
}

// summarize reads a whole run.
func summarize(run Run, items iter.Seq2[Item, error]) (*summary, error) {
	doc, err := collect(items)
	if err != nil {
		return nil, err
	}
	s := &summary{document: visibleCopy(doc), rules: run.Rules}
	s.keys = s.document.keys()
	s.several = slices.ContainsFunc(s.Findings, func(f Finding) bool { return f.Target != s.Findings[0].Target })
	for _, k := range s.keys {
		s.tally.add(k)
	}
	s.tally.outlive = len(s.outlivers())
	return s, nil
}

// tally counts a run's keys by what is known of them.
type tally struct {
	keys, places                            int
	live, unknown, notAsked, dead, inactive int
	// outlive are things at issuers that may go on after the keys are dead.
	outlive int
}

func (n *tally) add(k *key) {
	n.keys++
	n.places += len(k.findings)
	switch k.state() {
	case stateLive:
		n.live++
	case stateUnknown:
		n.unknown++
	case stateDead:
		n.dead++
	case stateInactive:
		n.inactive++
	default:
		n.notAsked++
	}
}

// mood is how a run ended, for its colour.
type mood string

// The moods.
const (
	moodBad  mood = "bad"  // a key is live
	moodOpen mood = "open" // something is not known or not done
	moodGood mood = "good" // clean, or everything is dead
)

// complete says whether everything was seen. A stream without stats was cut off.
func (s *summary) complete() bool { return s.Stats != nil && s.Stats.Complete }

// verdict is the run in one sentence, the most urgent thing first. Clean is said only when everything was seen.
func (s *summary) verdict() (string, mood) {
	n := s.tally
	switch {
	case n.live > 0:
		return count(n.live, "live key is exposed", "live keys are exposed") + ".", moodBad
	case n.keys == 0 && s.complete():
		return "Clean: no key in " + s.seen() + ".", moodGood
	case n.keys == 0:
		return "0 keys in what could be read, but the scan is INCOMPLETE.", moodOpen
	case n.dead == 0 && n.outlive > 0:
		return count(n.outlive, "thing", "things") + " may outlive " + pick(n.keys, "the key", "the keys") + ".", moodOpen
	case s.unasked():
		return count(n.keys, "key", "keys") + " in " + count(n.places, "place", "places") + ". Not asked of any issuer yet.", moodOpen
	case n.dead > 0 && n.outlive > 0:
		return n.deaths() + ", but " + count(n.outlive, "thing", "things") + " may outlive " + pick(n.dead, "it", "them") + ".", moodOpen
	case n.unknown+n.notAsked > 0:
		return "No live key is known, but " + count(n.unknown+n.notAsked, "key is", "keys are") + " undecided.", moodOpen
	case !s.complete():
		return "No live key in what could be read, but the scan is INCOMPLETE.", moodOpen
	case n.dead > 0:
		return n.deaths() + ".", moodGood
	}
	return "No live key: " + count(n.inactive, "key was", "keys were") + " found, dead already.", moodGood
}

func (n tally) deaths() string {
	return fmt.Sprintf("%d of %s %s proven dead", n.dead, count(n.dead+n.live, "active key", "active keys"), pick(n.dead, "is", "are"))
}

// unasked says that no issuer was asked about any key.
func (s *summary) unasked() bool { return s.tally.keys > 0 && s.tally.notAsked == s.tally.keys }

// rest is what the verdict does not say of the other keys, and whether the scan saw everything: a sentence, or "".
func (s *summary) rest() string {
	n := s.tally
	var all []string
	if n.live > 0 && n.dead > 0 {
		all = append(all, n.deaths())
	}
	if n.live > 0 && n.outlive > 0 {
		all = append(all, count(n.outlive, "thing", "things")+" may outlive the keys")
	}
	if n.unknown > 0 {
		all = append(all, count(n.unknown, "key", "keys")+" without a clear answer")
	}
	if n.notAsked > 0 && n.notAsked < n.keys {
		all = append(all, count(n.notAsked, "key", "keys")+" not asked of an issuer")
	}
	if n.inactive > 0 && n.inactive < n.keys {
		all = append(all, count(n.inactive, "key", "keys")+" dead already and left alone")
	}
	switch {
	case s.Stats == nil:
		all = append(all, "the run was CUT OFF before its end")
	case !s.complete() && n.keys > 0:
		all = append(all, "the scan is INCOMPLETE")
	}
	if len(all) == 0 {
		return ""
	}
	sentence := strings.Join(all, ", ") + "."
	return strings.ToUpper(sentence[:1]) + sentence[1:]
}

// seen is what was read: "1,204 commits, 412 files".
func (s *summary) seen() string {
	var all []string
	if s.Stats != nil {
		for _, noun := range slices.Sorted(maps.Keys(s.Stats.Coverage.Seen)) {
			all = append(all, counted(s.Stats.Coverage.Seen[noun], noun))
		}
	}
	if len(all) == 0 {
		return "all that was read"
	}
	return strings.Join(all, ", ")
}

// leftOut is what was not reported or not read on purpose. It does not make a scan incomplete.
func (s *summary) leftOut() []string {
	st := s.Stats
	if st == nil {
		return nil
	}
	var all []string
	for _, why := range slices.Sorted(maps.Keys(st.Coverage.Skipped)) {
		all = append(all, counted(st.Coverage.Skipped[why], why))
	}
	for _, c := range [...]struct {
		n         int
		one, many string
	}{
		{st.Allowed, "allowed finding", "allowed findings"},
		{st.Excluded, "finding at an excluded path", "findings at excluded paths"},
		{st.Unsure, "match of lower confidence (--min-confidence low shows it)", "matches of lower confidence (--min-confidence low shows them)"},
	} {
		if c.n > 0 {
			all = append(all, count(c.n, c.one, c.many))
		}
	}
	return all
}

// outlivers are what may outlive any of the keys, each once: the keys of one organization share them.
func (s *summary) outlivers() []revoker.Event {
	type object struct{ kind, object, detail string }
	seen := map[object]bool{}
	var all []revoker.Event
	for _, k := range s.keys {
		for _, e := range k.outlivers() {
			if o := (object{e.Kind, e.Object, e.Detail}); !seen[o] {
				seen[o] = true
				all = append(all, e)
			}
		}
	}
	return all
}

// unchecked says why the issuer of a key was not asked; "" when nothing says so.
func (s *summary) unchecked(k *key) string {
	if s.Stats == nil || k.state() != stateNotAsked {
		return ""
	}
	for _, u := range s.Stats.Unchecked {
		if why, ok := strings.CutPrefix(u, k.rule()+": "); ok {
			return why
		}
	}
	return ""
}

// rule is what is known of a key's kind; nil when its rule is not at hand.
func (s *summary) rule(k *key) *rules.Rule { return ruleOf(s.rules, k.rule()) }

// ruleOf is the rule of an id; nil when there is none at hand.
func ruleOf(set *rules.Set, id string) *rules.Rule {
	if set == nil {
		return nil
	}
	r, _ := set.Rule(id)
	return r
}

// facts are what the issuer told of a key, the owner first.
func facts(v *revoker.Verdict) [][2]string {
	if v == nil {
		return nil
	}
	order := []string{"organization", "owner", "owner_id", "key_name", "key_id", "environment", "scopes", "created", "expires", "last_used"}
	for _, name := range slices.Sorted(maps.Keys(v.Facts)) {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	var all [][2]string
	for _, name := range order {
		if value := v.Facts[name]; value != "" {
			all = append(all, [2]string{spaced(name), value})
		}
	}
	return all
}
