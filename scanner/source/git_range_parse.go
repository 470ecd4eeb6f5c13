package source

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// ParseRange reads revisions as git rev-list takes them, one or several with blanks between:
//
//	A..B          what B reaches and A does not
//	A...B         what one of them reaches and the other does not
//	A             all that A reaches
//	^A, --not A   without what A reaches; --not is for all that follow, up to another
//	--not --remotes[=NAME]   without what was fetched from the remotes, or was pushed to them
//
// An empty side is HEAD. An A of zeros in A..B, as in the event of a new branch, leaves nothing out. Anything else is an error that says what
// to write.
func ParseRange(s string) (Revisions, error) {
	var r Revisions
	not := false
	for _, word := range words(s) {
		from, to, several := strings.Cut(word, "..")
		apart, plain := strings.TrimPrefix(to, "."), strings.TrimPrefix(word, "^")
		switch remote, remotes := strings.CutPrefix(word, "--remotes"); {
		case word == "--not":
			not = !not
		case remotes && not && (remote == "" || strings.HasPrefix(remote, "=")):
			r.Remote = cmp.Or(strings.TrimPrefix(remote, "="), "*")
		case strings.HasPrefix(word, "-"):
			return Revisions{}, badRange(word, "it is no revision")
		case several && (not || plain != word || strings.Contains(to, "..")):
			return Revisions{}, badRange(word, "a range cannot be left out, nor be of ranges")
		case oneCommit().MatchString(word):
			return Revisions{}, badRange(word, "what one commit adds is A~..A")
		case several && apart != to:
			r.Apart = append(r.Apart, [2]string{cmp.Or(from, headName), cmp.Or(apart, headName)})
		case several:
			r.From, r.Not = append(r.From, cmp.Or(to, headName)), append(r.Not, cmp.Or(from, headName))
		case plain == "":
			return Revisions{}, badRange(word, "nothing is named behind it")
		case not != (plain != word):
			r.Not = append(r.Not, plain)
		default:
			r.From = append(r.From, plain)
		}
	}
	if len(r.From)+len(r.Apart) == 0 {
		return Revisions{}, badRange(s, "it names nothing to read")
	}
	return r, nil
}

// oneCommit are the forms of git rev-parse that stand for a commit and its parents.
var oneCommit = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\^(?:[!@]|-[0-9]*)$`) })

// words are what stands between blanks, but for those in the braces of HEAD@{2 days ago}.
func words(s string) []string {
	braces := 0
	return strings.FieldsFunc(s, func(c rune) bool {
		switch c {
		case '{':
			braces++
		case '}':
			braces--
		}
		return braces == 0 && (c == ' ' || c == '\t' || c == '\n')
	})
}

// badRange is the error of a range that is not understood.
func badRange(what, why string) error {
	return fmt.Errorf("--range: %q: %s; write A..B (what B reaches and A does not), A...B (what one of them reaches, not both), A (all that it reaches), or \"B ^A\"", what, why)
}
