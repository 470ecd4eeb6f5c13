// Package decode gives other readings, called views, of a text in which a key may be hidden by the way the text is written.
//
// [Views] makes the views of a text that people wrote and a program rendered: a ticket's description, a comment, a mail.
// The text as it stands is no view; whoever searches it searches that first, so that a wrong view never hides a key.
//
//	html-text   what a reader of the page sees: tags removed (those within a line leave nothing, those that break a line
//	            leave a line break), entities resolved twice, the targets of links appended a line each
//	wiki        the same with the wiki marks put back that a renderer had turned into tags: <em> is _, <del> is -
//	visible     the text has no markup, but characters that a reader does not see or cannot tell apart
//
// In every view invisible characters (zero-width, soft hyphen, bidirectional controls) are removed, full-width forms and
// short typographic dashes are ASCII, and a no-break space is a space. A view is yielded only where it differs from the text and
// from the views before it, so plain text costs one pass.
//
// Work and memory are linear in the text: no entity is ever expanded but into one character.
//
// [Kinds] are the ways of writing that hide a key in any text. Each finds where a text looks so written and makes a [Sheet]: of escapes
// and the like the neighbourhood of each, of base64 and other codes for bytes the run itself, both with the way back to the place in
// the text ([Part.Source]). What a kind finds depends on a bounded neighbourhood alone, so that a caller may give a long text in
// overlapping blocks. A code for bytes is undone only where the result is ASCII, as keys are: pictures, hashes and long names
// are passed over without being decoded.
//
// [Marks] say where a kind can begin: one pass over the text for all kinds (32 bytes at a time where the processor has AVX2) leaves a bit
// for each byte and class, and the text itself is read only where such bits, combined, ask for it.
//
// What base64 or hexadecimal digits hold that is not text, such as a zip or gzip file, is not looked into. Nor are the bytes of a dump
// that are written in groups of four digits, as xxd writes them.
//
// Latin-1, Windows-125x and other charsets that extend ASCII need no view: an ASCII key stands in them as it is. Only their no-break
// space and soft hyphen are undone, with the invisible characters.
package decode
