package records

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// notionArchive is the zip file of a Notion export: a file for each page in Markdown or HTML, a table for each database, and folders with
// what stands in a page. Names end in the id of the page, 32 hexadecimal digits, of which places have the first eight. A large export has
// further zip files inside.
//
// https://www.notion.com/help/export-your-content
var notionArchive = Archive{
	Name: "notion", Title: "a Notion export",
	alone: []*Format{&notionTable},
	score: func(names []string) (int, string) {
		for _, name := range names {
			if notionPage().MatchString(path.Base(name)) || notionPart().MatchString(path.Base(name)) {
				return Sure, ""
			}
		}
		return None, ""
	},
	missing: "no page whose name ends in 32 hexadecimal digits",
	format:  func(name string) *Format { return when(notionTable.score(name, nil) >= Sure, &notionTable) },
	place:   func(_ *Contents, name string) scanner.Location { return notionPlace(name) },
	facts:   notionFacts,
}

var (
	notionPage   = expression(`^(.*?) ?([0-9a-f]{8})[0-9a-f]{24}(?:_all)?\.(md|html|csv)$`)
	notionFolder = expression(`^(.*?) ?([0-9a-f]{8})[0-9a-f]{24}$`)
	notionPart   = expression(`^Export.*-Part-\d+\.zip$`)
)

// notionTable is a database of a Notion export, whose rows have no name of their own.
var notionTable = func() Format {
	f := csvRecords
	f.Name, f.Title = "notion", "a Notion export"
	f.shape = nil
	f.score = func(name string, _ []byte) int {
		if m := notionPage().FindStringSubmatch(lastName(name)); m != nil && m[3] == "csv" {
			return Sure
		}
		return None
	}
	f.prefix = func(name string) string {
		if m := notionPage().FindStringSubmatch(lastName(name)); m != nil {
			return notionTitle(m) + "/"
		}
		return ""
	}
	return f
}()

// lastName is the last name of a path that may lead into archives.
func lastName(name string) string { return path.Base(name[strings.LastIndexByte(name, '!')+1:]) }

// notionFacts is who made a page and when, as far as its properties say it. A page of a database has them in lines behind its title:
// "Created by: Ann Lee", "Created time: March 4, 2026 9:12 AM". Other pages say nothing of it.
func notionFacts(begin []byte) (author string, when time.Time) {
	for n, line := range strings.Split(string(begin), "\n") {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case n > 1 && !ok:
			return author, when
		case !ok:
		case strings.EqualFold(name, "created by"), strings.EqualFold(name, "author") && author == "":
			author = label([]byte(value))
		case strings.EqualFold(name, "created time"), strings.EqualFold(name, "created") && when.IsZero():
			when, _ = parseTime(value)
		}
	}
	return author, when
}

// notionTitle is what a page is called, with the beginning of its id.
func notionTitle(m []string) string {
	return strings.TrimSpace(label([]byte(m[1])) + " (" + m[2] + ")")
}

// notionPlace is the place of a page, or of a file in the folder of one.
func notionPlace(name string) scanner.Location {
	dir, file := path.Split(name)
	if m := notionPage().FindStringSubmatch(file); m != nil {
		return scanner.Location{Record: notionTitle(m), Field: "page"}
	}
	for _, folder := range backwards(strings.Split(strings.TrimSuffix(dir, "/"), "/")) {
		if m := notionFolder().FindStringSubmatch(folder); m != nil {
			return scanner.Location{Record: notionTitle(m), Field: strings.TrimSpace("attachment " + label([]byte(file)))}
		}
	}
	return scanner.Location{}
}

func backwards(names []string) []string {
	slices.Reverse(names)
	return names
}
