// Package records reads exports: files of tickets with their comments, messages, rows of a table. One file a format, listed in [Formats].
//
// A [Format] says how sure it is of a file by its name and beginning, and parses it as a stream: whatever the size of the export, only
// the record that is being read is held. A parser tells a text where it begins, with a place that is asked for its location when the
// record has ended, since author and time may stand behind the text. Every text is given on under the views of package decode and
// those of its format.
//
// Formats that are written as JSON, as tables or as plain XML need no parser of their own: what the names of members and columns mean
// is data. [Words] are the names that many programs use; a shape is what a program has of its own, a short file each: the marks that it
// is known by, what is a record, a comment, an author, an older value. Elements of XML are read as the members of JSON.
//
// A mail is read line by line, down through its parts and the mails in it, each body with its transfer encoding and charset undone. No
// library is used: those that read mail hold a part, or give up a message at the first line that breaks a rule, and every line of a mail has
// to be searched. What is attached is a file like any other ([Out]). Lines of which it is doubtful that they are encoded as the mail says
// are given on as they stand too.
//
// An [Archive] is an export of many files: it is known by what they are called, says by which format each is read, and keeps what they tell
// of each other ([Contents]), within bounds. A format whose parts refer to each other in any order has a first reading that takes no more
// than that (Format.learn); where the text can be read once only, a part has what stood before it. One that somebody unpacked is a [Folder].
//
// The texts of a record are short, and given on together with those of the records around it (scanner.Chunk.Texts): a chunk costs the search
// something whatever its size. Those that stand in another as they stand for themselves, such as a value in the view "record", are not
// repeated; so that most do, the ends of lines stay as they are in that view. What is known of a record is what was known when it ended.
//
// That an export was cut is known by what is open at its end: an element, an object, a row or a line; by the number of records that Jira
// writes before them, and the length that a mail says it has. Of formats that are lines or mails one after the other (JSON lines, tables,
// mbox) nothing is open where one has just ended: cut exactly there, what is left is whole; none of them has a count, a footer or a sum that
// could be compared. A mail may end behind every empty line of a body without parts. A file that is cut before anything shows which format it
// has is told by [Cut] where somebody named it; among the files of a directory it is a text like any other.
//
// Where an export is broken, a gap says where and why, and the bytes up to where it can be read again are given on as plain text.
package records
