package scanner

import (
	"encoding/base64"
	"encoding/hex"
	"hash/fnv"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
)

// slot is where a value is put.
var slot = regexp.MustCompile(`«(-?)([^»]*)»`)

// fillSnippet puts values into a snippet, and says where those stand that may be the key.
func fillSnippet(t *testing.T, s snippet, n int) (string, []span) {
	t.Helper()
	h := fnv.New64a()
	h.Write([]byte(s.Path + "\x00" + s.Text))
	m := valueMaker{t: t, rnd: rand.New(rand.NewPCG(h.Sum64(), uint64(n))), samples: map[string]rules.Sample{}}
	var b strings.Builder
	var keys []span
	done := 0
	for _, at := range slot.FindAllStringSubmatchIndex(s.Text, -1) {
		b.WriteString(s.Text[done:at[0]])
		done = at[1]
		value := m.make(s.Text[at[4]:at[5]])
		if at[2] == at[3] {
			keys = append(keys, span{int64(b.Len()), int64(b.Len() + len(value))})
		}
		b.WriteString(value)
	}
	b.WriteString(s.Text[done:])
	return b.String(), keys
}

// valueMaker makes the values of one snippet.
type valueMaker struct {
	t       *testing.T
	rnd     *rand.Rand
	samples map[string]rules.Sample
}

const (
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	alphabet = capitals + "abcdefghijklmnopqrstuvwxyz" + "0123456789"
)

// make makes a value of a kind: a password that a person chose, a weak one, random characters of an alphabet (their number, or that of
// the bytes that are encoded), the credentials of a Basic header, or what a rule's sample holds.
func (m *valueMaker) make(kind string) string {
	name, arg, _ := strings.Cut(kind, " ")
	size, _ := strconv.Atoi(arg)
	switch name {
	case "password":
		return m.password()
	case "weak":
		return m.word() + m.word()
	case "basic":
		return base64.StdEncoding.EncodeToString([]byte("svc-" + m.word() + ":" + m.password()))
	case "random":
		return m.chars(alphabet, size)
	case "upper":
		return m.chars(capitals+"0123456789", size)
	case "digits":
		return m.chars("0123456789", size)
	case "base32":
		return m.chars(capitals+"234567", size)
	case "hex":
		return m.chars("0123456789abcdef", size)
	case "colons":
		return strings.TrimSuffix(regexp.MustCompile("..").ReplaceAllString(strings.ToUpper(m.chars("0123456789abcdef", 2*size)), "$0:"), ":")
	case "uuid":
		x := hex.EncodeToString(m.bytes(16))
		return x[:8] + "-" + x[8:12] + "-4" + x[13:16] + "-a" + x[17:20] + "-" + x[20:]
	case "base64url":
		return base64.RawURLEncoding.EncodeToString(m.bytes(size))
	case "base64":
		if arg == "text password" {
			return base64.StdEncoding.EncodeToString([]byte(m.password()))
		}
		return base64.StdEncoding.EncodeToString(m.bytes(size))
	}
	return m.sampled(name, arg)
}

// sampled makes a value from a rule: its key, a part that belongs to it, or the whole text that the rule matches.
func (m *valueMaker) sampled(name, arg string) string {
	id, part, _ := strings.Cut(arg, " ")
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		m.t.Fatal(err)
	}
	r, ok := set.Rule(id)
	if !ok {
		m.t.Fatalf("«%s %s»: no such rule or kind of value", name, arg)
	}
	if _, ok := m.samples[id]; !ok {
		m.samples[id] = r.Sample(m.rnd)
	}
	switch s := m.samples[id]; name {
	case "part":
		return s.Parts[part]
	case "text":
		text, err := r.Fill(r.Examples.Match[0], s)
		if err != nil {
			m.t.Fatal(err)
		}
		return text
	default:
		return s.Token
	}
}

// password is a word and what people put behind it to please a policy, or two words, or a word spelled with signs.
func (m *valueMaker) password() string {
	w := m.word()
	title := strings.ToUpper(w[:1]) + w[1:]
	sign := string("!@#%&*?"[m.rnd.IntN(7)])
	switch m.rnd.IntN(4) {
	case 0:
		return title + m.chars("0123456789", 4) + sign
	case 1:
		return title + sign + m.chars("0123456789", 3)
	case 2:
		return w + "-" + m.word() + m.chars("0123456789", 2)
	}
	return strings.NewReplacer("a", "@", "o", "0", "e", "3").Replace(title) + m.chars("0123456789", 2) + sign
}

func (m *valueMaker) word() string { return passwordWords[m.rnd.IntN(len(passwordWords))] }

var passwordWords = strings.Fields(`harbour meadow copper falcon walnut orchid granite lagoon timber saffron velvet juniper comet pebble thunder
	marble cactus otter quartz tango willow ember breeze nimbus summer dragon monkey liverpool charlie sunshine`)

func (m *valueMaker) chars(from string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = from[m.rnd.IntN(len(from))]
	}
	return string(b)
}

func (m *valueMaker) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(m.rnd.IntN(256))
	}
	return b
}
