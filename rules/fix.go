package rules

import (
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

// fixOrder is the order in which a generated text is made to pass: the checksum covers the rest and comes last.
var fixOrder = []string{"pem", "jwt", "base64", "checksum"}

// fixes change a generated text so that it passes a kind of check that random characters never pass. What cannot be
// changed is returned as it is.
var fixes = map[string]func(g *generator, r *Rule, arg, text string) string{
	"pem":      fixPEM,
	"jwt":      fixJWT,
	"base64":   fixBase64,
	"checksum": fixChecksum,
}

// fixChecksum writes the right sum where the group "sum" stands.
func fixChecksum(_ *generator, r *Rule, algorithm, text string) string {
	parts, ok := r.wholeMatch(text)
	if !ok || parts["sum"] == "" {
		return text
	}
	from, to, _ := r.place(text, "sum")
	sum, ok := Checksum(algorithm, payloadOf(parts))
	if !ok || len(sum) != to-from {
		return text
	}
	return text[:from] + sum + text[to:]
}

// fixJWT puts a header and claims in the place of the first two parts.
func fixJWT(g *generator, r *Rule, _, text string) string {
	from, to, ok := r.place(text, "body", "token")
	if !ok {
		return text
	}
	segments := strings.Split(text[from:to], ".")
	claims := []string{
		fmt.Sprintf(`{"alg":"HS256","typ":"JWT","kid":"%08x"}`, g.rnd.Uint32()),
		fmt.Sprintf(`{"sub":"%016x","iat":%d}`, g.rnd.Uint64(), 1_700_000_000+g.rnd.IntN(1e7)),
	}
	for i := range min(len(segments), len(claims)) {
		segments[i] = base64.RawURLEncoding.EncodeToString([]byte(claims[i]))
	}
	return text[:from] + strings.Join(segments, ".") + text[to:]
}

// fixBase64 writes the wanted text into the decoded bytes, at the first place where the pattern still matches.
func fixBase64(_ *generator, r *Rule, want, text string) string {
	from, to, ok := r.place(text, "body", "token")
	if !ok {
		return text
	}
	body := strings.TrimRight(text[from:to], "=")
	encoding := base64.RawURLEncoding
	if strings.ContainsAny(body, "+/") {
		encoding = base64.RawStdEncoding
		body = strings.NewReplacer("-", "+", "_", "/").Replace(body)
	}
	data, err := encoding.DecodeString(body)
	if err != nil {
		return text
	}
	for at := 0; at+len(want) <= len(data); at++ {
		changed := append([]byte(nil), data...)
		copy(changed[at:], want)
		candidate := text[:from] + encoding.EncodeToString(changed) + text[from+len(body):]
		if _, ok := r.wholeMatch(candidate); ok {
			return candidate
		}
	}
	return text
}

// fixPEM puts a block whose DER is of the labelled kind in the place of the key, in the first size and with the first
// line end that the pattern takes.
func fixPEM(g *generator, r *Rule, _, text string) string {
	from, to, ok := r.place(text, "token")
	if !ok {
		return text
	}
	label, _, _ := readPEM(text[from:to])
	for _, size := range []int{32, 128, 256} {
		for _, end := range []string{"\n", `\n`} {
			candidate := text[:from] + pemBlock(label, g.der(label, size), end) + text[to:]
			if _, ok := r.wholeMatch(candidate); ok {
				return candidate
			}
		}
	}
	return text
}

// pemBlock writes a block with lines of 64 characters.
func pemBlock(label string, data []byte, end string) string {
	var b strings.Builder
	b.WriteString("-----BEGIN " + label + "-----" + end)
	for body := base64.StdEncoding.EncodeToString(data); body != ""; {
		n := min(64, len(body))
		b.WriteString(body[:n] + end)
		body = body[n:]
	}
	b.WriteString("-----END " + label + "-----")
	return b.String()
}

// der makes bytes of the shape of a private key, with random numbers of size bytes in it. They are no key: nothing in
// them fits together.
func (g *generator) der(label string, size int) []byte {
	if label == "OPENSSH PRIVATE KEY" {
		return append([]byte(opensshMagic), g.bytes(8*size)...)
	}
	shape, known := derShapes[label]
	if !known {
		return g.bytes(8 * size)
	}
	var inner []byte
	for i, tag := range shape {
		content := g.bytes(size)
		content[0] &= 0x7F // a positive integer
		switch {
		case tag == asn1.TagSequence:
			content = element(asn1.TagOID, []byte{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01})
			tag |= 0x20 // constructed
		case tag == asn1.TagInteger && i == 0:
			content = []byte{0}
		}
		inner = append(inner, element(tag, content)...)
	}
	return element(asn1.TagSequence|0x20, inner)
}

// element writes one ASN.1 element.
func element(tag int, content []byte) []byte {
	head := []byte{byte(tag)}
	switch n := len(content); {
	case n < 0x80:
		head = append(head, byte(n))
	case n < 0x100:
		head = append(head, 0x81, byte(n))
	default:
		head = binary.BigEndian.AppendUint16(append(head, 0x82), uint16(n))
	}
	return append(head, content...)
}

func (g *generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.rnd.Uint32())
	}
	return b
}
