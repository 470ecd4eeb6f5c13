package rules

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The flows of a rule.
const (
	verifyFlow = "verify"
	revokeFlow = "revoke"
	reviewFlow = "review"
)

// origin says where a template value comes from.
type origin int

const (
	fromKey      origin = iota + 1 // the key or a part of it
	fromReply                      // captured from a reply
	fromSecret                     // captured, and secret itself
	fromBase                       // the base URL
	fromWindow                     // since and until
	fromOperator                   // a credential of the operator
)

// knownCaptures are the facts that verdicts and reports read. Another name is of use only in a later request.
var knownCaptures = []string{"owner", "owner_id", "organization", "scopes", "key_id", "key_name", "created", "expires",
	"last_used", "environment"}

// flowChecker collects the problems of one flow.
type flowChecker struct {
	*ruleChecker
	kind string
	flow Flow
	// known are the names that templates may use so far, by where their values come from.
	known map[string]origin
	// early are the known names before this flow's first step.
	early map[string]origin
}

func (c *ruleChecker) flows() {
	known := map[string]origin{"base": fromBase, "token": fromKey}
	for _, name := range c.parts() {
		known[name] = fromKey
	}
	if len(c.rule.Revoke) > 0 && len(c.rule.Verify) == 0 {
		c.addf(at{revokeFlow}, "revoke without verify: a key is revoked only when it was seen alive, and confirmed dead after")
	}
	facts := maps.Clone(known)
	for _, f := range []*flowChecker{
		{ruleChecker: c, kind: verifyFlow, flow: c.rule.Verify},
		{ruleChecker: c, kind: revokeFlow, flow: c.rule.Revoke},
		{ruleChecker: c, kind: reviewFlow, flow: c.rule.Review},
	} {
		f.early, f.known = maps.Clone(facts), maps.Clone(facts)
		f.run()
		if f.kind == verifyFlow {
			facts = f.facts()
		}
	}
	c.manual(facts)
}

// parts are the names of the parts of the key, as far as the patterns can be read.
func (c *ruleChecker) parts() []string {
	names := slices.Collect(maps.Keys(c.rule.Near))
	if tree, err := parse(c.rule.Pattern); err == nil {
		names = append(names, groupNames(tree)...)
	}
	return names
}

// facts are the names that a verify leaves to the other flows: secret captures stay behind.
func (c *flowChecker) facts() map[string]origin {
	facts := maps.Clone(c.known)
	maps.DeleteFunc(facts, func(_ string, o origin) bool { return o == fromSecret })
	return facts
}

// manual checks the steps that a person takes: they are shown, so they hold nothing of the key.
func (c *ruleChecker) manual(known map[string]origin) {
	for i, step := range append(slices.Clone(c.rule.Manual), c.rule.ManualURL) {
		where := at{"manual", i}
		if i == len(c.rule.Manual) {
			where = at{"manual_url"}
		}
		for _, name := range TemplateNames(step) {
			switch {
			case name == "token" || name == "body" || name == "sum":
				c.addf(where, "{{%s}}: a step for a person never shows the key", name)
			case known[name] == 0:
				c.addf(where, "{{%s}}: nothing of that name is known here", name)
			}
		}
	}
}

func (c *flowChecker) run() {
	if c.kind == reviewFlow {
		c.known["since"], c.known["until"] = fromWindow, fromWindow
	}
	for i := range c.flow {
		s := &stepChecker{flowChecker: c, step: &c.flow[i], index: i, at: at{c.kind, i}}
		s.run()
		for name := range s.step.Capture {
			c.known[name] = fromReply
			if slices.Contains(s.step.Secret, name) {
				c.known[name] = fromSecret
			}
		}
	}
	if c.kind == revokeFlow && len(c.flow) > 0 && !slices.ContainsFunc(c.flow, Step.acts) {
		c.addf(at{c.kind}, "no step of the revoke says which reply is done or requested")
	}
}

// acts reports whether a step of a revoke is the one that revokes, not one that prepares it.
func (s Step) acts() bool { return len(s.Done)+len(s.Requested) > 0 || s.Bind != "" }

// stepChecker collects the problems of one request.
type stepChecker struct {
	*flowChecker
	step  *Step
	index int
	at    at
}

func (c *stepChecker) addf(where at, format string, args ...any) {
	c.ruleChecker.addf(c.at.in(where...), format, args...)
}

func (c *stepChecker) run() {
	if c.step.Login != nil {
		c.login()
		return
	}
	c.fields()
	if c.request() {
		c.credentials()
		c.binding()
	}
	c.conditions()
	c.captures()
	c.readings()
}

// decides reports whether the step's reply is read for the flow's answer.
func (c *stepChecker) decides() bool {
	switch c.kind {
	case verifyFlow:
		return c.index == 0
	case revokeFlow:
		return c.step.acts()
	}
	return c.step.Events != nil
}

// fields refuses fields that this step has no use for, and the lack of those that it needs.
func (c *stepChecker) fields() {
	s := c.step
	for _, f := range []struct {
		name, kind string
		set        bool
	}{
		{"active", verifyFlow, len(s.Active) > 0}, {"inactive", verifyFlow, len(s.Inactive) > 0},
		{"done", revokeFlow, len(s.Done) > 0}, {"requested", revokeFlow, len(s.Requested) > 0},
		{"bind", revokeFlow, s.Bind != ""}, {"batch", revokeFlow, s.Batch != ""},
		{"reversible", revokeFlow, s.Reversible}, {"idempotent", revokeFlow, s.Idempotent},
		{"collateral", revokeFlow, s.Collateral != ""}, {"events", reviewFlow, s.Events != nil},
	} {
		if f.set && f.kind != c.kind {
			c.addf(at{f.name}, "%s is of a %s, not of a %s", f.name, f.kind, c.kind)
		}
	}
	if c.decides() {
		c.needed()
		return
	}
	if len(s.Active)+len(s.Inactive) > 0 && c.kind == verifyFlow {
		c.addf(nil, "only the first step of a verify decides; a later one has no active or inactive")
	}
	if len(s.Capture) == 0 {
		c.addf(nil, "this step neither decides nor captures; take it out, or say what its reply means")
	}
}

// needed refuses a deciding step whose reply cannot be read either way.
func (c *stepChecker) needed() {
	s := c.step
	switch c.kind {
	case verifyFlow:
		if len(s.Active) == 0 || len(s.Inactive) == 0 {
			c.addf(nil, "the first step of a verify says which reply is active and which is inactive")
		}
	case revokeFlow:
		if len(s.Done)+len(s.Requested) == 0 {
			c.addf(nil, "the step says which reply is done or requested")
		}
		if s.Bind == "" {
			c.addf(nil, "revoke without bind; say how the request is known to hit exactly this key: value, self, id-in-key, echoed or matched")
		}
	case reviewFlow:
		if s.Events.List == "" || s.Events.Time == "" {
			c.addf(at{"events"}, "events has a list and a time")
		}
	}
}

// captures checks the names and paths of captures.
func (c *stepChecker) captures() {
	s := c.step
	for _, name := range slices.Sorted(maps.Keys(s.Capture)) {
		where := at{"capture", name}
		if o := c.early[name]; o == fromKey || o == fromBase || slices.Contains(reserved, name) || !varForm().MatchString(name) {
			c.addf(where, "capture %q: the name is taken or not [a-z][a-z0-9_]*", name)
		}
		if !slices.Contains(knownCaptures, name) && !c.usedElsewhere(name) {
			c.addf(where, "capture %q: nothing reads it; known facts are %s", name, strings.Join(knownCaptures, ", "))
		}
		c.path(where, s.Capture[name], true)
	}
	for i, name := range s.Secret {
		if _, ok := s.Capture[name]; !ok {
			c.addf(at{"secret", i}, "secret %q: the step captures nothing of that name", name)
		}
	}
	if s.Events != nil {
		paths := s.Events.paths()
		paths["list"] = s.Events.List
		for _, name := range slices.Sorted(maps.Keys(paths)) {
			c.path(at{"events", name}, paths[name], false)
		}
	}
}

// usedElsewhere reports whether any request or manual step of the rule uses a name.
func (c *stepChecker) usedElsewhere(name string) bool {
	texts := append(slices.Clone(c.rule.Manual), c.rule.ManualURL)
	for _, flow := range []Flow{c.rule.Verify, c.rule.Revoke, c.rule.Review} {
		for i := range flow {
			for _, t := range flow[i].templates() {
				texts = append(texts, t.text)
			}
		}
	}
	return slices.ContainsFunc(texts, func(t string) bool { return slices.Contains(TemplateNames(t), name) })
}

// path checks a JSON path, or the name of a header where one may stand.
func (c *stepChecker) path(where at, path string, header bool) {
	if name, ok := strings.CutPrefix(path, headerPath); ok && header {
		if !headerForm().MatchString(name) {
			c.addf(where, "path %q: a header's name is wanted after header:", path)
		}
		return
	}
	if _, err := parsePath(path); err != nil {
		c.addf(where, "%v", err)
	}
}

// conditions checks what conditions are made of.
func (c *stepChecker) conditions() {
	for _, list := range []struct {
		name       string
		conditions Conditions
	}{{"active", c.step.Active}, {"inactive", c.step.Inactive}, {"done", c.step.Done}, {"requested", c.step.Requested}} {
		for i, cond := range list.conditions {
			where := at{list.name, i}
			if len(cond.Status) == 0 {
				c.addf(where, "%s has no status; any page on the way would pass for the issuer's word", list.name)
			}
			for _, status := range cond.Status {
				if status < 100 || status > 599 {
					c.addf(where, "status %d: HTTP has 100 to 599", status)
				}
			}
			for _, path := range slices.Sorted(maps.Keys(cond.JSON)) {
				c.path(where.in("json", path), path, false)
				if len(cond.JSON[path]) == 0 {
					c.addf(where.in("json", path), "path %q has no value to compare with; * is any that is not null", path)
				}
			}
		}
	}
}

// readings reads the recorded replies and asks for one of each kind.
func (c *stepChecker) readings() {
	seen := make(map[string]bool)
	for i, ex := range c.step.Examples {
		where := at{"examples", i}
		got := c.read(ex.Reply)
		if got != ex.Want {
			c.addf(where, "the recorded reply is read as %q, wanted is %q", got, ex.Want)
		}
		seen[got] = true
		captured := c.step.Captured(ex.Reply)
		for _, name := range slices.Sorted(maps.Keys(ex.Capture)) {
			if captured[name] != ex.Capture[name] {
				c.addf(where, "the recorded reply gives %s = %q, wanted is %q", name, captured[name], ex.Capture[name])
			}
		}
	}
	if c.decides() {
		c.enough(seen)
	}
}

// read is the reading of a reply by this kind of step.
func (c *stepChecker) read(r Reply) string {
	switch {
	case !c.decides():
		return ""
	case c.kind == verifyFlow:
		return c.step.ReadVerify(r)
	case c.kind == revokeFlow:
		return c.step.ReadRevoke(r)
	}
	events, err := c.step.EventsOf(r)
	if err != nil {
		return readFailed
	}
	return strconv.Itoa(len(events))
}

// enough refuses a step whose recorded replies do not show each reading.
func (c *stepChecker) enough(seen map[string]bool) {
	var missing []string
	lack := func(want string, alternatives ...string) {
		if !slices.ContainsFunc(append(alternatives, want), func(r string) bool { return seen[r] }) {
			missing = append(missing, strings.Join(append([]string{want}, alternatives...), " or "))
		}
	}
	switch c.kind {
	case verifyFlow:
		lack(readActive)
		lack(readInactive)
		lack(readUnknown)
	case revokeFlow:
		lack(readDone, readRequested)
		lack(readFailed)
	case reviewFlow:
		if len(c.step.Examples) == 0 {
			missing = []string{"a number of events"}
		}
	}
	if len(missing) > 0 {
		c.addf(nil, "examples: no recorded reply reads %s", strings.Join(missing, ", nor "))
	}
}
