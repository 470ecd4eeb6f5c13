package provider

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// digestKey is a user and password for HTTP Digest authentication (RFC 7616), which answers a challenge and does not send the
// password.
type digestKey struct{ user, password string }

// challenge is what a server wants digested.
type challenge struct {
	realm, nonce, opaque, algorithm string
	hash                            func() hash.Hash
}

// doDigest asks for a challenge and then sends the call with its answer. A first reply that is no challenge says nothing of the
// password: of those only what is unknown anyhow is handed on.
func (c *client) doDigest(ctx context.Context, q call) (reply, error) {
	key := q.digest
	q.digest = nil
	first, err := c.do(ctx, q)
	if err != nil {
		return first, err
	}
	asked, ok := readChallenge(first.Header["Www-Authenticate"])
	switch {
	case first.Status >= 300 && first.Status < 400, first.Status == http.StatusTooManyRequests, first.Status >= 500:
		return first, nil
	case first.Status != http.StatusUnauthorized || !ok:
		failed := &callError{Method: q.method, Host: hostOf(q.url), Cause: fmt.Sprintf("answered %d without a Digest challenge", first.Status), Sent: true}
		first.exchange.Err = failed.Cause
		return first, failed
	}
	q.header = q.header.Clone()
	q.header.Set("Authorization", asked.answer(q, *key))
	return c.do(ctx, q)
}

func hostOf(target string) string {
	if u, err := url.Parse(target); err == nil {
		return u.Host
	}
	return ""
}

// readChallenge reads a challenge with the quality "auth".
func readChallenge(text string) (c challenge, ok bool) {
	scheme, rest, _ := strings.Cut(text, " ")
	fields := parameters(rest)
	c = challenge{realm: fields["realm"], nonce: fields["nonce"], opaque: fields["opaque"], algorithm: fields["algorithm"]}
	switch strings.ToUpper(c.algorithm) {
	case "", "MD5":
		c.hash = md5.New
	case "SHA-256":
		c.hash = sha256.New
	}
	qualities := strings.FieldsFunc(fields["qop"], func(r rune) bool { return r == ',' || r == ' ' })
	return c, strings.EqualFold(scheme, "Digest") && c.nonce != "" && c.hash != nil && slices.Contains(qualities, "auth")
}

// parameters reads name=value and name="value", with commas between them.
func parameters(text string) map[string]string {
	fields := map[string]string{}
	for text != "" {
		name, rest, found := strings.Cut(text, "=")
		if !found {
			break
		}
		value, after := rest, ""
		if quoted, inside := strings.CutPrefix(rest, `"`); inside {
			value, after, _ = strings.Cut(quoted, `"`)
			_, after, _ = strings.Cut(after, ",")
		} else {
			value, after, _ = strings.Cut(rest, ",")
		}
		fields[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
		text = after
	}
	return fields
}

// answer is the Authorization header of a call.
func (c challenge) answer(q call, key digestKey) string { return c.answerWith(q, key, rand.Text()) }

// answerWith is the answer with a nonce of the client's.
func (c challenge) answerWith(q call, key digestKey, nonce string) string {
	digest := func(parts ...string) string {
		h := c.hash()
		h.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(h.Sum(nil))
	}
	target := "/"
	if u, err := url.Parse(q.url); err == nil {
		target = u.RequestURI()
	}
	const count, quality = "00000001", "auth"
	response := digest(digest(key.user, c.realm, key.password), c.nonce, count, nonce, quality, digest(q.method, target))
	text := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", qop=%s, nc=%s, cnonce="%s", response="%s"`,
		key.user, c.realm, c.nonce, target, quality, count, nonce, response)
	if c.algorithm != "" {
		text += ", algorithm=" + c.algorithm
	}
	if c.opaque != "" {
		text += fmt.Sprintf(`, opaque="%s"`, c.opaque)
	}
	return text
}
