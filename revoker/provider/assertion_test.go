package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"hash"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/quash-sh/quash/rules"
)

// TestPrivateKeyForms: a private key is read however text wraps it.
func TestPrivateKeyForms(t *testing.T) {
	key, err := signer()
	if err != nil {
		t.Fatal(err)
	}
	inJSON := signing(&rules.Rule{Verify: rules.Flow{{JWT: &rules.Assertion{Alg: "RS256"}}}}, rules.Sample{}).Token
	block := strings.ReplaceAll(inJSON, `\n`, "\n")
	for name, text := range map[string]string{
		"file": block, "JSON": inJSON, "JSON in JSON": strings.ReplaceAll(inJSON, `\n`, `\\n`), "indented": strings.ReplaceAll(block, "\n", "\n    "),
		"CRLF": strings.ReplaceAll(block, "\n", "\r\n"), "escaped CRLF": strings.ReplaceAll(block, "\n", `\r\n`), "one line": strings.ReplaceAll(block, "\n", " "),
	} {
		if got, ok := signingKey(&rules.Assertion{Alg: "RS256"}, text); !ok || !key.Equal(got) {
			t.Errorf("%s: not read", name)
		}
	}
	for name, text := range map[string]string{"nothing": "", "no PEM": "abc", "cut": block[:len(block)/2], "other": strings.Replace(block, "A", "B", 40)} {
		if _, ok := signingKey(&rules.Assertion{Alg: "RS256"}, text); ok {
			t.Errorf("%s: read", name)
		}
	}
	if _, ok := signingKey(&rules.Assertion{Alg: "ES256"}, block); ok {
		t.Error("an RSA key signs ES256")
	}
	if _, ok := signingKey(&rules.Assertion{Alg: "HS256", Hex: true}, "xyz"); ok {
		t.Error("a secret that is no hexadecimal is read as such")
	}
}

// TestSignsES256: a key on the curve P-256 signs, in a form that its public half proves (RFC 7518 section 3.4).
func TestSignsES256(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	read, ok := signingKey(&rules.Assertion{Alg: "ES256"}, string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE" + " KEY", Bytes: der})))
	if !ok {
		t.Fatal("not read")
	}
	signed, err := jwt.New(jwt.SigningMethodES256).SignedString(read)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jwt.Parse(signed, func(*jwt.Token) (any, error) { return &key.PublicKey, nil }, jwt.WithValidMethods([]string{"ES256"})); err != nil {
		t.Error(err)
	}
}

// TestChallenge: challenges as servers write them, and what is none that is answered.
func TestChallenge(t *testing.T) {
	for text, want := range map[string]func() hash.Hash{
		`Digest realm="a, b", nonce="x=", qop="auth, auth-int", algorithm=SHA-256, opaque="o"`: sha256.New,
		`digest nonce="x", qop=auth`: md5.New,
		`Digest realm="r", domain="", nonce="x", algorithm=MD5, qop="auth", stale=false`: md5.New,
		`Digest realm="r", nonce="x"`:                         nil,
		`Digest realm="r", qop="auth"`:                        nil,
		`Digest nonce="x", qop="auth-int"`:                    nil,
		`Digest nonce="x", qop="auth", algorithm=SHA-512-256`: nil,
		`Basic realm="r"`:                                     nil,
		``:                                                    nil,
		`Digest`:                                              nil,
		`Digest =,=,"`:                                        nil,
	} {
		c, ok := readChallenge(text)
		if ok != (want != nil) || ok && c.hash().Size() != want().Size() {
			t.Errorf("%s: read %v", text, ok)
		}
	}
	c, _ := readChallenge(`Digest realm="a, b", nonce="x=", qop="auth", opaque="o"`)
	if c.realm != "a, b" || c.nonce != "x=" || c.opaque != "o" {
		t.Errorf("%+v", c)
	}
}

// TestDigestAnswer: the example of RFC 7616, 3.9.1, with its client nonce.
func TestDigestAnswer(t *testing.T) {
	q := call{method: "GET", url: "http://www.example.org/dir/index.html"}
	password := "Circle" + " of Life"
	for algorithm, want := range map[string]string{
		"MD5":     "8ca523f5e9506fed4657c9700eebdbec",
		"SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
	} {
		c, ok := readChallenge(`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=` + algorithm +
			`, nonce="7ypf/xlj9XXwfDPEoM4U` + `Rrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`)
		got := c.answerWith(q, digestKey{"Mufasa", password}, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
		if !ok || !strings.Contains(got, `response="`+want+`"`) {
			t.Errorf("%s: %s", algorithm, got)
		}
	}
}
