package rules

import (
	"encoding/asn1"
	"encoding/base64"
	"strings"
)

// derShapes say with which elements the DER of a private key begins, by label of its PEM block: the ASN.1 tags inside the
// outer sequence. Sources: RFC 8017 A.1.2 (RSA), RFC 5915 (EC), RFC 5958 (PKCS #8, plain and encrypted), OpenSSL (DSA).
var derShapes = map[string][]int{
	"RSA PRIVATE KEY": {asn1.TagInteger, asn1.TagInteger, asn1.TagInteger, asn1.TagInteger, asn1.TagInteger,
		asn1.TagInteger, asn1.TagInteger, asn1.TagInteger, asn1.TagInteger},
	"DSA PRIVATE KEY": {asn1.TagInteger, asn1.TagInteger, asn1.TagInteger, asn1.TagInteger, asn1.TagInteger,
		asn1.TagInteger},
	"EC PRIVATE KEY":        {asn1.TagInteger, asn1.TagOctetString},
	"PRIVATE KEY":           {asn1.TagInteger, asn1.TagSequence, asn1.TagOctetString},
	"ENCRYPTED PRIVATE KEY": {asn1.TagSequence, asn1.TagOctetString},
}

// opensshMagic begins the decoded body of an OpenSSH key (OpenSSH, PROTOCOL.key).
const opensshMagic = "openssh-key-v1\x00"

// pemBegin finds the label of a block.
var pemBegin = form(`-----BEGIN ([A-Z0-9 ]+)-----`)

// wrongDER is said of a block whose bytes are not of the kind that its label names: altered for publication, or damaged.
const wrongDER = "the PEM block does not hold what its label says"

// leastAltered is the least length in characters of a body that does not decode and may yet be an altered key.
const leastAltered = 120

var base64Form = form(`^[0-9A-Za-z+/]+={0,2}$`)

func runPEM(_ *Rule, _ string, parts map[string]string) (ok bool, note string, applies bool) {
	label, body, headers := readPEM(parts["token"])
	if label == "" {
		return false, "no PEM block", true
	}
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(body, "="))
	if err != nil && len(body) >= leastAltered && base64Form().MatchString(body) {
		return false, wrongDER, true
	}
	if err != nil || len(data) == 0 {
		return false, "the body of the PEM block does not decode", true
	}
	if strings.Contains(headers, "ENCRYPTED") {
		return true, "encrypted " + strings.ToLower(label), true
	}
	if !derFits(label, data) {
		return false, wrongDER, true
	}
	return true, "decodes as " + strings.ToLower(label), true
}

// readPEM takes a block apart, as it stands in a file, in an indented text, or in a JSON string with its line ends
// written as \n. headers are the RFC 1421 lines before the body.
func readPEM(text string) (label, body, headers string) {
	m := pemBegin().FindStringSubmatchIndex(text)
	if m == nil {
		return "", "", ""
	}
	label = text[m[2]:m[3]]
	text, _, _ = strings.Cut(text[m[1]:], "-----END")
	text = strings.NewReplacer(`\\n`, "\n", `\n`, "\n", `\r`, "", "\r", "").Replace(text)
	for line := range strings.Lines(text) {
		if strings.Contains(line, ":") || strings.HasPrefix(strings.TrimSpace(line), "DEK-") {
			headers += line
			continue
		}
		body += unquoted(strings.TrimSpace(line))
	}
	return label, body, headers
}

// unquoted takes a line of base64 out of the string literals that a program joins. A + at the end of a line without quotes is a
// character of the body.
func unquoted(line string) string {
	if !strings.ContainsAny(line, `"'`) {
		return strings.Trim(line, ",;\\")
	}
	return strings.Trim(line, " \t\"'+,;\\")
}

// derFits reports whether decoded bytes are of the kind that the label names. A label that is not known fits anything.
func derFits(label string, data []byte) bool {
	if label == "OPENSSH PRIVATE KEY" {
		return strings.HasPrefix(string(data), opensshMagic)
	}
	shape, known := derShapes[label]
	if !known {
		return true
	}
	var outer asn1.RawValue
	if rest, err := asn1.Unmarshal(data, &outer); err != nil || len(rest) > 0 || outer.Tag != asn1.TagSequence {
		return false
	}
	inner := outer.Bytes
	for _, tag := range shape {
		var element asn1.RawValue
		var err error
		if inner, err = asn1.Unmarshal(inner, &element); err != nil || element.Tag != tag {
			return false
		}
	}
	return true
}
