// Package records reads exports: files of tickets with their comments, messages, rows of a table. One file a format, listed in [Formats].
//
// A [Format] says how sure it is of a file by its name and beginning, and parses it as a stream: whatever the size of the export, only
// the record that is being read is held. A parser tells a text where it begins, with a place that is asked for its location when the
// record has ended, since author and time may stand behind the text. Every text is given on under the views of package decode and
// those of its format.
//
// Formats that are written as JSON or tables need no parser of their own: what the names of members and columns mean is data ([Words]).
//
// Where an export is broken, a gap says where and why, and the bytes up to where it can be read again are given on as plain text.
package records
