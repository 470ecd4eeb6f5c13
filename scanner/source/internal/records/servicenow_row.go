package records

import (
	"strconv"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// Tables that speak of other rows.
const (
	nowJournal = "sys_journal_field"
	nowFiles   = "sys_attachment"
	nowPieces  = "sys_attachment_doc"
	nowAudit   = "sys_audit"
)

// nowJournals are fields that hold lists of comments.
var nowJournals = map[string]bool{"comments": true, "work_notes": true, "comments_and_work_notes": true}

// nowRow is a row of a table.
type nowRow struct {
	known  *nowKnown
	table  string
	number int // the first is 1
	// What its fields say: what people call it, its sys_id, the sys_id of the row that it speaks of, and in that the field.
	name, id, of, element string
	by, opened            string
	created               time.Time
	attachment            string // of a piece of a file, that it belongs to
	position              int
	data                  []byte
}

// set takes what a field says.
func (row *nowRow) set(field, value string) {
	switch field {
	case "number":
		row.name = value
	case "sys_id":
		row.id = value
	case "element_id", "table_sys_id", "documentkey":
		row.of = value
	case "element", "fieldname", "file_name":
		row.element = value
	case "sys_created_by", "user":
		if row.by == "" {
			row.by = value
		}
	case "sys_created_on":
		row.created, _ = parseTime(value)
	case nowFiles:
		row.attachment = value
	case "position":
		row.position = count([]byte(value))
	}
}

// show takes what a field that names another row shows.
func (row *nowRow) show(field string, value []byte) {
	if field == "opened_by" || field == "caller_id" && row.opened == "" {
		row.opened = label(value)
	}
}

// nowKnown is what is known of rows by sys_id.
type nowKnown struct {
	names map[string]string
	files map[string]nowRow
}

// tables is what is known of the rows of a ServiceNow export.
func (k *Contents) tables() *nowKnown {
	if k.now == nil {
		k.now = &nowKnown{names: map[string]string{}, files: map[string]nowRow{}}
	}
	return k.now
}

// add takes in what a row says.
func (k *nowKnown) add(row *nowRow) {
	if row.id == "" || len(row.id) > maxLabel {
		return
	}
	if name := label([]byte(row.name)); name != "" && len(k.names) < maxContents {
		k.names[row.id] = name
	}
	if row.table == nowFiles && len(k.files) < maxPeople {
		f := *row
		f.element = label([]byte(f.element))
		f.data = nil
		k.files[row.id] = f
	}
}

// at is the place of a field of a row.
func (row *nowRow) at(field string) scanner.Location {
	at := scanner.Location{Author: label([]byte(row.by)), Time: row.created, Field: field}
	if row.opened != "" {
		at.Author = row.opened
	}
	if at.Record = row.known.names[row.of]; at.Record == "" {
		at.Record = label([]byte(row.name))
	}
	if at.Record == "" {
		at.Record = strings.TrimSpace(label([]byte(row.table)) + " " + strconv.Itoa(row.number))
	}
	element := label([]byte(row.element))
	switch {
	case row.table == nowJournal && field == "value" && element != "":
		at.Field = element
	case row.table == nowFiles && element != "":
		at.Field = "attachment " + element
		if field != "file_name" {
			at.Field += " " + field
		}
	case row.table == nowAudit && element != "" && (field == "oldvalue" || field == "newvalue"):
		at.Field = element
		if field == "oldvalue" {
			at.Field = historyPrefix + element
		}
	}
	return at
}

// nowPlace is the place of a text in a row.
type nowPlace struct {
	row   *nowRow // nil outside of all
	field string
	self  about // of an entry in a list of comments
}

// location implements place.
func (p *nowPlace) location() scanner.Location {
	if p.row == nil {
		return scanner.Location{Record: "unload", Field: p.field}
	}
	return p.self.over(p.row.at(p.field))
}

// name implements place.
func (p *nowPlace) name() string {
	if p.row == nil {
		return ""
	}
	return p.field
}
