package report

import (
	"cmp"
	"encoding/csv"
	"slices"
	"strings"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
)

// todo is one thing to do, or done.
type todo struct {
	Text, Detail string
	// Steps are how a person does it; Command is what to type; Link the page where it is done.
	Steps   []string
	Command string
	Link    string
	Done    bool
	// Urgent says that waiting does harm.
	Urgent bool
	// IDs are the keys that it is about, where that does not go without saying.
	IDs []string
}

// todos are the check list of one key, the urgent things first.
func (s *summary) todos(k *key) []todo {
	var all []todo
	switch k.state() {
	case stateLive:
		all = append(all, s.toRevoke(k))
	case stateUnknown:
		all = append(all, todo{Text: "Ask again: the issuer gave no clear answer, and nothing is revoked on that.", Command: s.command("respond"), Urgent: true})
	case stateNotAsked:
		all = append(all, s.toAsk(k))
	case stateDead:
		all = append(all, todo{Text: "Revoke the key and watch it die.", Done: true})
	}
	all = append(all, outliving(k)...)
	if k.state() == stateDead && k.activity() == nil {
		all = append(all, todo{Text: "See what the key did while it was exposed.", Command: "quash review " + shell(string(k.id))})
	}
	if k.state() == stateLive || k.state() == stateDead {
		all = append(all, replacement(k))
	}
	return append(all, cleaning(k)...)
}

// toRevoke is how a live key dies from where its response stands.
func (s *summary) toRevoke(k *key) todo {
	t := todo{Urgent: true, Command: s.command("respond")}
	t.Steps, t.Link = s.steps(k)
	stage := revoker.Stage("")
	if k.outcome != nil {
		stage = k.outcome.Stage
	}
	switch {
	case stage == revoker.StagePending && k.receipt() != nil && k.receipt().State == revoker.Manual:
		t.Text = "Carry out work order " + cmp.Or(k.receipt().Reference, string(k.id)) + ", then let quash look until the key is dead."
	case stage == revoker.StagePending:
		t.Text, t.Steps = "Look again: the revoke was ordered, and the issuer still accepts the key.", nil
	case stage == revoker.StageFailed:
		t.Text = "Look at the issuer: the revoke did not end as it should. Revoke the key by hand if it still stands there."
	case k.manual():
		t.Text = "Revoke the key by hand, then let quash look whether it is dead."
	case stage == revoker.StagePlanned || stage == revoker.StageLeft:
		t.Text, t.Command, t.Steps = s.held(k)
	default:
		t.Text, t.Steps = "Plan the revocation of the key. This changes nothing yet.", nil
	}
	return t
}

// held is what stands between a live key and the revoke that is planned for it.
func (s *summary) held(k *key) (text, command string, steps []string) {
	needs := ""
	if k.outcome.Decision != nil {
		needs = k.outcome.Decision.Needs
	}
	execute := s.command("respond", "--execute", "--policy", "policy.yaml")
	switch needs {
	case revoker.NeedsApproval:
		return "Let a second person approve the plan, then carry it out with --execute --approve.", "quash approve " + shell(s.planFile()), nil
	case revoker.NeedsRevoker:
		steps, _ = s.steps(k)
		return "Revoke the key by hand: quash cannot. Then let it look whether the key is dead.", s.command("respond"), steps
	case revoker.NeedsOwner, revoker.NeedsKnownOwner:
		return "Find out whose key it is: the owners that the policy names do not own it, as far as is known.", execute, nil
	case revoker.NeedsPolicy, revoker.NeedsExecute:
		return "Revoke the key: allow it by a policy, or have the plan approved.", execute, nil
	}
	return "Revoke the key as soon as what holds it back has passed: " + k.outcome.Reason + ".", execute, nil
}

// manual says whether the plan is that a person revokes.
func (k *key) manual() bool {
	return k.planned().Name == "manual"
}

// planned is the revoke that is planned or was decided; the zero action when there is none.
func (k *key) planned() revoker.Action {
	switch {
	case k.action != nil:
		return k.action.Action
	case k.outcome != nil && k.outcome.Decision != nil:
		return k.outcome.Decision.Action
	}
	return revoker.Action{}
}

// toAsk is what to do about a key of which no issuer was asked.
func (s *summary) toAsk(k *key) todo {
	if why := s.unchecked(k); why != "" {
		steps, page := s.steps(k)
		return todo{Text: "Take the key for live: no issuer was asked (" + why + ").", Steps: steps, Link: page, Urgent: true}
	}
	return todo{Text: "Ask the issuer whether the key is live, and plan its revocation. This changes nothing.", Command: s.command("respond"), Urgent: true}
}

// steps are what a person does to revoke a key, and the page where: from the work order, from the plan, or from the rule.
func (s *summary) steps(k *key) (steps []string, page string) {
	r := s.rule(k)
	if r != nil {
		steps, page = r.Manual, r.ManualURL
	}
	switch {
	case k.receipt() != nil && len(k.receipt().Steps) > 0:
		return k.receipt().Steps, page
	case k.action != nil && len(k.action.Steps) > 0:
		steps = k.action.Steps
	}
	return filled(steps, k.says()), page
}

// filled are a rule's steps with what the issuer told of the key.
func filled(steps []string, v *revoker.Verdict) []string {
	told := func(name string) (string, bool) {
		if v != nil && v.Facts[name] != "" {
			return v.Facts[name], true
		}
		return "(" + spaced(name) + " not known)", true
	}
	var all []string
	for _, step := range steps {
		if text, err := rules.Expand(step, told, strings.TrimSpace); err == nil {
			step = text
		}
		all = append(all, step)
	}
	return all
}

// outliving are the things to end that the key may have made.
func outliving(k *key) []todo {
	var all []todo
	for _, e := range k.outlivers() {
		all = append(all, todo{Urgent: true, Text: "Look at " + eventName(e) + " and delete it if nobody knows it: it may outlive the key.", Detail: e.Detail})
	}
	return all
}

func eventName(e revoker.Event) string { return strings.TrimSpace(e.Kind + " " + e.Object) }

// replacement is the new key that whatever used the old one needs.
func replacement(k *key) todo {
	t := todo{Text: "Give a new key to what used this one, from a secret store, not from a file in the repository."}
	if k.action != nil && len(k.action.Breaks) > 0 {
		t.Text = "Give a new key to what used this one: " + list(k.action.Breaks, 5) + "."
	}
	if owner := k.owner(); owner != "" {
		t.Text += " Tell " + owner + "."
	}
	return t
}

// owner is whom to tell.
func (k *key) owner() string {
	owner := ""
	if v := k.says(); v != nil {
		owner = cmp.Or(v.Facts["owner"], v.Owner())
	}
	if owner == "" && k.action != nil {
		owner = k.action.Owner
	}
	return owner
}

// cleaning is what is left to take out of the places themselves.
func cleaning(k *key) []todo {
	var files, records []string
	history := false
	for _, f := range k.findings {
		at := f.Location
		switch {
		case at.Path == "-":
		case at.Record != "":
			records = append(records, strings.TrimSpace(at.Record+" "+at.Field))
		case at.Commit != "" && !at.InHead:
			history = true
		default:
			history = history || at.Commit != ""
			files = append(files, place(at))
		}
	}
	var all []todo
	if len(files) > 0 {
		all = append(all, todo{Text: "Take the key out of " + list(distinct(files), 3) + "."})
	}
	if len(records) > 0 {
		all = append(all, todo{Text: "Remove the key from " + list(distinct(records), 3) + ", and from the history of edits where there is one."})
	}
	if dead := k.state() == stateDead || k.state() == stateInactive; history && dead {
		all = append(all, todo{Text: "Rewriting history is optional: it still holds the key, but the key is dead."})
	} else if history {
		all = append(all, todo{Text: "Do not rely on rewriting history: clones and caches keep the key. It has to die at its issuer."})
	}
	return all
}

func distinct(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}

// urgent are the things of a whole run that should not wait: each once, with the keys that it is about.
func (s *summary) urgent() []todo {
	var all []todo
	for _, k := range s.keys {
		for _, t := range s.todos(k) {
			if !t.Urgent || t.Done {
				continue
			}
			i := slices.IndexFunc(all, func(u todo) bool {
				return u.Text == t.Text && u.Detail == t.Detail && u.Command == t.Command && slices.Equal(u.Steps, t.Steps)
			})
			if i < 0 {
				i = len(all)
				all = append(all, t)
			}
			all[i].IDs = append(all[i].IDs, string(k.id))
		}
	}
	return all
}

// nextStep is a command to type, or none, with what it is for.
type nextStep struct {
	command string
	why     []string
}

// nextSteps are what to do now: each command once.
func (s *summary) nextSteps() []nextStep {
	var steps []nextStep
	add := func(command, why string) {
		i := slices.IndexFunc(steps, func(s nextStep) bool { return s.command == command })
		if i < 0 {
			i = len(steps)
			steps = append(steps, nextStep{command: command})
		}
		steps[i].why = append(steps[i].why, why)
	}
	for _, u := range s.urgent() {
		add(u.Command, u.Text)
	}
	if s.unasked() {
		add("quash show "+shell(string(s.keys[0].id)), "Every place of that key, with the lines around it.")
	}
	return steps
}

// command is how this run goes on: the verb, on what this run read and as it read it.
func (s *summary) command(verb string, more ...string) string {
	words := []string{"quash", verb}
	if s.Config != nil && s.Config.Command == "org" && verb == "respond" {
		return s.organisation(more)
	}
	if s.Config != nil {
		for _, o := range s.Config.Options {
			if name, value, _ := strings.Cut(o, "="); slices.Contains(narrowing, name) {
				words = append(words, option(name, value)...)
			}
		}
		for _, t := range s.Config.Targets {
			words = append(words, shell(t))
		}
	}
	return strings.Join(append(words, more...), " ")
}

// organisation is how an organisation job goes on: the same job, answering.
func (s *summary) organisation(more []string) string {
	words, listed := []string{"quash", "org", "--respond"}, false
	for _, o := range s.Config.Options {
		if name, value, _ := strings.Cut(o, "="); name != "--respond" {
			words, listed = append(words, option(name, value)...), listed || name == "--list"
		}
	}
	if !listed { // otherwise the target is the list
		for _, t := range s.Config.Targets {
			words = append(words, shell(t))
		}
	}
	return strings.Join(append(words, more...), " ")
}

// narrowing are the options that say how targets are read, which the next command needs too.
var narrowing = []string{"--source", "--staged", "--range", "--no-history", "--no-worktree", "--no-ignore", "--baseline", "--min-confidence", "--only", "--skip", "--allow-incomplete", "--field"}

// option is an option as it is typed. Lists were written down in brackets; a list of files, which may hold commas, as a row of CSV.
func option(name, value string) []string {
	if value == "true" {
		return []string{name}
	}
	value = strings.TrimSuffix(strings.TrimPrefix(value, "["), "]")
	values := []string{value}
	if name == "--baseline" {
		if files, err := csv.NewReader(strings.NewReader(value)).Read(); err == nil {
			values = files
		}
	}
	var all []string
	for _, v := range values {
		all = append(all, name+"="+shell(v))
	}
	return all
}

// planFile is where the run wrote its plan.
func (s *summary) planFile() string {
	if s.Config != nil {
		for _, o := range s.Config.Options {
			if name, ok := strings.CutPrefix(o, "--plan="); ok {
				return name
			}
		}
	}
	return "plan.json"
}
