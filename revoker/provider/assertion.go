package provider

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/quash-sh/quash/rules"
)

// Tokens that a key signs (RFC 7519). They are good for five minutes, and dated back a minute for clocks that differ: GitHub asks for
// that, and no issuer takes it amiss.
const (
	assertionLife  = 5 * time.Minute
	assertionSlack = time.Minute
)

// signedName is the name of a signed token in the templates of its request.
const signedName = "jwt"

// assert signs the token that a request carries. Where the scope is a control one character of the signature is another.
func (r *renderer) assert(a *rules.Assertion) string {
	value := func(template string) string { return r.expand(template, r.value(inHeader), plain) }
	now := r.flow.client.clock.Now()
	claims := jwt.MapClaims{"iat": now.Add(-assertionSlack).Unix(), "exp": now.Add(assertionLife).Unix()}
	for name, template := range a.Claims {
		claims[name] = value(template)
	}
	token := jwt.NewWithClaims(jwt.GetSigningMethod(a.Alg), claims)
	for name, template := range a.Header {
		token.Header[name] = value(template)
	}
	key, ok := signingKey(a, value(a.Key))
	if !ok {
		r.fail("the key cannot be read as one that signs " + a.Alg)
	}
	if r.err != nil {
		return ""
	}
	signed, err := token.SignedString(key)
	if err != nil {
		r.fail("the key cannot sign " + a.Alg)
		return ""
	}
	if r.scope.control {
		signed, _ = alter(signed, signed[:strings.LastIndexByte(signed, '.')+1])
	}
	return signed
}

// signingKey reads a private key, or the secret of HS256. ok is false for one that does not sign what is asked for.
func signingKey(a *rules.Assertion, text string) (key any, ok bool) {
	switch a.Alg {
	case "HS256":
		if !a.Hex {
			return []byte(text), text != ""
		}
		secret, err := hex.DecodeString(text)
		return secret, err == nil && len(secret) > 0
	case "RS256":
		key, ok = privateKey(text).(*rsa.PrivateKey)
	case "ES256":
		key, ok = privateKey(text).(*ecdsa.PrivateKey)
	}
	return key, ok
}

// privateKey reads a private key from its PEM block, as it stands in a file or in a JSON string; nil where it is none.
func privateKey(text string) any {
	block, _ := pem.Decode(wrapped(text))
	if block == nil {
		return nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return key
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key
	}
	return nil
}

// wrapped is a PEM block with its line ends: in source code and JSON they are written \n, and indented text has spaces before its lines.
func wrapped(text string) []byte {
	text = strings.NewReplacer(`\r`, "", `\\n`, "\n", `\n`, "\n", `\/`, "/").Replace(text)
	lines := bytes.Fields([]byte(text))
	block := string(bytes.Join(lines, []byte("\n")))
	for _, dashes := range []string{"-----BEGIN\n", "-----END\n", "\nPRIVATE\n", "\nKEY-----", "RSA\n", "EC\n"} {
		block = strings.ReplaceAll(block, dashes, strings.ReplaceAll(dashes, "\n", " "))
	}
	return []byte(block)
}
