package rules

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func builtinSet(t testing.TB) *Set {
	t.Helper()
	set, err := Builtin(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestSamples holds 200 samples of every shipped rule to the rule itself.
func TestSamples(t *testing.T) {
	n := 0
	for r := range builtinSet(t).All() {
		if n++; testing.Short() && n%8 != 0 {
			continue
		}
		t.Run(r.ID, func(t *testing.T) {
			rnd, span := rand.New(rand.NewPCG(1, 2)), r.Span().Match
			offset, anchored := r.Anchor()
			distinct := make(map[string]bool)
			for range 200 {
				s := r.Sample(rnd)
				sampleHolds(t, r, s)
				if len(s.Text) > span {
					t.Errorf("the sample has %d bytes, more than the span of %d", len(s.Text), span)
				}
				if anchored && !r.keywordAt(lower(s.Text)[offset:]) {
					t.Errorf("no keyword stands at the anchor %d", offset)
				}
				distinct[s.Token] = true
				if t.Failed() {
					return
				}
			}
			if len(distinct) < 190 {
				t.Errorf("only %d of 200 samples differ", len(distinct))
			}
		})
	}
}

func sampleHolds(t *testing.T, r *Rule, s Sample) {
	t.Helper()
	parts, ok := r.wholeMatch(s.Text)
	switch {
	case s.Token == "":
		t.Error("no sample")
	case !ok:
		t.Error("the pattern does not match the whole sample")
	case parts["token"] != s.Token || s.Parts["token"] != s.Token || !strings.Contains(s.Text, s.Token):
		t.Error("the token is not that of the match")
	case !r.hasKeyword(s.Text):
		t.Error("the sample has no keyword")
	case !passes(r.Validate(parts)):
		t.Error("the sample does not pass the checks:", failures(r.Validate(parts), true))
	case !strings.HasPrefix(s.Token, r.Prefix()):
		t.Errorf("the token does not begin with the prefix %q", r.Prefix())
	}
	for name := range r.Near {
		if r.NearRegexp(name).FindString(s.Parts[name]) == "" && s.Parts[name] == "" {
			t.Errorf("no part %q", name)
		}
	}
}

func TestSampleIsRepeatable(t *testing.T) {
	r := ruleOf(`x(?P<token>acme_[0-9a-z]{20,40})`, "acme_")
	a, b := r.Sample(rand.New(rand.NewPCG(3, 4))), r.Sample(rand.New(rand.NewPCG(3, 4)))
	if a.Text != b.Text || a.Token == "" {
		t.Error("the same source gives two samples")
	}
	if c := r.Sample(rand.New(rand.NewPCG(3, 5))); c.Text == a.Text {
		t.Error("two sources give the same sample")
	}
}

// TestSampleFixes makes samples for checks that random characters never pass.
func TestSampleFixes(t *testing.T) {
	const b64 = `[0-9A-Za-z_-]`
	pem := func(label string) string {
		return `(?P<token>-----BEGIN ` + label + `-----[\s0-9A-Za-z+/=]{60,}-----END ` + label + `-----)`
	}
	for _, tt := range []struct {
		name, pattern string
		check         Check
	}{
		{"jwt", `\beyJ` + b64 + `{10,200}\.eyJ` + b64 + `{10,200}\.` + b64 + `{20,80}`, Check{"jwt", "header"}},
		{"jwt in a body", `acme_(?P<body>eyJ` + b64 + `{10,200}\.eyJ` + b64 + `{10,200}\.` + b64 + `{20,80})`, Check{"jwt", "header"}},
		{"base64", `acme_(?P<body>[0-9A-Za-z+/]{40}={0,2})`, Check{"base64", `"id":`}},
		{"base64 that begins", `acme_(?P<body>eyJr[0-9A-Za-z+/]{40})`, Check{"base64", `"k":`}},
		{"base64url", `acme_(?P<body>` + b64 + `{43})`, Check{"base64", ":"}},
		{"pem", pem("PRIVATE KEY"), Check{"pem", "der"}},
		{"rsa pem", pem("RSA PRIVATE KEY"), Check{"pem", "der"}},
		{"ec pem", pem("EC PRIVATE KEY"), Check{"pem", "der"}},
		{"dsa pem", pem("DSA PRIVATE KEY"), Check{"pem", "der"}},
		{"encrypted pem", pem("ENCRYPTED PRIVATE KEY"), Check{"pem", "der"}},
		{"openssh pem", pem("OPENSSH PRIVATE KEY"), Check{"pem", "der"}},
		{"pem in a JSON string", `(?P<token>-----BEGIN PRIVATE KEY-----(?:\\n|[0-9A-Za-z+/=]){60,}-----END PRIVATE KEY-----)`, Check{"pem", "der"}},
		{"large pem", `(?P<token>-----BEGIN RSA PRIVATE KEY-----[\s0-9A-Za-z+/=]{900,}-----END RSA PRIVATE KEY-----)`, Check{"pem", "der"}},
		{"checksum after a body", `acme_(?P<body>[0-9a-f]{32})_(?P<sum>[0-9a-f]{8})`, Check{"checksum", "crc32-hex-lower"}},
		{"checksum over all before", `(?P<token>acme_[0-9A-Za-z]{22}_(?P<sum>[0-9a-f]{8}))`, Check{"checksum", "crc32-le-hex"}},
		{"checksum inside", `(?P<token>acme_[0-9A-Za-z]{43}(?P<sum>[0-9A-Z]{8})[0-9A-Za-z]{8})`, Check{"checksum", "sha256-base32"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := ruleOf(tt.pattern, "acme")
			r.Max = 4000
			r.Checks = []Check{tt.check, {"entropy", "2.5"}}
			rnd := rand.New(rand.NewPCG(5, 6))
			for range 20 {
				s := r.Sample(rnd)
				if s.Token == "" {
					t.Fatal("no sample")
				}
				if res := r.Validate(s.Parts); len(res) != 2 || !passes(res) {
					t.Fatalf("checks: %+v", res)
				}
			}
		})
	}
}

func TestFill(t *testing.T) {
	r := ruleOf(`acme_(?P<id>[a-z]{3})_(?P<rest>[a-z]{20})`, "acme_")
	s := Sample{Token: "T", Parts: map[string]string{"id": "I"}}
	got, err := r.Fill("a {{sample}} {{id}} {{ secrets.X }} ${{ID}} {{sample}}", s)
	if want := "a T I {{ secrets.X }} ${{ID}} T"; got != want || err != nil {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if _, err := r.Fill("{{idd}}", s); err == nil || !strings.Contains(err.Error(), "{{idd}}") {
		t.Errorf("an unknown part gives %v", err)
	}
}
