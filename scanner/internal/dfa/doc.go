// Package dfa tells from a table, at the cost of a look-up per byte, where a match of an expression can begin or end.
//
// A regular expression costs a hundred nanoseconds and more before its first byte, and a keyword is met far more often than a key.
// A [Program] is the expression as a graph; a [Walker] turns it into a deterministic automaton while it walks a text, a state
// when it is first met (Thompson, 1968; the lazy form is that of Cox, "Regular Expression Matching in the Wild", 2010). Forward
// it starts where a match begins, or anywhere in the expression behind a keyword; backward it starts before a keyword.
//
// The answer errs on one side only: assertions (\b, ^, $) are taken to hold, and any byte of a character beyond ASCII is taken
// for any of its bytes. So a match never ends behind, nor begins before, the place that a walker names, and where it names none there
// is no match. What it names is for package regexp to prove.
package dfa
