package rules

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Result is the outcome of one offline check.
type Result struct {
	Check Check
	// OK says that the check passed. A failed checksum lowers the confidence in a match; any other failed check says
	// that it is no key.
	OK bool
	// Note is the reason in words for a person. It holds no character of the key.
	Note string
	// Weak says that a failed check lowers the confidence and no more.
	Weak bool
}

// checkKind is one kind of offline check.
type checkKind struct {
	// arg checks the argument.
	arg func(string) error
	// run judges; applies is false when the key has nothing for this check to look at.
	run func(r *Rule, arg string, parts map[string]string) (ok bool, note string, applies bool)
}

// checkKinds are the kinds of [Check] by name.
var checkKinds = map[string]checkKind{
	"checksum": {arg: knownAlgorithm, run: runChecksum},
	"entropy":  {arg: positive, run: runEntropy},
	"distinct": {arg: positive, run: runDistinct},
	"words":    {arg: only("none"), run: runWords},
	"literal":  {arg: literalKind, run: runLiteral},
	"jwt":      {arg: only("header"), run: runJWT},
	"base64":   {arg: nonEmpty, run: runBase64},
	"pem":      {arg: only("der"), run: runPEM},
	"place":    {arg: placeKind, run: runPlace},
}

// Validate runs the rule's offline checks on a match. parts are the named groups of the match that took part in it, "token"
// among them always. A check that has nothing to look at (a checksum in a form of the key without one) has no result.
func (r *Rule) Validate(parts map[string]string) []Result {
	var results []Result
	for _, c := range r.Checks {
		if ok, note, applies := checkKinds[c.Kind].run(r, c.Arg, parts); applies {
			results = append(results, Result{Check: c, OK: ok, Note: note, Weak: c.Kind == "checksum" || note == wrongDER})
		}
	}
	return results
}

// check returns what is wrong with a check as it is written.
func (c Check) check() error {
	kind, ok := checkKinds[c.Kind]
	if !ok {
		return fmt.Errorf("%q is no kind of check; the kinds are %s", c.Kind,
			strings.Join(slices.Sorted(maps.Keys(checkKinds)), ", "))
	}
	if err := kind.arg(c.Arg); err != nil {
		return fmt.Errorf("%s: %w", c.Kind, err)
	}
	return nil
}

func knownAlgorithm(arg string) error {
	if _, ok := checksums[arg]; !ok {
		return fmt.Errorf("%q is no known algorithm; known are %s", arg,
			strings.Join(slices.Sorted(maps.Keys(checksums)), ", "))
	}
	return nil
}

func positive(arg string) error {
	if n, err := strconv.ParseFloat(arg, 64); err != nil || !(n > 0 && n <= 256) {
		return fmt.Errorf("%q is not a number above 0", arg)
	}
	return nil
}

func only(word string) func(string) error {
	return func(arg string) error {
		if arg != word {
			return fmt.Errorf("the argument is %q, got %q", word, arg)
		}
		return nil
	}
}

// The kinds of names that [Rule.Literal] returns.
const (
	LiteralPassword = "password"
	LiteralSecret   = "secret"
	LiteralAddress  = "address"
	LiteralBasic    = "basic"
	LiteralHeader   = "header"
	LiteralSQL      = "sql"
	LiteralCommand  = "command"
	LiteralLogin    = "login"
	// LiteralRandom is what counts by its looks alone: its surroundings say what it is, and that people do not think of such.
	LiteralRandom = "random"
)

var literalKinds = []string{LiteralPassword, LiteralSecret, LiteralAddress, LiteralBasic, LiteralHeader, LiteralSQL, LiteralCommand, LiteralLogin, LiteralRandom}

func literalKind(arg string) error {
	if !slices.Contains(literalKinds, arg) {
		return fmt.Errorf("the argument is one of %s, got %q", strings.Join(literalKinds, ", "), arg)
	}
	return nil
}

// Literal is the argument of the rule's check literal, "" when it has none.
func (r *Rule) Literal() string { return r.argument("literal") }

// runLiteral takes out what is no literal. What the literal is worth depends on its surroundings and is for the scanner.
func runLiteral(_ *Rule, _ string, parts map[string]string) (ok bool, note string, applies bool) {
	v := LookAt(parts["token"])
	return v.Kind != Reference, v.Why, true
}

// The kinds of places that [Rule.Place] returns.
const (
	// PlaceTests are tests, examples and documentation.
	PlaceTests = "tests"
	// PlaceFixtures are the data of tests.
	PlaceFixtures = "fixtures"
)

func placeKind(arg string) error {
	if arg != PlaceTests && arg != PlaceFixtures {
		return fmt.Errorf("the argument is %s or %s, got %q", PlaceFixtures, PlaceTests, arg)
	}
	return nil
}

// Place is the argument of the rule's check place, "" when it has none.
func (r *Rule) Place() string { return r.argument("place") }

// argument is that of the rule's first check of a kind, "" without one.
func (r *Rule) argument(kind string) string {
	for _, c := range r.Checks {
		if c.Kind == kind {
			return c.Arg
		}
	}
	return ""
}

// runPlace says nothing about a key: its place is for the scanner.
func runPlace(*Rule, string, map[string]string) (ok bool, note string, applies bool) {
	return false, "", false
}

func nonEmpty(arg string) error {
	if arg == "" {
		return errors.New("the argument is a text that the decoded bytes hold")
	}
	return nil
}

func runChecksum(_ *Rule, algorithm string, parts map[string]string) (ok bool, note string, applies bool) {
	if parts["sum"] == "" {
		return false, "", false
	}
	if sum, _ := Checksum(algorithm, payloadOf(parts)); sum != parts["sum"] {
		return false, "checksum wrong", true
	}
	return true, "checksum right", true
}

func runEntropy(_ *Rule, least string, parts map[string]string) (ok bool, note string, applies bool) {
	bits, _ := strconv.ParseFloat(least, 64)
	got := entropy(parts["token"])
	if got < bits {
		return false, fmt.Sprintf("entropy %.1f, below %s", got, least), true
	}
	return true, fmt.Sprintf("entropy %.1f", got), true
}

// entropy is Shannon's, in bits per byte, of the text's own frequencies.
func entropy(s string) float64 {
	bits := 0.0
	for _, n := range byteCounts(s) {
		if n > 0 {
			p := float64(n) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

func byteCounts(s string) (counts [256]int) {
	for i := range len(s) {
		counts[s[i]]++
	}
	return counts
}

func runDistinct(_ *Rule, least string, parts map[string]string) (ok bool, note string, applies bool) {
	want, _ := strconv.ParseFloat(least, 64)
	got := 0
	for _, n := range byteCounts(parts["token"]) {
		got += min(n, 1)
	}
	if float64(got) < want {
		return false, fmt.Sprintf("only %d distinct characters", got), true
	}
	return true, fmt.Sprintf("%d distinct characters", got), true
}

func runWords(r *Rule, _ string, parts map[string]string) (ok bool, note string, applies bool) {
	if isWords(strings.TrimPrefix(parts["token"], r.Prefix())) {
		return false, "made of words", true
	}
	return true, "no words", true
}

// encoded is the part of a key that is in an encoding: the group body where the pattern has it, else the key.
func encoded(parts map[string]string) string {
	if body, ok := parts["body"]; ok {
		return body
	}
	return parts["token"]
}

func runJWT(_ *Rule, _ string, parts map[string]string) (ok bool, note string, applies bool) {
	first, _, _ := strings.Cut(encoded(parts), ".")
	var header struct {
		Alg string `json:"alg"`
	}
	data, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil || json.Unmarshal(data, &header) != nil || header.Alg == "" {
		return false, "no JSON web token header", true
	}
	return true, "JSON web token header", true
}

func runBase64(_ *Rule, want string, parts map[string]string) (ok bool, note string, applies bool) {
	data, ok := decodeBase64(encoded(parts))
	if !ok || !strings.Contains(string(data), want) {
		return false, "does not decode to what such keys hold", true
	}
	return true, "decodes to what such keys hold", true
}

// decodeBase64 reads either alphabet, with padding or without.
func decodeBase64(s string) ([]byte, bool) {
	s = strings.TrimRight(s, "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		encoding = base64.RawURLEncoding
	}
	data, err := encoding.DecodeString(s)
	return data, err == nil
}
