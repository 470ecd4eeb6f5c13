// Package bench measures quash from outside.
//
// Its benchmarks run the public packages on texts that every machine with Go has (the sources of its standard library) and on keys
// made when they run:
//
//	go test -bench . -benchmem
//
// Command compare runs the whole program beside other scanners; README.md has what it found. This is a module of its own so that
// what measuring needs is no dependency of quash, and so that quash has one program.
package bench
