package rules

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLookAt(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  ValueKind
	}{
		{"${DB_PASSWORD}", Reference},
		{"{{ password }}", Reference},
		{"$PASSWORD", Reference},
		{"%s", Reference},
		{"os.environ", Reference},
		{"<password>", Reference},
		{"null", Reference},
		{"getpass()", Reference},
		{"changeme", StandIn},
		{"your_key_here", StandIn},
		{"xxxxxxxx", StandIn},
		{"12345678", StandIn},
		{"abcdefgh", StandIn},
		{"a1b2c3d4e5f6", StandIn},
		{"qwertyuiop", StandIn},
		{"https://acme.io/login", Place},
		{"./config/settings.yaml", Place},
		{"com.acme.shop.password", Place},
		{"ann@acme.io", Place},
		{"$6$rounds=5000$salt$hash", Hash},
		{"{SSHA}aaaa", Hash},
		{"password", Words},
		{"correcthorse", Words},
		{"übergeheim", Words},
		{"letmein1", Chosen},
		{"hunter2", Chosen},
	} {
		if got := LookAt(tt.value); got.Kind != tt.want {
			t.Errorf("LookAt(%q) = %d (%s), want %d", tt.value, got.Kind, got.Why, tt.want)
		}
	}
}

// TestLookAtRandom: values that machines make are told from words, whatever their alphabet.
func TestLookAtRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for name, alphabet := range map[string]string{
		"hex": "0123456789abcdef", "base62": keyAlphabet[:62], "base64": keyAlphabet, "base32": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "letters": keyAlphabet[36:62],
	} {
		missed := 0
		for range 500 {
			var b strings.Builder
			for range 24 {
				b.WriteByte(alphabet[rnd.IntN(len(alphabet))])
			}
			if LookAt(b.String()).Kind != Random {
				missed++
			}
		}
		if missed > 25 {
			t.Errorf("%s: %d of 500 random values are not seen as random", name, missed)
		}
	}
}

// TestLookAtParts: what an issuer writes before a key, or a sign that also stands for something else, hides no random value.
func TestLookAtParts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	chars := func(alphabet string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[rnd.IntN(len(alphabet))]
		}
		return string(b)
	}
	const hexDigits = "0123456789abcdef"
	for name, value := range map[string]func() string{
		"a sign before hex":     func() string { return "sk-" + chars(hexDigits, 32) },
		"a word before hex":     func() string { return "key_live_" + chars(hexDigits, 40) },
		"an id and hex":         func() string { return chars(hexDigits, 24) + ":" + chars(hexDigits, 64) },
		"a number and hex":      func() string { return chars("0123456789", 13) + "." + chars(hexDigits, 32) },
		"base64 after a slash":  func() string { return "/" + chars(keyAlphabet[:62]+"+/", 42) + "=" },
		"base64url with a line": func() string { return chars(keyAlphabet[:62], 20) + "__" + chars(keyAlphabet[:62], 20) },
	} {
		missed := 0
		for range 300 {
			if LookAt(value()).Kind != Random {
				missed++
			}
		}
		if missed > 6 {
			t.Errorf("%s: %d of 300 random values are not seen as random", name, missed)
		}
	}
	for _, v := range []string{"sha256-" + chars(hexDigits, 64), "/home/ann/work/site/public/index", "__API_KEY_OF_SHOP__", "main-0000000000000000"} {
		if got := LookAt(v); got.Kind == Random {
			t.Errorf("LookAt(%q) is random", v)
		}
	}
}

// TestLookAtWords: no joining of words is random.
func TestLookAtWords(t *testing.T) {
	words := strings.Fields("open the door and read what stands behind it before the night comes over every garden")
	rapid.Check(t, func(t *rapid.T) {
		picked := rapid.SliceOfN(rapid.SampledFrom(words), 2, 5).Draw(t, "words")
		text := strings.Join(picked, rapid.SampledFrom([]string{"", "_", "-"}).Draw(t, "between"))
		if got := LookAt(text); got.Kind == Random {
			t.Fatalf("%q: %s", text, got.Why)
		}
	})
}

// TestLookAtAnything: no value is too odd to be looked at.
func TestLookAtAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { LookAt(rapid.String().Draw(t, "value")) })
}
