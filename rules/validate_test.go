package rules

import (
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// encode is the base64 of a text, without padding.
func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		name  string
		check Check
		parts map[string]string
		want  bool
		note  string
	}{
		{"checksum right", Check{"checksum", "crc32-hex-lower"}, map[string]string{"token": "123456789cbf43926", "sum": "cbf43926"}, true, "checksum right"},
		{"checksum wrong", Check{"checksum", "crc32-hex-lower"}, map[string]string{"token": "123456788cbf43926", "sum": "cbf43926"}, false, "checksum wrong"},
		{"entropy at the bound", Check{"entropy", "2"}, map[string]string{"token": "abcdabcd"}, true, "entropy 2.0"},
		{"entropy below", Check{"entropy", "2.1"}, map[string]string{"token": "abcdabcd"}, false, "entropy 2.0, below 2.1"},
		{"entropy of nothing", Check{"entropy", "1"}, map[string]string{"token": ""}, false, "entropy 0.0, below 1"},
		{"distinct", Check{"distinct", "4"}, map[string]string{"token": "abcdabcd"}, true, "4 distinct characters"},
		{"too few distinct", Check{"distinct", "5"}, map[string]string{"token": "abcdabcd"}, false, "only 4 distinct characters"},
		{"jwt", Check{"jwt", "header"}, map[string]string{"token": encode(`{"alg":"RS256"}`) + ".e30.c2ln"}, true, "JSON web token header"},
		{"jwt in the body", Check{"jwt", "header"}, map[string]string{"token": "x", "body": encode(`{"alg":"RS256"}`) + ".x"}, true, "JSON web token header"},
		{"jwt without alg", Check{"jwt", "header"}, map[string]string{"token": encode(`{"typ":"JWT"}`) + ".e30.c2ln"}, false, "no JSON web token header"},
		{"jwt that is none", Check{"jwt", "header"}, map[string]string{"token": "eyJhbGciOi.x.y"}, false, "no JSON web token header"},
		{"base64", Check{"base64", "id:"}, map[string]string{"token": encode("ann id:77")}, true, "decodes to what such keys hold"},
		{"base64 with padding", Check{"base64", "id:"}, map[string]string{"token": encode("ann id:7") + "="}, true, "decodes to what such keys hold"},
		{"base64 of other text", Check{"base64", "id:"}, map[string]string{"token": encode("ann 77")}, false, "does not decode to what such keys hold"},
		{"not base64", Check{"base64", "id:"}, map[string]string{"token": "!!!"}, false, "does not decode to what such keys hold"},
		{"words", Check{"words", "none"}, map[string]string{"token": "acme_your_api_key_here"}, false, "made of words"},
		{"no pem", Check{"pem", "der"}, map[string]string{"token": "x"}, false, "no PEM block"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := ruleOf(`acme_[a-z]{30}`, "acme_")
			r.Checks = []Check{tt.check}
			if diff := cmp.Diff([]Result{{Check: tt.check, OK: tt.want, Note: tt.note, Weak: tt.check.Kind == "checksum"}}, r.Validate(tt.parts)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestValidateLeavesOutWhatDoesNotApply(t *testing.T) {
	r := ruleOf(`acme_[a-z]{30}`, "acme_")
	r.Checks = []Check{{"checksum", "crc32-hex-lower"}}
	if got := r.Validate(map[string]string{"token": "x"}); len(got) != 0 {
		t.Errorf("a key without a sum has the results %v", got)
	}
}

func TestPEM(t *testing.T) {
	g := &generator{rnd: rand.New(rand.NewPCG(1, 1))}
	good := pemBlock("EC PRIVATE KEY", g.der("EC PRIVATE KEY", 32), "\n")
	indented := strings.ReplaceAll(good, "\n", "\n    ")
	for _, tt := range []struct {
		name, text string
		want       bool
	}{
		{"as a file", good, true},
		{"with CRLF", strings.ReplaceAll(good, "\n", "\r\n"), true},
		{"indented", indented, true},
		{"in a JSON string", strings.ReplaceAll(good, "\n", `\n`), true},
		{"in a string in a string", strings.ReplaceAll(good, "\n", `\\n`), true},
		{"as concatenated strings", strings.ReplaceAll(good, "\n", "\" +\n\""), true},
		{"under another label", strings.ReplaceAll(good, "EC PRIVATE", "RSA PRIVATE"), false},
		{"under the label of PKCS #8", strings.ReplaceAll(good, "EC PRIVATE", "PRIVATE"), false},
		{"under OpenSSH's label", strings.ReplaceAll(good, "EC PRIVATE", "OPENSSH PRIVATE"), false},
		{"under a label that is not known", strings.ReplaceAll(good, "EC PRIVATE", "ACME PRIVATE"), true},
		{"encrypted", strings.Replace(good, "\n", "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1), true},
		{"a placeholder", "-----BEGIN EC PRIVATE KEY-----\nyour key here\n-----END EC PRIVATE KEY-----", false},
		{"an empty block", "-----BEGIN EC PRIVATE KEY----------END EC PRIVATE KEY-----", false},
		{"cut off", good[:60], false},
	} {
		if ok, note, _ := runPEM(nil, "", map[string]string{"token": tt.text}); ok != tt.want {
			t.Errorf("%s: %v (%s), want %v", tt.name, ok, note, tt.want)
		}
	}
}

func TestWords(t *testing.T) {
	for _, text := range []string{
		"your_api_key_here", "YOUR-SECRET-TOKEN", "changeme123", "ExampleTokenForTesting", "insert_your_key", "mySecretPassword",
		"placeholder", "thisIsTheSecretThatYouWant", "internationalization-configuration", "test_test_test_test",
		"agiled-secret-key", "somethingdifferententirely", "AUTHENTICATION_PROVIDER", "replaceThisValue",
	} {
		if !isWords(text) {
			t.Errorf("%q is not taken for words", text)
		}
	}
	for _, text := range []string{"", "x", "12345678", "q7Zr0pW2", "0123456789abcdef"} {
		if isWords(text) {
			t.Errorf("%q is taken for words", text)
		}
	}
}

// TestWordsSparesRandomKeys measures how often random characters are taken for words: about once in ten thousand.
func TestWordsSparesRandomKeys(t *testing.T) {
	const runs = 4000
	rnd, taken := rand.New(rand.NewPCG(7, 8)), 0
	for _, alphabet := range []string{
		"0123456789abcdef", "0123456789abcdefghijklmnopqrstuvwxyz", keyAlphabet, "abcdefghijklmnopqrstuvwxyz",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
	} {
		for range runs {
			key := make([]byte, 20+rnd.IntN(30))
			for i := range key {
				key[i] = alphabet[rnd.IntN(len(alphabet))]
			}
			if isWords(string(key)) {
				taken++
			}
		}
	}
	if taken > 4 {
		t.Errorf("of %d random keys, %d are taken for words", 6*runs, taken)
	}
}
