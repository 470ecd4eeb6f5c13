package report

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	published "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// sarifSchema is the published schema of SARIF 2.1.0. go-sarif holds it in a constant that it does not export, and validates
// only what it has read into types of its own, which says nothing of a property that those lack. So it is read from the source.
var sarifSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", reflect.TypeFor[published.Report]().PkgPath()).Output()
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "schema.go"), nil, 0)
	if err != nil {
		return nil, err
	}
	text := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok {
			text = strings.Trim(lit.Value, "`")
		}
		return true
	})
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("sarif.json")
})

// parseSARIF validates a log against the published schema and reads it.
func parseSARIF(t *testing.T, text string) sarifRun {
	t.Helper()
	s, err := sarifSchema()
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, s, []byte(text)); err != nil {
		t.Fatal(err)
	}
	var log sarifLog
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	if len(log.Runs) != 1 {
		t.Fatalf("%d runs", len(log.Runs))
	}
	return log.Runs[0]
}

func TestSARIF(t *testing.T) {
	run := parseSARIF(t, render(t, "sarif", Run{Rules: ruleSet(t)}, story()...))
	if n := len(findings()); len(run.Results) != n {
		t.Fatalf("%d results for %d places", len(run.Results), n)
	}
	if r := run.Results[0]; r.Level != "error" || r.Properties["state"] != "active" || !strings.Contains(r.Message.Text, "It is ACTIVE") {
		t.Errorf("the live key is not first: %+v", r)
	}
	if r := run.Results[len(run.Results)-1]; r.Level != "note" || r.Properties["validity"] != "inactive" {
		t.Errorf("the inactive key is not last: %+v", r)
	}
	for _, r := range run.Results {
		if r.Properties["state"] == "dead" && r.Properties["validity"] != "inactive" {
			t.Errorf("a dead key has validity %v", r.Properties["validity"])
		}
	}
	inv := run.Invocations[0]
	if inv.Successful || len(inv.Notifications) != 3 || *inv.ExitCode != 4 {
		t.Errorf("an incomplete run looks like a good one: %+v", inv)
	}
	for _, r := range run.Results {
		checkResult(t, run, r)
	}
	if got := parseSARIF(t, render(t, "sarif", Run{}, config())); got.Invocations[0].Successful {
		t.Error("a run that was cut off is successful")
	}
}

// TestSARIFSchema: the schema that the tests use does refuse.
func TestSARIFSchema(t *testing.T) {
	s, err := sarifSchema()
	if err != nil {
		t.Fatal(err)
	}
	log := render(t, "sarif", Run{}, story()...)
	for _, change := range [][2]string{{`"text"`, `"words"`}, {`"level": "error"`, `"level": "awful"`}, {`"startLine": 3`, `"startLine": 0`}, {`"version": "2.1.0"`, `"version": "2.2"`}} {
		broken := strings.Replace(log, change[0], change[1], 1)
		if broken == log || validate(t, s, []byte(broken)) == nil {
			t.Errorf("the schema takes %s", change[1])
		}
	}
}

func checkResult(t *testing.T, run sarifRun, r sarifResult) {
	t.Helper()
	if r.RuleID != run.Tool.Driver.Rules[r.RuleIndex].ID {
		t.Errorf("%s has the index of %s", r.RuleID, run.Tool.Driver.Rules[r.RuleIndex].ID)
	}
	at := r.Locations[0].Physical
	if u, err := url.Parse(at.Artifact.URI); err != nil || u.IsAbs() || strings.HasPrefix(u.Path, "/") {
		t.Errorf("the URI %q is not relative", at.Artifact.URI)
	}
	if at.Region != nil && at.Region.Snippet != nil && !strings.Contains(at.Region.Snippet.Text, "_… ") {
		t.Errorf("the snippet %q is not the redacted form", at.Region.Snippet.Text)
	}
	if commit, ok := r.Properties["commit"].(string); ok && !strings.Contains(r.Message.Text, commit) {
		t.Errorf("the message does not name the commit: %s", r.Message.Text)
	}
	if !strings.Contains(r.Message.Text, r.Properties["id"].(string)) {
		t.Errorf("the message does not name the finding: %s", r.Message.Text)
	}
}

// TestSARIFLimits: a run stays within what GitHub takes, keeps the most urgent results, and says what it cut.
func TestSARIFLimits(t *testing.T) {
	const many = sarifMost + 10
	items := []Item{config()}
	for i := range many {
		items = append(items, tokenAt(scanner.ID(fmt.Sprintf("q-%016x", i)), rules.High, scanner.Location{Path: "a", Line: i + 1}))
	}
	items = append(items, outcomes()[1]) // idLive, which is found last
	items = append(items, tokenAt(idLive, rules.High, scanner.Location{Path: "b", Line: 1}), stats())
	// Validating so many takes long; the form of a result is held by the tests above.
	var log sarifLog
	if err := json.Unmarshal([]byte(render(t, "sarif", Run{}, items...)), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if len(run.Results) != sarifMost {
		t.Errorf("%d results", len(run.Results))
	}
	if run.Results[0].Properties["id"] != string(idLive) {
		t.Errorf("the live key is not first but %v", run.Results[0])
	}
	var said []string
	for _, n := range run.Invocations[0].Notifications {
		said = append(said, n.Message.Text)
	}
	all := strings.Join(said, "\n")
	for _, want := range []string{"11 of 25,011 results were cut", "keeps the first 5,000 results of a run; this one has 25,000"} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing says %q in:\n%s", want, all)
		}
	}
}

// TestSARIFFingerprints: they do not change when a key moves inside its file or when others come, and no two are the same.
func TestSARIFFingerprints(t *testing.T) {
	prints := func(items ...Item) map[string]string {
		byPlace := map[string]string{}
		seen := map[string]bool{}
		for _, r := range parseSARIF(t, render(t, "sarif", Run{}, append(append([]Item{config()}, items...), stats())...)).Results {
			p := r.Fingerprints["primaryLocationLineHash"]
			if p == "" || seen[p] {
				t.Errorf("fingerprint %q is empty or not the only one", p)
			}
			seen[p] = true
			byPlace[r.Properties["id"].(string)+" "+r.Locations[0].Physical.Artifact.URI] += p + " "
		}
		return byPlace
	}
	at := func(id scanner.ID, path string, line int) Item {
		return tokenAt(id, rules.High, scanner.Location{Path: path, Line: line, Column: 1, Repository: "shop"})
	}
	before := prints(at(idLive, "a.env", 3), at(idLive, "b.env", 3), at(idLive, "a.env", 9))
	moved := at(idLive, "a.env", 17)
	moved.Finding.Location.Repository = "/home/ann/shop"
	after := prints(at(idDead, "a.env", 1), moved, at(idLive, "a.env", 20), at(idLive, "b.env", 4))
	for place, want := range before {
		if after[place] != want {
			t.Errorf("%s: fingerprint %q became %q", place, want, after[place])
		}
	}
}

func TestSARIFPaths(t *testing.T) {
	for path, want := range map[string]sarifArtifact{
		"src/a b.env":     {URI: "src/a%20b.env"},
		"/srv/OPS.xml":    {URI: "srv/OPS.xml", BaseID: "ROOT"},
		"//host/share.md": {URI: "host/share.md", BaseID: "ROOT"},
		"-":               {URI: "stdin"},
		"c:/x.env":        {URI: "./c:/x.env"},
		"a\x1b\xff?#%":    {URI: "a%1B%FF%3F%23%25"},
		"../up.env":       {URI: "../up.env"},
	} {
		if got := artifact(Finding{Location: scanner.Location{Path: path}}); got != want {
			t.Errorf("%q becomes %+v, want %+v", path, got, want)
		}
	}
	if got := artifact(Finding{Location: scanner.Location{Commit: "c0ffee"}}); got.URI != "commit/c0ffee" {
		t.Errorf("a commit message is at %q", got.URI)
	}
}

func TestSARIFMessages(t *testing.T) {
	const in = "by [Ann](https://evil.example) {0}\x1b"
	if got, want := message(in).Text, `by \[Ann\](https://evil.example) {{0}}\x1b`; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
}
