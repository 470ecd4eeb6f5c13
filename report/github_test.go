package report

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// githubCommand is a command of GitHub Actions as its runner reads one: properties have no comma, colon or line end in a value.
var githubCommand = regexp.MustCompile(`^::(error|warning|notice) (?:file=[^,:]+,(?:line=[1-9][0-9]*,endLine=[1-9][0-9]*,)?)?title=[^,:]*::.*$`)

// checkGitHub returns the annotations by level.
func checkGitHub(t *testing.T, text string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for line := range strings.Lines(text) {
		m := githubCommand.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			t.Fatalf("not a command: %q", line)
		}
		if strings.Contains(strings.NewReplacer("%25", "", "%3A", "", "%2C", "").Replace(line), "%") {
			t.Errorf("a %% stands as it is in %q", line)
		}
		all[m[1]] = append(all[m[1]], line)
	}
	for level, lines := range all {
		if len(lines) > githubMost {
			t.Errorf("%d of level %s", len(lines), level)
		}
	}
	return all
}

func TestGitHub(t *testing.T) {
	all := checkGitHub(t, render(t, "github", Run{}, story()...))
	if len(all["error"]) != 4 || len(all["warning"]) != 3 || len(all["notice"]) != 3 {
		t.Errorf("%d errors, %d warnings, %d notices", len(all["error"]), len(all["warning"]), len(all["notice"]))
	}
	if want := "::error file=config/acme.env,line=3,endLine=3,title=Acme access token%2C active::"; !strings.HasPrefix(all["error"][0], want) {
		t.Errorf("the live key is not first: %s", all["error"][0])
	}
	if !strings.Contains(all["warning"][0], "git fetch --unshallow") {
		t.Errorf("nothing says what is missing: %s", all["warning"])
	}
	if all := checkGitHub(t, render(t, "github", Run{}, config())); len(all["warning"]) != 1 {
		t.Errorf("a run that was cut off: %v", all)
	}
}

// TestGitHubLimit: no more than GitHub shows, the live key first, and the last says how many are left out.
func TestGitHubLimit(t *testing.T) {
	items := []Item{config()}
	for i := range 30 {
		items = append(items, tokenAt(scanner.ID(fmt.Sprintf("q-%016x", i)), rules.High, scanner.Location{Path: "a", Line: i + 1}))
	}
	items = append(items, outcomes()[1], tokenAt(idLive, rules.High, scanner.Location{Path: "b"}))
	errs := checkGitHub(t, render(t, "github", Run{}, append(items, stats())...))["error"]
	if len(errs) != 10 || !strings.Contains(errs[0], string(idLive)) || !strings.Contains(errs[9], "22 more places are in the job summary") {
		t.Errorf("%q", errs)
	}
}
