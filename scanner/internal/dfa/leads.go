package dfa

import (
	"cmp"
	"slices"
)

// Leads finds, for many expressions at once, where a text can begin a match: one pass with a bit for each place of each lead (the
// Shift-And algorithm of Baeza-Yates and Gonnet, 1992). Its cost grows with the number of expressions, by a word of the machine for
// every three, and with nothing else. It is immutable.
type Leads struct {
	words int
	// at has, by byte and word, the places at which the byte can stand; first and last are the first and last places.
	at          []uint64
	first, last []uint64
	ends        []leadEnd
}

// leadEnd is the last place of a lead.
type leadEnd struct {
	bit  uint64
	word int
	size int
}

// Start is a place where a match of an expression can begin.
type Start struct{ At, Lead int }

const (
	leadsPerWord = 3
	// leadBits is how many places of a lead are looked at here, at most.
	leadBits = 64 / leadsPerWord
)

// NewLeads joins leads, whose matches are not empty. Starts name them by their numbers.
func NewLeads(all []*Lead) *Leads {
	l := &Leads{words: (len(all) + leadsPerWord - 1) / leadsPerWord}
	l.at, l.first, l.last = make([]uint64, 256*l.words), make([]uint64, l.words), make([]uint64, l.words)
	for n, lead := range all {
		word, shift := n/leadsPerWord, n%leadsPerWord*leadBits
		size := max(1, min(lead.size, lead.least, leadBits))
		l.first[word] |= 1 << shift
		end := leadEnd{1 << (shift + size - 1), word, size}
		l.last[word] |= end.bit
		l.ends = append(l.ends, end)
		for c := range 256 {
			places := uint64(1)
			if lead.size > 0 {
				places = uint64(lead.at[min(c, high)])
			}
			l.at[c*l.words+word] |= places & (1<<size - 1) << shift
		}
	}
	return l
}

// Starts appends where in a text, before byte to, matches can begin, in order of place and lead. Behind that byte the text should go on for
// LeadMost more, unless it ends there.
func (l *Leads) Starts(text []byte, to int, starts []Start) []Start {
	text = text[:min(len(text), to+leadBits-1)]
	for word := range l.words {
		first, last, now := l.first[word], l.last[word], uint64(0)
		for i, c := range text {
			now = (now<<1 | first) & l.at[int(c)*l.words+word]
			if now&last == 0 {
				continue
			}
			for n, end := range l.ends {
				if at := i + 1 - end.size; end.word == word && now&end.bit != 0 && at < to {
					starts = append(starts, Start{at, n})
				}
			}
		}
	}
	slices.SortFunc(starts, func(a, b Start) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Lead, b.Lead)) })
	return starts
}
