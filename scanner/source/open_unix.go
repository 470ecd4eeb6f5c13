//go:build unix

package source

import "syscall"

// openFlags keep an open from waiting for a pipe's writer and from following a link that took a file's place.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOFOLLOW
