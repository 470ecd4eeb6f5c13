package providertest

import (
	"crypto"
	"crypto/md5"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/quash-sh/quash/rules"
)

// nonce is the challenge of every simulated issuer that wants HTTP Digest authentication.
const (
	nonce = "simulated-nonce"
	realm = "simulated"
)

// challenge is the answer to a request without the answer to a challenge. It is no request about a key and is not recorded, but for a
// fault that is laid over all requests.
func (i *Issuer) challenge() (Fault, rules.Reply) {
	if f := i.fault; f.On == nil && (f.Hang || f.Drop || f.Reply != nil) {
		if f.Reply != nil {
			return f, *f.Reply
		}
		return f, rules.Reply{}
	}
	ask := `Digest realm="` + realm + `", domain="", nonce="` + nonce + `", algorithm=MD5, qop="auth", stale=false`
	return Fault{}, rules.Reply{Status: http.StatusUnauthorized, Header: map[string]string{"WWW-Authenticate": ask}}
}

// field finds one field of an answer to a challenge.
var field = regexp.MustCompile(`(\w+)="?([^",]*)"?`)

// digested reports whether the answer to the challenge was made with the issuer's key (RFC 7616, 3.4.1).
func (i *Issuer) digested(template string, in *Request, u *url.URL) bool {
	got := map[string]string{}
	for _, m := range field.FindAllStringSubmatch(strings.TrimPrefix(in.Header.Get("Authorization"), "Digest "), -1) {
		got[m[1]] = m[2]
	}
	user, password, _ := strings.Cut(template, ":")
	digest := func(parts ...string) string {
		sum := md5.Sum([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(sum[:])
	}
	want := digest(digest(i.fill(user), realm, i.fill(password)), nonce, got["nc"], got["cnonce"], "auth", digest(in.Method, u.RequestURI()))
	return got["username"] == i.fill(user) && got["uri"] == u.RequestURI() && got["nonce"] == nonce && got["response"] == want
}

// tokenForm finds a signed token.
var tokenForm = regexp.MustCompile(`[\w-]+\.[\w-]+\.[\w-]+`)

// longest is how long a signed token may be good for, in seconds: what the strictest issuers allow.
const longest = 10 * 60

// asserted reports whether the request carries a token that the issuer's key signed, and that says what the rule wants it to.
func (i *Issuer) asserted(a *rules.Assertion, in *Request, u *url.URL) bool {
	carried := in.Header.Get("Authorization") + " " + u.RawQuery + " " + string(in.Body)
	for _, text := range tokenForm.FindAllString(carried, -1) {
		claims := jwt.MapClaims{}
		parser := jwt.NewParser(jwt.WithoutClaimsValidation(), jwt.WithValidMethods([]string{a.Alg}))
		token, err := parser.ParseWithClaims(text, claims, func(*jwt.Token) (any, error) { return i.verifyingKey(a) })
		if err == nil && i.says(a.Claims, claims) && i.says(a.Header, token.Header) {
			made, _ := claims["iat"].(float64)
			ends, _ := claims["exp"].(float64)
			return made > 0 && ends > made && ends-made <= longest
		}
	}
	return false
}

// says reports whether the fields are those of the templates.
func (i *Issuer) says(templates map[string]string, fields map[string]any) bool {
	for name, template := range templates {
		if fields[name] != i.fill(template) {
			return false
		}
	}
	return true
}

// verifyingKey is what the issuer keeps of its key.
func (i *Issuer) verifyingKey(a *rules.Assertion) (any, error) {
	text := i.fill(a.Key)
	switch {
	case a.Alg == "HS256" && a.Hex:
		return hex.DecodeString(text)
	case a.Alg == "HS256":
		return []byte(text), nil
	}
	block, _ := pem.Decode([]byte(strings.ReplaceAll(text, `\n`, "\n")))
	if block == nil {
		return nil, jwt.ErrInvalidKey
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key.Public(), nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	if signer, ok := key.(crypto.Signer); ok {
		return signer.Public(), nil
	}
	return nil, jwt.ErrInvalidKeyType
}
