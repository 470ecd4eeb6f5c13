package rules

import (
	_ "embed" // for the letters
)

// letterCosts says how surprising a letter is after two others, in sixteenths of a bit: the entry (a*27+b)*27+c is for c after a and
// b, where 1 to 26 are letters and 0 is what is none. It was counted over the words of the documentation and the identifiers of
// large public repositories, each word by the logarithm of how often it stands there, and smoothed with pairs of letters.
//
//go:embed letters.bin
var letterCosts string

// costUnit is the number of units of letterCosts in a bit.
const costUnit = 16

// surprise is the bits per letter that a text's letters cost, and their number. English and identifiers cost 3 to 4 bits, random
// letters 7 to 8: the reverse of how well a subword tokenizer compresses the text, without its vocabulary.
func surprise(s string) (bits float64, letters int) {
	a, b, total := 0, 0, 0
	for i := range len(s) {
		c := letterNumber(s[i])
		if c == 0 || upper(s[i]) && i > 0 && !upper(s[i-1]) {
			a, b = 0, 0
		}
		if c == 0 {
			continue
		}
		total += int(letterCosts[(a*27+b)*27+c])
		letters++
		a, b = b, c
	}
	if letters == 0 {
		return 0, 0
	}
	return float64(total) / float64(costUnit*letters), letters
}

func letterNumber(c byte) int {
	switch {
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 1
	case 'A' <= c && c <= 'Z':
		return int(c-'A') + 1
	}
	return 0
}

func upper(c byte) bool { return 'A' <= c && c <= 'Z' }
