// Package report writes what a run found and did.
//
// The native stream is JSONL: one [Item] a line, each an object with exactly one field that names its kind. [JSONSchema]
// describes a line, and [Read] takes back nothing else. Every other format renders those items, live or later from a saved
// stream (quash report --from run.jsonl -f sarif), so that a job scans once.
//
//	items ─┬─ jsonl, as they come
//	       └─ document (items by kind) ─┬─ json, sarif, gitlab
//	                                    └─ summary (by key, made visible, judged) ─┬─ text, markdown, github, junit, csv
//	                                                                               └─ page ─ html
//
// No format ever holds a key. Items carry the redacted form (the issuer's fixed prefix and the length) and the finding ID;
// snippets are made of those.
//
// Paths, authors and replies are other people's text. In formats for programs hidden characters are escaped; in formats for
// people they are written out, for every string of a run at once (visible.go), so that no format can forget one. The page is
// made by html/template, which escapes each value for its place, and forbids scripts and whatever is loaded from elsewhere. In
// Markdown such text stands in code, where nothing in it acts; in a table for spreadsheets no cell of it is a formula.
//
// A summary says the most urgent thing first: a live key, then what may outlive a dead one, then what is not known. It says
// clean only of a run that saw everything. What to do next follows from where each response stands (next.go), and is the same
// in every format.
//
// One file a format; each registers itself with one register line. Formats do not know where items come from, and the package
// does not depend on net/http.
package report
