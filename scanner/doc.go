// Package scanner turns bytes into findings.
//
// A [Source] yields chunks of text with the place each came from; a [Scanner], compiled once from a rules.Set, finds keys
// in them; a [Sink] takes the findings one at a time. The middle is pure: [Scanner.Find] reads no file, no clock and no
// network, so that the same input gives the same findings in the same order.
//
// How a chunk is searched:
//
//	prefilter   one pass for the keywords of all rules (internal/prefilter); for rules without keywords, where there are such, one for how
//	            their matches begin
//	window      the bytes around a keyword that the rule can need: its longest match plus its context, no more
//	match       the rule's expression, anchored at the keyword where the pattern begins with it
//	validate    offline checks: checksum, entropy, words, structure (internal/validate)
//	judge       placeholders, documented examples, allow comments; confidence with reasons
//	identify    the finding ID
//
// What a match depends on is local on purpose: the bytes of its window and whether the window ends at an edge of the text.
// That makes three properties provable, and they are tests: the prefilter changes nothing, any chunking of a text finds
// the same keys as one chunk, and any number of workers gives the same output.
//
// The package knows nothing of git, of exports or of issuers. Sub-package source reads the world.
package scanner
