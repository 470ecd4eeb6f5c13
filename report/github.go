package report

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"strings"
)

var _ = register("github", FormatFunc(writeGitHub), ".annotations")

// githubMost is how many annotations of a level GitHub shows of one step
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
const githubMost = 10

// writeGitHub writes the commands of GitHub Actions that annotate files: one a place, the most urgent keys first, at most ten of a
// level. The tenth says how many are left out.
func writeGitHub(w io.Writer, run Run, items iter.Seq2[Item, error]) error {
	s, err := summarize(run, items)
	if err != nil {
		return err
	}
	byLevel := map[string][]string{}
	for _, text := range s.githubGaps() {
		byLevel["warning"] = append(byLevel["warning"], "title=quash%3A the scan is INCOMPLETE::"+githubData.Replace(text))
	}
	for _, k := range s.keys {
		for _, f := range k.findings {
			l := githubLevels[level(k, f)]
			byLevel[l] = append(byLevel[l], githubPlace(k, f))
		}
	}
	var b strings.Builder
	for _, l := range [...]string{"error", "warning", "notice"} {
		all := byLevel[l]
		if n := len(all) - githubMost + 1; n > 1 {
			all = append(all[:githubMost-1], "title=quash::"+count(n, "more place is", "more places are")+" in the job summary")
		}
		for _, a := range all {
			b.WriteString("::" + l + " " + a + "\n")
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write github: %w", err)
	}
	return nil
}

// githubLevels are the levels of SARIF by GitHub's names.
var githubLevels = map[string]string{"error": "error", "warning": "warning", "note": "notice"}

// The characters that end a command's message, or a property of it. Line ends are written out before they come here.
var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// githubPlace are the properties and the message of one place.
func githubPlace(k *key, f Finding) string {
	var all []string
	if at := f.Location; at.Path != "" && at.Path != "-" {
		all = append(all, "file="+githubProperty.Replace(at.Path))
		if at.Line > 0 {
			all = append(all, "line="+itoa(at.Line), "endLine="+itoa(max(at.Line, at.EndLine)))
		}
	}
	title := cmp.Or(f.Name, f.Rule)
	if k.state() != stateNotAsked {
		title += ", " + string(k.state())
	}
	all = append(all, "title="+githubProperty.Replace(clip(title, markdownCell)))
	return strings.Join(all, ",") + "::" + githubData.Replace(clip(sentenceOf(k, f), 4*markdownCell)+" quash show "+string(f.ID))
}

// githubGaps are what could not be seen.
func (s *summary) githubGaps() []string {
	if s.Stats == nil {
		return []string{"the run was cut off before its end"}
	}
	var all []string
	for _, g := range s.Stats.Gaps {
		all = append(all, clip(g.Error(), 4*markdownCell))
	}
	return all
}
