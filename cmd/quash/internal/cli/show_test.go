package cli

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
)

// TestG07ExcerptHidesWhatIsAllowed: the lines around a key show no short key that a comment allows, and no part of a key that
// stands on a line of its own.
func TestG07ExcerptHidesWhatIsAllowed(t *testing.T) {
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sc, err := scanner.New(set, scanner.Options{KeepAllowed: true})
	if err != nil {
		t.Fatal(err)
	}
	rule, _ := set.Rule("github-pat")
	aws, _ := set.Rule("aws-access-key")
	rnd := rand.New(rand.NewPCG(1, 2))
	allowed, id := "Tr0ub4dor"+"Zq9", aws.Sample(rnd)
	text := "A=" + rule.Sample(rnd).Token + "\nDB=postgres://svc:" + allowed + "@db.acme.example/x # quash:allow\naws_access_key_id = " + id.Token +
		"\naws_secret_access_key = " + id.Parts["secret"] + "\n"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.env"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for line := 1; line <= 4; line++ {
		out := excerpt(sc, store.Place{Target: dir, At: scanner.Location{Path: "a.env", Line: line, EndLine: line}})
		for _, secret := range []string{allowed, id.Parts["secret"], id.Token} {
			if strings.Contains(out, secret) {
				t.Errorf("the excerpt around line %d shows a key of %d characters", line, len(secret))
			}
		}
		if !strings.Contains(out, "DB=postgres://svc:") {
			t.Errorf("the excerpt around line %d is not there", line)
		}
	}
}
