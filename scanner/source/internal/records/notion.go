package records

import (
	"path"
	"slices"
	"strings"

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
		if m := notionPage().FindStringSubmatch(path.Base(name)); m != nil && m[3] == "csv" {
			return Sure
		}
		return None
	}
	f.prefix = func(name string) string {
		if m := notionPage().FindStringSubmatch(path.Base(name)); m != nil {
			return notionTitle(m) + "/"
		}
		return ""
	}
	return f
}()

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
