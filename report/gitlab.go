package report

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/quash-sh/quash/rules"
)

var _ = register("gitlab", FormatFunc(writeGitLab), ".gitlab.json", "gl-secret-detection-report.json")

// gitlabSchema is the version of GitLab's report format that is written. Every later 15.x takes it too.
const gitlabSchema = "15.0.4"

// writeGitLab writes GitLab's secret detection report: a vulnerability for each place of each key, the most urgent keys first.
// The field raw_source_code_extract is never written: by its definition it holds the key.
func writeGitLab(w io.Writer, run Run, items iter.Seq2[Item, error]) error {
	doc, err := collect(items)
	if err != nil {
		return err
	}
	r := gitlabReport{
		Version: gitlabSchema,
		Schema:  "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/v" + gitlabSchema + "/dist/secret-detection-report-format.json",
		Scan:    gitlabScanOf(doc), Vulnerabilities: []gitlabVulnerability{},
	}
	twins := map[string]int{}
	for _, k := range doc.keys() {
		for _, f := range k.findings {
			hash := placeHash(f)
			twins[hash]++
			r.Vulnerabilities = append(r.Vulnerabilities, gitlabVulnerabilityOf(k, f, gitlabUUID(f, twins[hash]), run.Rules))
		}
	}
	if err := encode(w, r, "  "); err != nil {
		return fmt.Errorf("write gitlab: %w", err)
	}
	return nil
}

// The parts of GitLab's secret detection report that a finding needs
// (https://gitlab.com/gitlab-org/security-products/security-report-schemas).
type (
	gitlabReport struct {
		Version         string                `json:"version"`
		Schema          string                `json:"schema"`
		Scan            gitlabScan            `json:"scan"`
		Vulnerabilities []gitlabVulnerability `json:"vulnerabilities"`
	}
	gitlabScan struct {
		Analyzer gitlabTool      `json:"analyzer"`
		Scanner  gitlabTool      `json:"scanner"`
		Type     string          `json:"type"`
		Status   string          `json:"status"`
		Start    string          `json:"start_time"`
		End      string          `json:"end_time"`
		Messages []gitlabMessage `json:"messages,omitempty"`
	}
	gitlabTool struct {
		ID      string     `json:"id"`
		Name    string     `json:"name"`
		URL     string     `json:"url"`
		Version string     `json:"version"`
		Vendor  gitlabName `json:"vendor"`
	}
	gitlabName struct {
		Name string `json:"name"`
	}
	gitlabMessage struct {
		Level string `json:"level"`
		Value string `json:"value"`
	}
	gitlabVulnerability struct {
		ID          string                  `json:"id"`
		Name        string                  `json:"name"`
		Description string                  `json:"description"`
		Severity    string                  `json:"severity"`
		Solution    string                  `json:"solution"`
		Identifiers []gitlabIdentifier      `json:"identifiers"`
		Location    gitlabLocation          `json:"location"`
		Details     map[string]gitlabDetail `json:"details"`
	}
	gitlabIdentifier struct {
		Type  string `json:"type"`
		Name  string `json:"name"`
		Value string `json:"value"`
		URL   string `json:"url,omitempty"`
	}
	gitlabLocation struct {
		File   string       `json:"file"`
		Start  int          `json:"start_line,omitempty"`
		End    int          `json:"end_line,omitempty"`
		Commit gitlabCommit `json:"commit"`
	}
	gitlabCommit struct {
		SHA    string `json:"sha"`
		Author string `json:"author,omitempty"`
		Date   string `json:"date,omitempty"`
	}
	gitlabDetail struct {
		Name  string `json:"name"`
		Type  string `json:"type"`
		Value string `json:"value"`
	}
)

// gitlabScanOf says what ran, when, and whether it saw everything: a scan that did not is no success, so that nothing is taken
// for resolved because it was not read.
func gitlabScanOf(doc document) gitlabScan {
	tool := gitlabTool{ID: "quash", Name: "quash", URL: "https://github.com/quash-sh/quash", Version: "unknown", Vendor: gitlabName{"quash"}}
	s := gitlabScan{Type: "secret_detection", Status: "failure"}
	var started, ended time.Time
	if doc.Config != nil {
		started, tool.Version = doc.Config.Started, cmp.Or(visible(doc.Config.Quash), tool.Version)
	}
	if st := doc.Stats; st != nil {
		ended = st.Ended
		if st.Complete {
			s.Status = "success"
		}
		for _, g := range st.Gaps {
			s.Messages = append(s.Messages, gitlabMessage{"warn", "could not be seen: " + visible(g.Error())})
		}
		for _, u := range st.Unchecked {
			s.Messages = append(s.Messages, gitlabMessage{"info", "not asked of its issuer: " + visible(u)})
		}
	} else {
		s.Messages = []gitlabMessage{{"fatal", "the run was cut off before its end"}}
	}
	if ended.Before(started) {
		ended = started
	}
	s.Analyzer, s.Scanner, s.Start, s.End = tool, tool, gitlabTime(started), gitlabTime(ended)
	return s
}

// gitlabVulnerabilityOf is one place of a key. GitLab renders the description as Markdown.
func gitlabVulnerabilityOf(k *key, f Finding, id string, set *rules.Set) gitlabVulnerability {
	rule := gitlabIdentifier{Type: "quash_rule_id", Name: "quash rule " + visible(f.Rule), Value: visible(f.Rule)}
	if r := ruleOf(set, f.Rule); r != nil {
		rule.URL = cmp.Or(r.Docs, r.File().Docs)
	}
	v := gitlabVulnerability{
		ID: id, Name: clip(visible(cmp.Or(f.Name, f.Rule)), 255), Description: prose(sentenceOf(k, f)), Severity: gitlabSeverity(k, f),
		Solution: "Have the key revoked at its issuer, give a new one to what used it, then take it out of this place. quash respond plans this and changes nothing.",
		Identifiers: []gitlabIdentifier{
			rule, {Type: "quash_finding_id", Name: "quash finding " + visible(string(f.ID)), Value: visible(string(f.ID))},
			{Type: "cwe", Name: "CWE-798", Value: "798", URL: "https://cwe.mitre.org/data/definitions/798.html"},
		},
		Location: gitlabLocationOf(f),
		Details: map[string]gitlabDetail{
			"finding": {"Finding ID", "text", visible(string(f.ID))}, "key": {"Key, redacted", "text", visible(f.Redacted)}, "state": {"State", "text", string(k.state())},
		},
	}
	if len(f.Reasons) > 0 {
		v.Details["why"] = gitlabDetail{"Why", "text", visible(strings.Join(f.Reasons, ", "))}
	}
	return v
}

// noCommit stands for the commit of what is not committed. The format wants one for every place.
const noCommit = "0000000"

func gitlabLocationOf(f Finding) gitlabLocation {
	at := f.Location
	loc := gitlabLocation{File: at.Path, Start: at.Line, End: at.EndLine, Commit: gitlabCommit{SHA: cmp.Or(at.Commit, noCommit)}}
	switch {
	case at.Path == "" && at.Commit != "":
		loc.File = "commit/" + at.Commit
	case at.Path == "" || at.Path == "-":
		loc.File = "stdin"
	}
	if at.Commit != "" {
		loc.Commit.Author = visible(at.Author)
		if !at.Time.IsZero() {
			loc.Commit.Date = at.Time.UTC().Format(time.RFC3339)
		}
	}
	return loc
}

// gitlabSeverity is critical for a key that is live, info for one that is dead, and the rule's for one of which it is not known.
func gitlabSeverity(k *key, f Finding) string {
	switch k.state() {
	case stateLive:
		return "Critical"
	case stateDead, stateInactive:
		return "Info"
	}
	switch f.Severity {
	case rules.SeverityInfo, rules.SeverityLow, rules.SeverityMedium, rules.SeverityHigh, rules.SeverityCritical:
		return strings.ToUpper(string(f.Severity[:1])) + string(f.Severity[1:])
	}
	return "Unknown"
}

// gitlabUUID names the nth place of a key in a file or record: the same in every run, wherever the key moves inside its file.
func gitlabUUID(f Finding, n int) string {
	b := placeSum(f, itoa(n))
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80 // RFC 9562: version 8 (of our own making), variant 10
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// gitlabTime is UTC without a zone.
func gitlabTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }
