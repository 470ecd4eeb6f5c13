package report

import (
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// Schema is the version of the stream; it stands in the config item. It changes when a field changes its meaning.
const Schema = "quash.run/1"

// Item is one line of the stream. Exactly one field is set.
type Item struct {
	Config   *Config          `json:"config,omitempty"`
	Progress *Progress        `json:"progress,omitempty"`
	Finding  *Finding         `json:"finding,omitempty"`
	Verdict  *Verdict         `json:"verdict,omitempty"`
	Plan     *revoker.Plan    `json:"plan,omitempty"`
	Outcome  *revoker.Outcome `json:"outcome,omitempty"`
	Stats    *Stats           `json:"stats,omitempty"`
}

// Config opens a stream: what was asked for.
type Config struct {
	Schema  string    `json:"schema"`
	Quash   string    `json:"quash"`
	Command string    `json:"command"`
	Targets []string  `json:"targets"`
	Started time.Time `json:"started"`
	// Rules is the rule set's version, RuleCount how many kinds it knows.
	Rules     string `json:"rules"`
	RuleCount int    `json:"rule_count"`
	// Options are the flags that narrow or widen what is seen, as typed.
	Options []string `json:"options,omitempty"`
	// Verify says that issuers were asked.
	Verify bool `json:"verify"`
}

// Progress is a sign of life of a long run.
type Progress struct {
	Reading string    `json:"reading"`
	Bytes   int64     `json:"bytes"`
	Chunks  int       `json:"chunks"`
	At      time.Time `json:"at"`
}

// Finding is a key at a place, without the key.
type Finding struct {
	ID         scanner.ID       `json:"id"`
	Rule       string           `json:"rule"`
	Name       string           `json:"name"`
	Provider   string           `json:"provider"`
	Severity   rules.Severity   `json:"severity"`
	Confidence rules.Confidence `json:"confidence"`
	Reasons    []string         `json:"reasons,omitempty"`
	// Redacted is the fixed prefix and the length.
	Redacted string `json:"redacted"`
	// Target is the target in which it was found, as it was given. It tells the files of one target from those of another.
	Target   string           `json:"target,omitempty"`
	Location scanner.Location `json:"location"`
}

// Verdict is what the issuer said of one key.
type Verdict struct {
	ID   scanner.ID `json:"id"`
	Rule string     `json:"rule"`
	revoker.Verdict
}

// Stats closes a stream. A stream without it was cut off.
type Stats struct {
	scanner.Stats
	// Complete says that everything was seen; Gaps in the embedded stats say what was not.
	Complete bool      `json:"complete"`
	Ended    time.Time `json:"ended"`
	// Seconds is the wall time.
	Seconds float64 `json:"seconds"`
	// Unchecked says what was found but not asked of any issuer, and why (guarantee G21).
	Unchecked []string `json:"unchecked,omitempty"`
	// Exit is the exit code of the run.
	Exit int `json:"exit"`
}

// Run is what a format may want to know beside the items.
type Run struct {
	// Width is the terminal's width in columns; 0 when the output is not a terminal.
	Width int
	// Color says that colour may be used.
	Color bool
	// Rules describe the kinds of key that findings name. May be nil.
	Rules *rules.Set
}

// Format writes items. It reads the sequence once, to its end or to its first error, which it returns.
type Format interface {
	Write(w io.Writer, run Run, items iter.Seq2[Item, error]) error
}

// FormatFunc is a function as a [Format].
type FormatFunc func(w io.Writer, run Run, items iter.Seq2[Item, error]) error

// Write implements [Format].
func (fn FormatFunc) Write(w io.Writer, run Run, items iter.Seq2[Item, error]) error {
	return fn(w, run, items)
}

// formats is filled by the register lines of the format files and read only afterwards.
var formats = map[string]registration{}

type registration struct {
	format Format
	exts   []string
}

// register adds a format under a name and the file extensions that choose it.
func register(name string, f Format, exts ...string) struct{} {
	formats[name] = registration{f, exts}
	return struct{}{}
}

// Names returns the names of all formats, sorted.
func Names() []string { return slices.Sorted(maps.Keys(formats)) }

// ByName returns the format of that name.
func ByName(name string) (Format, error) {
	r, ok := formats[name]
	if !ok {
		return nil, fmt.Errorf("format %q: not known; the formats are %s", name, strings.Join(Names(), ", "))
	}
	return r.format, nil
}

// NameOf returns the name of the format that a file's name asks for by its extension, the longest where several fit: x.sarif.json is SARIF.
func NameOf(path string) (string, error) {
	best, longest := "", 0
	for name, r := range formats {
		for _, ext := range r.exts {
			if strings.HasSuffix(path, ext) && len(ext) > longest {
				best, longest = name, len(ext)
			}
		}
	}
	if longest == 0 {
		return "", fmt.Errorf("output %q: its extension names no format; name one with -f (%s)", path, strings.Join(Names(), ", "))
	}
	return best, nil
}
