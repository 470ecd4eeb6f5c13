package report

import (
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// gitlabFormat is what GitLab asks of a report.
var gitlabFormat = sync.OnceValues(func() (*jsonschema.Schema, error) {
	file, err := os.Open("testdata/gitlab.schema.json")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	doc, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("gitlab.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("gitlab.json")
})

func parseGitLab(t *testing.T, text string) gitlabReport {
	t.Helper()
	s, err := gitlabFormat()
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, s, []byte(text)); err != nil {
		t.Fatal(err)
	}
	var r gitlabReport
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGitLab(t *testing.T) {
	r := parseGitLab(t, render(t, "gitlab", Run{Rules: ruleSet(t)}, story()...))
	if len(r.Vulnerabilities) != len(findings()) || r.Scan.Status != "failure" || len(r.Scan.Messages) != 3 {
		t.Errorf("%d vulnerabilities, status %s, messages %v", len(r.Vulnerabilities), r.Scan.Status, r.Scan.Messages)
	}
	first, last := r.Vulnerabilities[0], r.Vulnerabilities[len(r.Vulnerabilities)-1]
	if first.Severity != "Critical" || first.Location.Commit.SHA != "c6dd548b00000000000000000000000000000000" || first.Location.Commit.Date != "2026-10-13T13:57:00Z" {
		t.Errorf("the live key is not first, or not critical: %+v", first)
	}
	if id := first.Identifiers[0]; id.Type != "quash_rule_id" || id.Value != "acme-token" || id.URL != "https://docs.acme.example/tokens" {
		t.Errorf("the primary identifier is %+v", id)
	}
	if last.Severity != "Info" {
		t.Errorf("an inactive key is %s", last.Severity)
	}
	for _, v := range r.Vulnerabilities {
		if v.Location.File == "deploy/values.yaml" && v.Location.Commit.SHA != noCommit {
			t.Errorf("what is not committed has the commit %q", v.Location.Commit.SHA)
		}
	}
	whole := stats()
	whole.Stats.Complete, whole.Stats.Gaps = true, nil
	if r := parseGitLab(t, render(t, "gitlab", Run{}, config(), whole)); r.Scan.Status != "success" {
		t.Errorf("a whole scan without keys: %+v", r.Scan)
	}
	if r := parseGitLab(t, render(t, "gitlab", Run{}, config())); r.Scan.Status != "failure" || r.Scan.Messages[0].Level != "fatal" {
		t.Errorf("a run that was cut off: %+v", r.Scan)
	}
	parseGitLab(t, render(t, "gitlab", Run{}))
}

// TestGitLabSchema: the schema that the tests use does refuse.
func TestGitLabSchema(t *testing.T) {
	s, err := gitlabFormat()
	if err != nil {
		t.Fatal(err)
	}
	good := render(t, "gitlab", Run{}, story()...)
	for _, change := range [][2]string{
		{`"sha"`, `"hash"`}, {`"Critical"`, `"Awful"`}, {`"secret_detection"`, `"sast"`}, {`"failure"`, `"half"`}, {"T14:00:00\"", "T14:00:00Z\""}, {`"version": "15`, `"version": "14`},
		{`"solution"`, `"raw_source_code_extract"`}, {`"start_line": 3`, `"start_line": 0`}, {`"identifiers"`, `"ids"`},
	} {
		broken := strings.Replace(good, change[0], change[1], 1)
		if broken == good || validate(t, s, []byte(broken)) == nil {
			t.Errorf("the schema takes %s", change[1])
		}
	}
}

// TestGitLabIDs: they do not change when a key moves inside its file or when others come, and no two are the same.
func TestGitLabIDs(t *testing.T) {
	byPlace := func(items ...Item) map[string]string {
		all, seen := map[string]string{}, map[string]bool{}
		for _, v := range parseGitLab(t, render(t, "gitlab", Run{}, append(append([]Item{config()}, items...), stats())...)).Vulnerabilities {
			if seen[v.ID] {
				t.Errorf("%s is there twice", v.ID)
			}
			seen[v.ID] = true
			all[v.Identifiers[1].Value+" "+v.Location.File] += v.ID + " "
		}
		return all
	}
	at := func(id scanner.ID, path string, line int) Item {
		return tokenAt(id, rules.High, scanner.Location{Path: path, Line: line, Repository: "shop"})
	}
	before := byPlace(at(idLive, "a.env", 3), at(idLive, "b.env", 3), at(idLive, "a.env", 9))
	after := byPlace(at(idDead, "a.env", 1), at(idLive, "a.env", 17), at(idLive, "a.env", 20), at(idLive, "b.env", 4))
	for place, want := range before {
		if after[place] != want {
			t.Errorf("%s: %q became %q", place, want, after[place])
		}
	}
}
