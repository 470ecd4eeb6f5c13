// Package inflate decompresses zlib streams (RFC 1950, RFC 1951) that lie in memory as a whole and whose inflated length
// is known beforehand, as git stores objects: most are a few hundred bytes to a few kilobytes long, so that setting up a
// streaming decoder costs more than decoding.
//
// A [Decoder] writes straight into the caller's buffer, which serves as the window; there is no copy and no allocation. Where the
// buffer's memory goes on for [Room] bytes behind what is to be filled, these are written over, and the whole stream is decoded in the fast loop.
// Codes are looked up in one table of 11 bits (distances: 8) with sub-tables for the few longer ones; up to 56 bits are
// read at once; up to three literals are decoded for one read. While at least one longest match of room is left on both sides
// the fast loop runs; else the last bytes of a stream are decoded one symbol at a time. The sum is taken eight bytes at a time.
//
// Where amd64 has the instructions of BMI2 and AVX2, the fast loop and the sum use them: a shift by a number of bits that is not known beforehand is one
// operation there and not three. On streams of git's own packs that is 1.5 times as fast, which is what libdeflate reaches.
//
// Input is not trusted: every read and write is within bounds, and a stream is accepted only when it is well formed,
// fills the output exactly and has the right Adler-32 sum. FuzzInflate holds the package against compress/zlib.
package inflate
