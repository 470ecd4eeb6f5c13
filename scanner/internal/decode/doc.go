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
package decode
