package scanner

import (
	"strings"
)

// weakWord reports what stands for a password in texts about passwords: a few words, alone or put together, or ending in digits
// and signs. Words spelled with signs are none of these: who writes P4ssw0rd means a password, who writes "password" may name one.
func weakWord(v string) bool {
	return len(v) < 4 || madeOf(strings.Map(letter, strings.ToLower(v)), weakWords)
}

// spelled writes the digits and signs that stand for letters as these.
var spelled = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "")

// letter keeps letters.
func letter(c rune) rune {
	if 'a' <= c && c <= 'z' {
		return c
	}
	return -1
}

// madeOf reports a text that is words of a set, one after the other.
func madeOf(s string, words map[string]bool) bool {
	reached := make([]bool, len(s)+1)
	reached[0] = true
	for end := 1; end <= len(s); end++ {
		for from := range end {
			if reached[from] && words[s[from:end]] {
				reached[end] = true
				break
			}
		}
	}
	return s != "" && reached[len(s)]
}

// kindWords say what stands in a place, and are not it.
var kindWords = set("secret password passwd pass pwd passphrase token key")

// weakWords are the words of such passwords.
var weakWords = set(`pass passw password passwd pwd pw secret test testing user username admin root guest foo bar baz qux hello world changeit
	abc doe phrase value token my your p passphrase userpass somepass hunter string example xxx yyy zzz digest required
	key host login secure short strong weak long simple new old default some this is the a very super not one two three`)
