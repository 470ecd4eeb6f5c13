// Compare measures quash beside other scanners on the same text: user and system CPU time with that of children, wall time, and
// peak memory of the whole process tree.
//
//	go run ./compare [-tool NAME=PROGRAM]… MODE:REPOSITORY…
//
// A REPOSITORY is a clone, bare or not. It is copied to a directory of its own first, for the MODE:
//
//	dir      its files at HEAD, with no .git beside them
//	history  a bare clone; git beside the scanners is git cat-file, which prints every object
//	staged   a clone in which three text files have one line more, staged; what is measured is the hook
//
// Two more modes:
//
//	made:MEGABYTES           a history as above, of text that is made when it runs, in a pack of about that size
//	incremental:REPOSITORY   the branch of HEAD: all but its last 100 commits, then these from the state that the first scan left
//
// Where several histories were given, a last table has the cost of quash by megabyte of their packs.
//
// All tools are run on that copy in turn, round after round, each round beginning with another tool, so that what else the machine
// does falls on all alike. The first round warms caches and is not counted. Figures are medians over the rounds; a ratio is taken
// within each round and then the median of them, with the least and the greatest.
//
// Every scanner runs with its own defaults, offline, with a home directory that is empty at first. One that is not installed is
// left out, and the report says so; one that fails shows as failed. The report is Markdown on standard output, and has no path of
// the machine in it.
//
//	tools.go        the scanners and their command lines
//	corpus.go       the copies
//	made.go         the history that is made
//	measure.go      one run of one command
//	rounds.go       the rounds
//	incremental.go  the two scans of a history that grows
//	report.go       the tables
//	scaling.go      the table of histories by their size
package main
