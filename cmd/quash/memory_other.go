//go:build !linux

package main

// askForHugePages does nothing: other systems give huge pages themselves or not at all.
func askForHugePages() {}
