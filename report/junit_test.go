package report

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// junitForm is what CI systems take: of each element its attributes and the elements in it, those that must be there with a mark.
var junitForm = map[string]struct{ attributes, children string }{
	"testsuites": {"name tests! failures! errors! time", "testsuite"},
	"testsuite":  {"name! tests! failures! errors! skipped time timestamp", "testcase"},
	"testcase":   {"classname! name! time file line", "failure error"},
	"failure":    {"message! type!", ""},
	"error":      {"message! type!", ""},
}

// checkJUnit holds a report against the form, and its counts against its cases.
func checkJUnit(t *testing.T, text string) junitSuites {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(text))
	var path []string
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			checkElement(t, path, e)
			path = append(path, e.Name.Local)
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
	var all junitSuites
	if err := xml.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	failed, broken := 0, 0
	for _, c := range all.Suite.Cases {
		if c.Failure != nil {
			failed++
		}
		if c.Error != nil {
			broken++
		}
	}
	if s := all.Suite; s.Tests != len(s.Cases) || s.Failures != failed || s.Errors != broken || all.Tests != s.Tests || all.Failures != failed || all.Errors != broken {
		t.Errorf("the counts are wrong: %+v", s)
	}
	return all
}

func checkElement(t *testing.T, path []string, e xml.StartElement) {
	t.Helper()
	form, ok := junitForm[e.Name.Local]
	parent := "testsuites"
	if len(path) > 0 {
		parent = path[len(path)-1]
	}
	if !ok || len(path) > 0 && !slices.Contains(strings.Fields(junitForm[parent].children), e.Name.Local) {
		t.Errorf("element %s in %s", e.Name.Local, parent)
	}
	for _, name := range strings.Fields(form.attributes) {
		name, must := strings.CutSuffix(name, "!")
		if has := slices.ContainsFunc(e.Attr, func(a xml.Attr) bool { return a.Name.Local == name }); must && !has {
			t.Errorf("%s has no %s", e.Name.Local, name)
		}
	}
	for _, a := range e.Attr {
		if !slices.Contains(strings.Fields(strings.ReplaceAll(form.attributes, "!", "")), a.Name.Local) {
			t.Errorf("%s has an attribute %s", e.Name.Local, a.Name.Local)
		}
		if a.Name.Local == "time" {
			if _, err := strconv.ParseFloat(a.Value, 64); err != nil {
				t.Errorf("time %q of %s", a.Value, e.Name.Local)
			}
		}
	}
}

func TestJUnit(t *testing.T) {
	all := checkJUnit(t, render(t, "junit", Run{}, story()...))
	if all.Failures != len(findings()) || all.Errors != 1 || all.Suite.Timestamp != "2026-11-22T14:00:00" {
		t.Errorf("%d failures, %d errors at %s", all.Failures, all.Errors, all.Suite.Timestamp)
	}
	if c := all.Suite.Cases[0]; c.Error == nil || c.Error.Type != "incomplete" || !strings.Contains(c.Error.Text, "git fetch --unshallow") {
		t.Errorf("the incomplete scan is %+v", c)
	}
	if c := all.Suite.Cases[1]; c.Failure.Type != "active" || c.File != "config/acme.env" || c.Line != 3 || !strings.Contains(c.Failure.Text, "It is ACTIVE") {
		t.Errorf("the live key is not first: %+v", c)
	}

	whole := stats()
	whole.Stats.Complete, whole.Stats.Gaps = true, nil
	if all := checkJUnit(t, render(t, "junit", Run{}, config(), whole)); all.Tests != 1 || all.Failures+all.Errors != 0 {
		t.Errorf("a whole scan without keys is not one test that passes: %+v", all)
	}
	if all := checkJUnit(t, render(t, "junit", Run{}, config(), stats())); all.Tests != 1 || all.Errors != 1 {
		t.Errorf("an incomplete scan passes: %+v", all)
	}
	if all := checkJUnit(t, render(t, "junit", Run{}, config())); all.Errors != 1 {
		t.Errorf("a run that was cut off passes: %+v", all)
	}
}
