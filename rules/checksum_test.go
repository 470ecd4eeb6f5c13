package rules

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"hash/crc32"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestChecksumKnownAnswers rests on the check value of CRC-32/IEEE: that of "123456789" is cbf43926.
func TestChecksumKnownAnswers(t *testing.T) {
	const payload = "123456789"
	for algorithm, want := range map[string]string{
		"crc32-hex-lower": "cbf43926",
		"crc32-hex-upper": "CBF43926",
		"crc32-le-hex":    "2639f4cb",
		"crc32-base36":    "1kl8mjq", // 3421780262 in base 36
		"crc32-le-base64": "Jjn0yw",
	} {
		if got, ok := Checksum(algorithm, payload); got != want || !ok {
			t.Errorf("%s: %q, want %q", algorithm, got, want)
		}
	}
	if _, ok := Checksum("crc64", payload); ok {
		t.Error("an unknown algorithm is taken for known")
	}
}

// TestChecksumFormulas computes each algorithm a second way.
func TestChecksumFormulas(t *testing.T) {
	swap := func(digits string) string { // big.Int writes 0-9a-zA-Z, GitHub 0-9A-Za-z
		return strings.Map(func(c rune) rune {
			switch {
			case 'a' <= c && c <= 'z':
				return c - 'a' + 'A'
			case 'A' <= c && c <= 'Z':
				return c - 'A' + 'a'
			}
			return c
		}, digits)
	}
	pad := func(s string, n int) string { return strings.Repeat("0", n)[:n-len(s)] + s }
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.StringMatching(`[0-9A-Za-z_-]{0,60}`).Draw(t, "payload")
		n := new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(payload))))
		four := n.FillBytes(make([]byte, 4))
		reversed := []byte{four[3], four[2], four[1], four[0]}
		digest := sha256.Sum256([]byte(payload))
		for algorithm, want := range map[string]string{
			"crc32-base62":    pad(swap(n.Text(62)), 6),
			"crc32-base36":    pad(n.Text(36), 7),
			"crc32-hex-lower": hex.EncodeToString(four),
			"crc32-hex-upper": strings.ToUpper(hex.EncodeToString(four)),
			"crc32-le-hex":    hex.EncodeToString(reversed),
			"crc32-le-base64": base64.StdEncoding.EncodeToString(reversed)[:6],
			"sha256-base32":   base32.StdEncoding.EncodeToString(digest[:])[:8],
		} {
			if got, _ := Checksum(algorithm, payload); got != want {
				t.Fatalf("%s of %q: %q, want %q", algorithm, payload, got, want)
			}
		}
	})
}

func TestPayload(t *testing.T) {
	for _, tt := range []struct {
		parts map[string]string
		want  string
	}{
		{map[string]string{"token": "pre_bodysum", "body": "body", "sum": "sum"}, "body"},
		{map[string]string{"token": "pre_bodysum", "sum": "sum"}, "pre_body"},
		{map[string]string{"token": "sum_bodysumtail", "sum": "sum"}, "sum_body"},
		{map[string]string{"token": "pre", "sum": "elsewhere"}, ""},
	} {
		if got := payloadOf(tt.parts); got != tt.want {
			t.Errorf("%v: payload %q, want %q", tt.parts, got, tt.want)
		}
	}
}
