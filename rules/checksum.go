package rules

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strconv"
	"strings"
)

// checksums are the algorithms by which issuers make a part of a key follow from the rest. All CRCs are CRC-32/IEEE.
var checksums = map[string]func(payload string) string{
	// GitHub (blog, 2021-04-05, "Behind GitHub's new authentication token formats") and npm (2021-09) over the body
	// without its prefix; Vercel in the same form.
	"crc32-base62": func(p string) string { return pad(base62(crc(p)), 6) },
	// GitLab's routable tokens (GitLab docs, "Token overview"), over everything before it.
	"crc32-base36": func(p string) string { return pad(strconv.FormatUint(uint64(crc(p)), 36), 7) },
	// Cloudflare (token formats page) over the 40 characters after the prefix; Zuplo over the 32.
	"crc32-hex-lower": func(p string) string { return pad(strconv.FormatUint(uint64(crc(p)), 16), 8) },
	// Atlassian and Bitbucket, over prefix and body.
	"crc32-hex-upper": func(p string) string { return pad(strings.ToUpper(strconv.FormatUint(uint64(crc(p)), 16)), 8) },
	// Grafana service accounts (Grafana's satokengen): the four bytes in little-endian order, over "glsa_" and the body.
	"crc32-le-hex": func(p string) string { return hex.EncodeToString(littleEndian(crc(p))) },
	// Confluent Cloud secrets since 2024: base64 of the little-endian bytes without padding, over the first 54.
	"crc32-le-base64": func(p string) string { return base64.RawStdEncoding.EncodeToString(littleEndian(crc(p))) },
	// GitHub fine-grained tokens: base32 of the first five bytes of SHA-256 over everything before it.
	"sha256-base32": func(p string) string {
		sum := sha256.Sum256([]byte(p))
		return base32.StdEncoding.EncodeToString(sum[:5])
	},
}

// Checksum computes the sum that a key with this payload carries. ok is false for an algorithm that is not known; the
// names are those of [Check]'s kind "checksum".
func Checksum(algorithm, payload string) (sum string, ok bool) {
	f, ok := checksums[algorithm]
	if !ok {
		return "", false
	}
	return f(payload), true
}

func crc(payload string) uint32 { return crc32.ChecksumIEEE([]byte(payload)) }

func littleEndian(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }

// base62 writes a number with the digits 0-9A-Za-z, without leading zeros.
func base62(n uint32) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	s := ""
	for ; n > 0; n /= 62 {
		s = string(digits[n%62]) + s
	}
	return s
}

// pad fills a number with zeros on the left.
func pad(s string, width int) string { return strings.Repeat("0", max(0, width-len(s))) + s }

// payloadOf is what a checksum covers: the group body where the pattern has it, else what stands before the sum.
func payloadOf(parts map[string]string) string {
	if body, ok := parts["body"]; ok {
		return body
	}
	return parts["token"][:max(0, strings.LastIndex(parts["token"], parts["sum"]))]
}
