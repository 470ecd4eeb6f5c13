package report

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
)

var _ = register("sarif", FormatFunc(writeSARIF), ".sarif", ".sarif.json")

// GitHub refuses a run of more than 25,000 results and keeps the 5,000 that come first
// (https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit).
const (
	sarifMost = 25000
	sarifKept = 5000
)

// writeSARIF writes one run of SARIF 2.1.0: a result for each place of each key, the most urgent keys first.
func writeSARIF(w io.Writer, run Run, items iter.Seq2[Item, error]) error {
	doc, err := collect(items)
	if err != nil {
		return err
	}
	s := newSARIF(doc, run.Rules)
	total := 0
	for _, k := range doc.keys() {
		for _, f := range k.findings {
			if total++; total <= sarifMost {
				s.add(k, f)
			}
		}
	}
	s.limits(total)
	log := sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{s.run}}
	if err := encode(w, log, " "); err != nil {
		return fmt.Errorf("write sarif: %w", err)
	}
	return nil
}

// sarif is a run under construction.
type sarif struct {
	run   sarifRun
	rules *rules.Set
	index map[string]int
	// twins counts the places of one key in one file or record, so that each has a fingerprint of its own.
	twins map[string]int
}

func newSARIF(doc document, set *rules.Set) *sarif {
	s := &sarif{rules: set, index: map[string]int{}, twins: map[string]int{}}
	driver := sarifDriver{Name: "quash", InformationURI: "https://github.com/quash-sh/quash", Rules: []sarifRule{}}
	inv := invocation(doc.Stats)
	if doc.Config != nil {
		driver.Version = doc.Config.Quash
		inv.Start = sarifTime(doc.Config.Started)
	}
	s.run = sarifRun{
		Tool: sarifTool{driver}, Invocations: []sarifInvocation{inv}, Results: []sarifResult{}, ColumnKind: "utf16CodeUnits",
	}
	return s
}

// invocation says whether the run saw everything: a run that did not is not successful, so that no reader takes it for clean.
func invocation(st *Stats) sarifInvocation {
	if st == nil {
		return sarifInvocation{Notifications: []sarifNotification{{"error", message("the run was cut off before its end")}}}
	}
	inv := sarifInvocation{Successful: st.Complete, ExitCode: &st.Exit, End: sarifTime(st.Ended)}
	for _, g := range st.Gaps {
		inv.Notifications = append(inv.Notifications, sarifNotification{"error", message("could not be seen: " + g.Error())})
	}
	for _, u := range st.Unchecked {
		inv.Notifications = append(inv.Notifications, sarifNotification{"note", message("not asked of its issuer: " + u)})
	}
	return inv
}

// limits says what was left out, or will be by GitHub.
func (s *sarif) limits(total int) {
	note := func(level, format string, args ...any) {
		inv := &s.run.Invocations[0]
		inv.Notifications = append(inv.Notifications, sarifNotification{level, message(fmt.Sprintf(format, args...))})
	}
	if total > sarifMost {
		note("warning", "%s of %s results were cut, the least urgent ones: a run may have %s. All are in the jsonl format.",
			thousands(total-sarifMost), thousands(total), thousands(sarifMost))
	}
	if total > sarifKept {
		note("note", "GitHub code scanning keeps the first %s results of a run; this one has %s. The most urgent ones come first.",
			thousands(sarifKept), thousands(min(total, sarifMost)))
	}
}

// add adds one place of a key.
func (s *sarif) add(k *key, f Finding) {
	n, ok := s.index[f.Rule]
	if !ok {
		n = len(s.index)
		s.index[f.Rule] = n
		s.run.Tool.Driver.Rules = append(s.run.Tool.Driver.Rules, s.rule(f))
	}
	props := map[string]any{"id": f.ID, "confidence": f.Confidence, "state": k.state()}
	switch v := k.validity(); {
	case k.state() == stateDead:
		props["validity"] = revoker.Inactive // the verdict that a response keeps is the last active one
	case v != "":
		props["validity"] = v
	}
	if f.Location.Commit != "" {
		props["commit"] = f.Location.Commit
	}
	loc := locationOf(f)
	if id := loc.Physical.Artifact.BaseID; id != "" {
		s.run.Bases = map[string]sarifArtifact{id: {URI: "file:///"}}
	}
	s.run.Results = append(s.run.Results, sarifResult{
		RuleID: f.Rule, RuleIndex: n, Level: level(k, f), Message: message(sentenceOf(k, f)), Locations: []sarifLocation{loc},
		Fingerprints: s.fingerprints(f), Properties: props,
	})
}

// rule describes a kind of key.
func (s *sarif) rule(f Finding) sarifRule {
	name := f.Name
	if name == "" {
		name = f.Rule
	}
	full := name + ". Whoever reads it can use it until its issuer is told to forget it."
	help := "Have the key revoked at its issuer, give a new one to what used it, then take it out of this place. quash respond plans this and changes nothing."
	r := sarifRule{ID: f.Rule, Short: message(name), Properties: map[string]any{
		"security-severity": securitySeverity[f.Severity], "precision": precision[f.Confidence], "tags": []string{"security", "external/cwe/cwe-798"},
	}}
	if rule := ruleOf(s.rules, f.Rule); rule != nil {
		r.HelpURI = cmp.Or(rule.Docs, rule.File().Docs)
		if len(rule.Grants) > 0 {
			full += " It may: " + strings.Join(rule.Grants, "; ") + "."
		}
	}
	r.Full, r.Help = message(full), message(help)
	return r
}

// securitySeverity is what GitHub sorts by: a CVSS-like number as text.
var securitySeverity = map[rules.Severity]string{
	"": "8.0", rules.SeverityInfo: "1.0", rules.SeverityLow: "3.0", rules.SeverityMedium: "5.5", rules.SeverityHigh: "8.0", rules.SeverityCritical: "9.5",
}

var precision = map[rules.Confidence]string{"": "medium", rules.Low: "low", rules.Medium: "medium", rules.High: "very-high"}

// sentenceOf says what was found, and for history which commit holds it, since the file may be gone from the work tree.
func sentenceOf(k *key, f Finding) string {
	text := fmt.Sprintf("%s (%s), finding %s.", f.Name, f.Redacted, f.ID)
	switch k.state() {
	case stateLive:
		text += " It is ACTIVE: its issuer accepts it."
	case stateDead:
		text += " It was revoked and is proven dead."
	case stateInactive:
		text += " Its issuer does not accept it."
	case stateUnknown:
		text += " Its issuer gave no clear answer."
	}
	at := f.Location
	if at.Commit != "" {
		text += " Commit " + at.Commit
		if at.Author != "" {
			text += " of " + at.Author
		}
		if !at.Time.IsZero() {
			text += ", " + day(at.Time) + ","
		}
		text += " brought it in; "
		switch {
		case at.InHead:
			text += "HEAD still has it."
		case at.Unreachable:
			text += gone(at) + ", but the object store still has it."
		case gone(at) != "":
			text += "it was " + gone(at) + "; history still has it."
		default:
			text += "HEAD no longer has it, history does."
		}
	}
	if at.Record != "" {
		text += " " + strings.TrimSpace("Record "+at.Record+" "+at.Field) + "."
	}
	return text
}

// level is error for a key that is or may be live, by its severity, and note for one that is dead.
func level(k *key, f Finding) string {
	switch s := k.state(); {
	case s == stateLive:
		return "error"
	case s == stateDead || s == stateInactive || f.Severity == rules.SeverityInfo:
		return "note"
	case f.Severity == rules.SeverityLow || f.Severity == rules.SeverityMedium:
		return "warning"
	}
	return "error"
}

func locationOf(f Finding) sarifLocation {
	at := f.Location
	loc := sarifLocation{Physical: sarifPhysical{Artifact: artifact(f)}}
	if at.Line > 0 {
		// Columns count bytes, as everywhere in quash: they are UTF-16 units where the line is ASCII up to the key.
		loc.Physical.Region = &sarifRegion{
			StartLine: at.Line, StartColumn: at.Column, EndLine: at.EndLine, EndColumn: at.EndColumn, Snippet: &sarifText{visible(f.Redacted)},
		}
	}
	if at.Record != "" {
		loc.Logical = []sarifLogical{{visible(strings.TrimSpace(at.Record + " " + at.Field))}}
	}
	return loc
}

// artifact names the file as a relative URI (RFC 3986), which GitHub takes from the root of the repository. An absolute path
// becomes relative to the root of the file system, which the run's originalUriBaseIds name.
func artifact(f Finding) sarifArtifact {
	path, base := f.Location.Path, ""
	switch {
	case path == "" && f.Location.Commit != "":
		path = "commit/" + f.Location.Commit
	case path == "" || path == "-":
		path = "stdin"
	case strings.HasPrefix(path, "/"):
		path, base = strings.TrimLeft(path, "/"), "ROOT"
	}
	return sarifArtifact{URI: (&url.URL{Path: path}).String(), BaseID: base}
}

// message is plain text for people: no hidden character, and nothing that SARIF reads as a placeholder or a link (2.1.0,
// sections 3.11.5 and 3.11.6): a link whose bracket is escaped does not close.
func message(s string) sarifText {
	return sarifText{strings.NewReplacer("[", `\[`, "]", `\]`, "{", "{{", "}", "}}").Replace(visible(s))}
}

func sarifTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
