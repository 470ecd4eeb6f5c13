//go:build !unix

package source

// openFlags: named pipes that could make an open wait, and links to follow, are met on Unix.
const openFlags = 0
