package rules

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// keyOf makes an access key id of an account: the account's 40 bits stand behind one that is set.
func keyOf(kind string, account uint64, rest uint32) string {
	data := binary.BigEndian.AppendUint64(nil, 1<<63|account<<23|uint64(rest&0x7fffff))
	return "A" + kind + base32.StdEncoding.EncodeToString(append(data, byte(rest), byte(rest>>8)))
}

// TestAWSAccount reads accounts back out of key ids, and refuses ids that hold none.
func TestAWSAccount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		account := rapid.Uint64Range(0, 999_999_999_999).Draw(t, "account")
		key := keyOf(rapid.SampledFrom([]string{"KIA", "SIA"}).Draw(t, "kind"), account, rapid.Uint32().Draw(t, "rest"))
		if got, ok := AWSAccount(key); !ok || got != fmt.Sprintf("%012d", account) {
			t.Fatalf("account %012d: read as %s, %v", account, got, ok)
		}
	})
	// A known answer: the account and eight characters of a key of it are published together (onappsec.com, 2022-10).
	if got, _ := AWSAccount("AKIA" + "YVP4CIPP" + strings.Repeat("A", 8)); got != "595918472158" {
		t.Errorf("read as %s", got)
	}
	for _, key := range []string{"", "AKIA", "AKIAI" + strings.Repeat("A", 15), "AROA" + strings.Repeat("Q", 16), "AKIA" + strings.Repeat("Q", 17), "AKIA" + strings.Repeat("1", 16)} {
		if got, ok := AWSAccount(key); ok {
			t.Errorf("%d characters: read as %s", len(key), got)
		}
	}
}

func TestCanary(t *testing.T) {
	set := builtinSet(t)
	r, _ := set.Rule("aws-access-key")
	for _, c := range r.File().Canaries {
		for _, account := range c.Accounts {
			var n uint64
			if _, err := fmt.Sscanf(account, "%d", &n); err != nil {
				t.Fatal(err)
			}
			if by, ok := r.Canary(keyOf("KIA", n, 7)); !ok || by != c.By {
				t.Errorf("a key of account %s is not known", account)
			}
			if _, ok := r.Canary(keyOf("KIA", n+1, 7)); ok {
				t.Errorf("a key of the account after %s is taken for one", account)
			}
		}
	}
	if len(r.File().Canaries) == 0 {
		t.Error("no canary accounts are known")
	}
	other, _ := set.Rule("github-pat")
	if _, ok := other.Canary(keyOf("KIA", 595918472158, 7)); ok {
		t.Error("a rule whose file lists no canaries knows one")
	}
}
