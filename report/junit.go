package report

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

var _ = register("junit", FormatFunc(writeJUnit), ".junit.xml", ".xml")

// The parts of JUnit's XML that CI systems read: there is no standard, and these stand in every description of it.
type (
	junitSuites struct {
		XMLName  xml.Name   `xml:"testsuites"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Time     string     `xml:"time,attr"`
		Suite    junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      string      `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr,omitempty"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string       `xml:"classname,attr"`
		Name    string       `xml:"name,attr"`
		File    string       `xml:"file,attr,omitempty"`
		Line    int          `xml:"line,attr,omitempty"`
		Time    string       `xml:"time,attr"`
		Failure *junitResult `xml:"failure,omitempty"`
		Error   *junitResult `xml:"error,omitempty"`
	}
	junitResult struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",cdata"`
	}
)

// writeJUnit writes one test that says whether everything was read, and one failed test for each place of each key. So a run
// that saw everything and found nothing is one test that passes, and no other run is.
func writeJUnit(w io.Writer, run Run, items iter.Seq2[Item, error]) error {
	s, err := summarize(run, items)
	if err != nil {
		return err
	}
	suite := junitSuite{Name: "quash", Time: "0", Cases: []junitCase{s.junitReadCase()}}
	if s.Config != nil && !s.Config.Started.IsZero() {
		suite.Timestamp = s.Config.Started.UTC().Format("2006-01-02T15:04:05")
	}
	if s.Stats != nil {
		suite.Time = fmt.Sprintf("%.3f", s.Stats.Seconds)
	}
	for _, k := range s.keys {
		for _, f := range k.findings {
			suite.Cases = append(suite.Cases, junitCaseOf(k, f))
		}
	}
	for _, c := range suite.Cases {
		suite.Tests++
		if c.Failure != nil {
			suite.Failures++
		}
		if c.Error != nil {
			suite.Errors++
		}
	}
	b := bufio.NewWriter(w)
	_, _ = b.WriteString(xml.Header) // the writer keeps its error for Flush
	enc := xml.NewEncoder(b)
	enc.Indent("", "  ")
	err = enc.Encode(junitSuites{Name: "quash", Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Time: suite.Time, Suite: suite})
	_ = b.WriteByte('\n')
	if err := errors.Join(err, b.Flush()); err != nil {
		return fmt.Errorf("write junit: %w", err)
	}
	return nil
}

// junitReadCase is the test that everything was read.
func (s *summary) junitReadCase() junitCase {
	c := junitCase{Class: "quash", Name: "everything was read", Time: "0"}
	switch {
	case s.complete():
	case s.Stats == nil:
		c.Error = &junitResult{Message: "the run was cut off before its end", Type: "incomplete", Text: "Run it again."}
	default:
		var lines []string
		for _, g := range s.Stats.Gaps {
			lines = append(lines, g.Error())
		}
		c.Error = &junitResult{Message: "the scan is INCOMPLETE: what it did not see may hold keys", Type: "incomplete", Text: strings.Join(lines, "\n")}
	}
	return c
}

// junitCaseOf is the test that a place holds no key, which failed.
func junitCaseOf(k *key, f Finding) junitCase {
	lines := []string{strings.TrimSpace(place(f.Location) + "  " + strings.Join(since(f.Location), "  ")), sentenceOf(k, f)}
	if len(f.Reasons) > 0 {
		lines = append(lines, "why: "+strings.Join(f.Reasons, ", "))
	}
	lines = append(lines, "next: quash show "+shell(string(f.ID)))
	return junitCase{
		Class: f.Rule, Name: string(f.ID) + " at " + place(f.Location), File: f.Location.Path, Line: f.Location.Line, Time: "0",
		Failure: &junitResult{Message: f.Name + " (" + f.Redacted + "), " + string(k.state()), Type: string(k.state()), Text: strings.Join(lines, "\n")},
	}
}
