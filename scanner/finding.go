package scanner

import (
	"strings"
	"time"

	"github.com/quash-sh/quash/rules"
)

// ID names a key without telling it: "q-" and 16 hex digits, an HMAC of rule family and secret under the ID key.
// The same key in forty places has one ID.
type ID string

// Finding is a key at a place.
type Finding struct {
	// ID groups the places of one key.
	ID ID
	// Rule is the id of the rule that found it.
	Rule string
	// Parts are the key ("token") and, by name, whatever else belongs to it.
	Parts map[string]Secret
	// At is the place.
	At Location
	// Confidence is the judgement before any issuer is asked.
	Confidence rules.Confidence
	// Reasons say why, in words for a person.
	Reasons []string
	// Redacted is the only form in which the key is shown: fixed prefix and length.
	Redacted string
	// Allowed says that somebody let it stand. Only a scanner with Options.KeepAllowed hands such findings on.
	Allowed bool
}

// pending is a finding on its way to the sink.
type pending struct {
	Finding
	// places are the paths at which its rule finds it; nil: everywhere, or the path was known at once.
	places *rules.Places
}

// Token is the key itself.
func (f Finding) Token() Secret { return f.Parts["token"] }

// The views that show the texts of a record anew: the whole record as it stands, and texts that a format splits joined. A key that
// was found in a field of the record is not found in them again.
const (
	ViewRecord = "record"
	ViewJoined = "joined"
)

// Location is a place. Which fields are set depends on the source; Line and Column start at 1, Column counts bytes,
// Offset starts at 0 and is of the file, blob or field. EndColumn is the column after the last byte.
type Location struct {
	// Path is the file's path with slashes: relative to the target for directories and repositories.
	Path string `json:"path,omitempty"`
	// Line and Column, EndLine and EndColumn bound the key.
	Line      int `json:"line,omitempty"`
	Column    int `json:"column,omitempty"`
	EndLine   int `json:"end_line,omitempty"`
	EndColumn int `json:"end_column,omitempty"`
	// Offset and Length bound the key in bytes.
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`

	// Repository names the repository of a history location: the target as it was given.
	Repository string `json:"repository,omitempty"`
	// Blob is the git object that holds the key.
	Blob string `json:"blob,omitempty"`
	// Commit is the commit that brought the key in.
	Commit string `json:"commit,omitempty"`
	// Author wrote the commit, comment or message; AuthorEmail is the address where one is known.
	Author      string `json:"author,omitempty"`
	AuthorEmail string `json:"author_email,omitempty"`
	// Time is when: the commit's author time, the comment's creation. It opens the exposure window.
	Time time.Time `json:"time,omitzero"`
	// Refs are the branches and tags, in short form, whose history holds the key.
	Refs []string `json:"refs,omitempty"`
	// InHead says that HEAD's tree still holds it.
	InHead bool `json:"in_head,omitempty"`
	// RemovedIn is the commit that took it out of the path on the way to HEAD, and Removed that commit's time: on HEAD's line of first
	// parents the last one without it whose first parent has it (git log --first-parent --diff-merges=first-parent --find-object=BLOB); where
	// that line never had it, the last such commit of all that HEAD reaches, a merged branch's (the same without --first-parent); and where
	// there is none either, the last merge that dropped what another of its parents has. Both are empty where HEAD still has it, or nothing
	// that HEAD reaches ever had. Of several versions of a file with the key it is the last of these commits.
	RemovedIn string    `json:"removed_in,omitempty"`
	Removed   time.Time `json:"removed,omitzero"`
	// Unreachable says that no reference of the repository leads there: the key is in its object store alone, for whoever has that.
	Unreachable bool `json:"unreachable,omitempty"`

	// Record and Field place a key in an export: ticket and field or comment.
	Record string `json:"record,omitempty"`
	Field  string `json:"field,omitempty"`
	// URL opens the place in a browser, where one is known.
	URL string `json:"url,omitempty"`
	// View names the decoding under which the key was seen; empty is the raw text.
	View string `json:"view,omitempty"`
}

// without takes a key out of the words that name its place: a key may stand in a file's name, an id or an address. What
// else belongs to the key, a user or a host, names places by right.
func (l Location) without(parts map[string]Secret) Location {
	token := parts["token"].value()
	if len(token) < redactMin || plainWord(token) {
		return l
	}
	for _, s := range [...]*string{&l.Path, &l.Repository, &l.Author, &l.AuthorEmail, &l.Record, &l.Field, &l.URL} {
		*s = strings.ReplaceAll(*s, token, string(redactedMark))
	}
	for i, ref := range l.Refs {
		l.Refs[i] = strings.ReplaceAll(ref, token, string(redactedMark))
	}
	return l
}
