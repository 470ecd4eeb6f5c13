package rules

import (
	"crypto/sha256"
	_ "embed" // for the list
	"encoding/hex"
	"strings"
	"sync"
)

// knownList names, one on a line, the keys that their issuers publish as examples: the first [knownDigits] hex digits of the SHA-256
// of the value, and where it is published. The values themselves stand nowhere in the program.
//
//go:embed known.txt
var knownList string

// knownDigits is the length in hex digits of an entry, 80 bits: no other value meets one by chance.
const knownDigits = 20

var knownExamples = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{}
	for line := range strings.Lines(knownList) {
		if digest, _, _ := strings.Cut(strings.TrimSpace(line), " "); len(digest) == knownDigits {
			known[digest] = true
		}
	}
	return known
})

// Documented reports whether a value is one that its issuer publishes as an example. For a PEM block that is its body, however
// its lines are broken.
func Documented(value string) bool {
	if label, body, _ := readPEM(value); label != "" {
		value = body
	}
	sum := sha256.Sum256([]byte(value))
	return knownExamples()[hex.EncodeToString(sum[:])[:knownDigits]]
}
