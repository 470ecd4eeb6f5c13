package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// cleaner takes keys out of what a person gets to read beside the reports: errors, notes, names of files and authors. It
// is the net under the nets: keys are Secrets and are not in there to begin with, but a file can be named after a key, and a
// person can paste one where a name belongs.
type cleaner struct {
	redactor *scanner.Redactor
	// given is what the program was given to work with: words of it may be repeated.
	given string

	mu sync.Mutex
	// plain are texts in which no rule finds a key: names of branches and people come up again and again.
	plain map[string]struct{}
}

// mostPlain bounds the texts that a cleaner remembers, and longestPlain the length in bytes of each.
const (
	mostPlain    = 1 << 14
	longestPlain = 256
)

// newCleaner makes a cleaner that knows the keys of the redactor and whatever in the arguments looks like a key.
func newCleaner(e Env) *cleaner {
	for _, a := range e.Args {
		for _, word := range strings.FieldsFunc(a, func(c rune) bool { return strings.ContainsRune("=,:@[] ", c) }) {
			if _, err := os.Lstat(word); err != nil && keyLike(word) {
				e.Redactor.AddSecret(scanner.NewSecret(word))
			}
		}
	}
	cwd, _ := os.Getwd() // without one its words are not known
	given := append([]string{cwd}, e.Args...)
	for _, name := range [...]string{"HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "QUASH_STATE", "QUASH_CONFIG"} {
		given = append(given, e.getenv(name))
	}
	return &cleaner{redactor: e.Redactor, given: strings.Join(given, "\n"), plain: map[string]struct{}{}}
}

// builtinRules are the rules that quash ships, without what an operator puts into them. They are read when they are first needed.
var builtinRules = sync.OnceValue(func() *rules.Set {
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		panic("built-in rules do not load: " + err.Error()) // go test ./rules proves that they do
	}
	return set
})

// builtinScanner finds keys of the built-in rules with the least confidence. It is made when it is first needed.
var builtinScanner = sync.OnceValue(func() *scanner.Scanner {
	s, err := scanner.New(builtinRules(), scanner.Options{KeepAllowed: true})
	if err != nil {
		panic("built-in rules do not compile: " + err.Error()) // no rule is named that there may not be
	}
	return s
})

// newScanner makes a scanner. What the built-in rules are compiled to is shared with the cleaner, which needs it in every run.
func newScanner(set *rules.Set, o scanner.Options) (*scanner.Scanner, error) {
	if set != builtinRules() || len(o.Only)+len(o.Skip) > 0 {
		return scanner.New(set, o)
	}
	return builtinScanner().With(o)
}

// keyWord is a word that may be a key whose issuer gives its keys no form. Paths and dotted names are no such words.
var keyWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Za-z_+~-]{20,}={0,2}$`) })

// anyWord is a run of the characters of keyWord.
var anyWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[0-9A-Za-z_+~=-]+`) })

// keyLike reports whether a word may be a key: long, with letters and digits, and no finding ID.
func keyLike(word string) bool {
	return keyWord().MatchString(word) && !isID(word) && strings.ContainsAny(word, "0123456789") && strings.ContainsFunc(word, isLetter)
}

func isID(word string) bool {
	_, err := scanner.ParseID(word)
	return err == nil
}

func isLetter(c rune) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// text returns s without keys.
func (c *cleaner) text(s string) string {
	if s == "" {
		return s
	}
	s = string(c.redactor.Clean([]byte(s)))
	if c.knows(s) {
		return s
	}
	masked := mask(s, builtinScanner(), func(scanner.Finding) string { return "[redacted]" })
	if masked == s {
		c.learn(s)
	}
	return masked
}

// knows reports whether a text is one in which no rule found a key.
func (c *cleaner) knows(s string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.plain[s]
	return ok
}

// learn remembers a text in which no rule found a key.
func (c *cleaner) learn(s string) {
	if len(s) > longestPlain {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.plain) == mostPlain {
		clear(c.plain)
	}
	c.plain[s] = struct{}{}
}

// complaint returns what is wrong with something without keys, and without words from it that may be keys: a file that is not
// what it should be can hold one anywhere.
func (c *cleaner) complaint(s string) string {
	return anyWord().ReplaceAllStringFunc(c.text(s), func(word string) string {
		if keyLike(word) && !strings.Contains(c.given, word) {
			return "[redacted]"
		}
		return word
	})
}

// mask puts something else in the place of every key that a scanner finds in a text.
func mask(s string, in *scanner.Scanner, by func(scanner.Finding) string) string {
	var b strings.Builder
	last := 0
	var beside scanner.Redactor // the further parts of keys, which stand elsewhere in the text
	for f := range in.Find(scanner.Chunk{Data: []byte(s)}) {
		beside.Add(f.Parts)
		from, to := int(f.At.Offset), int(f.At.Offset+f.At.Length)
		if to <= last || to > len(s) { // inside the key before, which is masked already
			continue
		}
		if from >= last {
			b.WriteString(s[last:from] + by(f))
		}
		last = to
	}
	return string(beside.Clean([]byte(b.String() + s[last:])))
}

// complain writes an error for a person: what is wrong on the first line, what to do on the next.
func (c *cleaner) complain(w io.Writer, err error) {
	msg := c.complaint(err.Error())
	if i := strings.LastIndex(msg, "; "); i > 0 && !strings.Contains(msg, "\n") {
		msg = msg[:i] + "\n       → " + msg[i+2:]
	}
	_, _ = fmt.Fprintf(w, "quash: %s\n", msg) // there is nowhere else to say it
}

// crash is the error of a panic. It tells where and never with which values.
func crash() error {
	pc := make([]uintptr, 32)
	frames := runtime.CallersFrames(pc[:runtime.Callers(3, pc)])
	var at []string
	for {
		f, more := frames.Next()
		if strings.Contains(f.Function, "quash/") && !strings.HasSuffix(f.Function, "cli.Run.func1") {
			at = append(at, fmt.Sprintf("\n  %s:%d", f.Function[strings.LastIndex(f.Function, "/")+1:], f.Line))
		}
		if !more {
			break
		}
	}
	return errors.New("internal error: the program came to a point that it never should, and stopped. What it had recorded is whole; " +
		"run it again, and if it comes back report these lines, which hold no key:" + strings.Join(at[:min(len(at), 8)], ""))
}
