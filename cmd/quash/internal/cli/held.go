package cli

import (
	"html"
	"net/url"
	"slices"
	"strings"

	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// A name of a place, such as the title of a page or of a file, may be a key that only a later text of the scan tells to be one. Findings at
// places with such names wait for the end of the scan; all others are written as they come.

// leastName is how many characters a word has at least that a finding waits for: of shorter ones names are full.
const leastName = 8

// doubtful reports whether a name of a place could turn out to be a key.
func doubtful(at scanner.Location) bool {
	for _, s := range append(slices.Clone(at.Refs), at.Path, at.Author, at.AuthorEmail, at.Record, at.Field, at.URL) {
		for _, word := range anyWord().FindAllString(s, -1) {
			if len(word) >= leastName && rules.LookAt(word).Kind > rules.Words {
				return true
			}
		}
	}
	return false
}

// settle takes out of the names of all places what has turned out to be a key since, and hands on the findings that waited for it.
func (r *run) settle() {
	known := func(s string) string { return string(r.g.env.Redactor.Clean([]byte(s))) }
	for i := range r.findings {
		r.findings[i].At = namedBy(r.findings[i].At, known)
	}
	for i := range r.allowed {
		r.allowed[i].finding.At = namedBy(r.allowed[i].finding.At, known)
	}
	for _, i := range r.held {
		r.out.send(report.Item{Finding: r.describe(r.findings[i], r.from[i])})
	}
	r.held, r.scanning = nil, false
}

// decodings are the ways in which a name may write a key otherwise than its text does.
var decodings = [...]func(string) string{
	html.UnescapeString,
	func(s string) string {
		if plain, err := url.PathUnescape(s); err == nil {
			return plain
		}
		return s
	},
	func(s string) string {
		return strings.Map(func(c rune) rune {
			if c >= 0x200b && c <= 0x200f || c == 0x2060 || c == 0xfeff || c == 0xad {
				return -1
			}
			return c
		}, s)
	},
}

// place returns a location in whose names no key stands. Names in which a key stood cannot be opened any more; whoever needs
// the file finds it by commit, blob or line.
func (c *cleaner) place(at scanner.Location) scanner.Location { return namedBy(at, c.text) }

// namedBy returns a location whose names were cleaned, as they are and as they may be written otherwise.
func namedBy(at scanner.Location, clean func(string) string) scanner.Location {
	name := func(s string) string {
		s = clean(s)
		for _, decode := range decodings {
			if plain := decode(s); plain != s {
				if cleaned := clean(plain); cleaned != plain {
					s = cleaned
				}
			}
		}
		return s
	}
	for _, s := range [...]*string{&at.Path, &at.Repository, &at.Author, &at.AuthorEmail, &at.Record, &at.Field, &at.URL} {
		*s = name(*s)
	}
	refs := make([]string, len(at.Refs))
	for i, ref := range at.Refs {
		refs[i] = name(ref)
	}
	at.Refs = refs
	return at
}
