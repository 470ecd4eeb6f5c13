package forge

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// coverageSchema is the version of Coverage's form.
const coverageSchema = "quash.coverage/1"

// LeftOut is what became of a repository that a filter leaves out.
const LeftOut Covered = "left out"

// Coverage says of every repository whether it was covered and, where it was not, why.
type Coverage struct {
	Schema  string    `json:"schema"`
	Targets []string  `json:"targets"`
	Ended   time.Time `json:"ended"`
	// Complete says that every repository that no filter leaves out was read from one end to the other.
	Complete     bool   `json:"complete"`
	Repositories []Line `json:"repositories"`
}

// Line is one repository of a Coverage.
type Line struct {
	Name    string  `json:"name"`
	URL     string  `json:"url"`
	Covered Covered `json:"covered"`
	// Why says why it was left out, not read, or not read whole.
	Why string `json:"why,omitempty"`
	// Refs is how many references were scanned, Keys how many distinct keys stand in them without a comment that allows them, and Scanned when they were read.
	Refs    int       `json:"refs"`
	Keys    int       `json:"keys"`
	Scanned time.Time `json:"scanned,omitzero"`
}

// Add adds what became of a repository.
func (c *Coverage) Add(res Result) {
	l := Line{Name: res.Repository.Name, URL: res.Repository.URL, Covered: res.Covered, Refs: res.Refs, Keys: keys(res.Findings), Scanned: res.At}
	switch {
	case res.Err != nil:
		l.Why = res.Err.Error()
	case len(res.Stats.Gaps) > 0:
		l.Why = res.Stats.Gaps[0].Error()
	}
	c.Repositories = append(c.Repositories, l)
}

// keys counts the distinct keys of findings that no comment allows.
func keys(found []scanner.Finding) int {
	ids := map[scanner.ID]bool{}
	for _, f := range found {
		if !f.Allowed {
			ids[f.ID] = true
		}
	}
	return len(ids)
}

// Leave adds a repository that a filter leaves out; why is its [Filter.Why].
func (c *Coverage) Leave(r Repository, why string) {
	c.Repositories = append(c.Repositories, Line{Name: r.Name, URL: r.URL, Covered: LeftOut, Why: why})
}

// String is the coverage in one line: "60 repositories: 3 scanned, 57 unchanged".
func (c *Coverage) String() string {
	n := map[Covered]int{}
	for _, l := range c.Repositories {
		n[l.Covered]++
	}
	var parts []string
	for _, w := range []Covered{Scanned, Unchanged, Incomplete, Failed, Interrupted, LeftOut} {
		if n[w] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[w], w))
		}
	}
	noun := "repositories"
	if len(c.Repositories) == 1 {
		noun = "repository"
	}
	total := fmt.Sprintf("%d %s", len(c.Repositories), noun)
	if len(parts) == 0 {
		return total
	}
	return total + ": " + strings.Join(parts, ", ")
}

// Skipped counts what was left out, by reason.
func (c *Coverage) Skipped() map[string]int {
	n := map[string]int{}
	for _, l := range c.Repositories {
		if l.Covered == LeftOut {
			n[l.Why]++
		}
	}
	return n
}

// Encode is the coverage as JSON.
func (c *Coverage) Encode() ([]byte, error) {
	c.Schema = coverageSchema
	data, err := json.MarshalIndent(c, "", "  ")
	return append(data, '\n'), err
}
