//go:build !unix

package pack

// openFlags: named pipes that could make an open wait are met on Unix.
const openFlags = 0
