package scanner

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"go.yaml.in/yaml/v3"
)

// canary is a value that no output may hold. It is no key of anybody.
const canary = "CANARYcanary" + "0987654321zyxwv"

type nest struct {
	Public  Secret
	private Secret
	inner   struct{ s Secret }
	list    []Secret
	byName  map[string]Secret
	any     any
	ptr     *Secret
}

func nested() nest {
	s := NewSecret(canary)
	n := nest{Public: s, private: s, list: []Secret{s}, byName: map[string]Secret{"x": s}, any: s, ptr: &s}
	n.inner.s = s
	return n
}

func TestNoVerbPrintsASecret(t *testing.T) {
	s := NewSecret(canary)
	n := nested()
	values := []any{s, &s, n, &n, []nest{n}, map[string]any{"a": n}, Finding{Parts: map[string]Secret{"token": s}}, errors.Join(fmt.Errorf("x %v", s))}
	for _, verb := range []string{"v", "+v", "#v", "s", "q", "x", "X", "d", "T", "p", "b", "c", "e", "t", "U", "100s", "-5v", ".3s"} {
		for i, v := range values {
			if out := fmt.Sprintf("%"+verb, v); leaks(out) {
				t.Errorf("%%%s of value %d prints the secret", verb, i)
			}
		}
	}
}

func TestNoEncoderWritesASecret(t *testing.T) {
	n := nested()
	var out bytes.Buffer
	mustEncode := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	mustEncode(json.NewEncoder(&out).Encode(n))
	mustEncode(xml.NewEncoder(&out).Encode(struct {
		XMLName xml.Name `xml:"x"`
		A       Secret
		B       Secret `xml:"b,attr"`
	}{A: n.Public, B: n.Public}))
	mustEncode(yaml.NewEncoder(&out).Encode(n))
	mustEncode(gob.NewEncoder(&out).Encode(struct{ A Secret }{n.Public}))
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "a", n.Public, "b", n, "c", []Secret{n.Public})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "a", n.Public, "b", n)
	log := zerolog.New(&out)
	log.Error().Interface("a", n).Stringer("b", n.Public).Any("c", n.Public).Err(fmt.Errorf("e %v", n)).Msgf("%v", n.Public)
	if leaks(out.String()) {
		t.Errorf("an encoder wrote the secret: %s", out.String())
	}
}

// leaks looks for the canary in the forms in which it could travel.
func leaks(out string) bool {
	if strings.Contains(out, canary) || strings.Contains(strings.ToLower(out), fmt.Sprintf("%x", canary)) {
		return true
	}
	r := &Redactor{}
	r.AddSecret(NewSecret(canary))
	return !bytes.Equal(r.Clean([]byte(out)), []byte(out))
}

func TestRedactorKnowsEncodings(t *testing.T) {
	value := `pa"ss\w/ord+<&>é` + canary
	r := &Redactor{}
	r.AddSecret(NewSecret(value))
	quoted, _ := json.Marshal(value)
	for name, form := range map[string]string{
		"raw": value, "json": string(quoted), "hex": fmt.Sprintf("%x", value),
	} {
		if out := r.Clean([]byte("before " + form + " after")); bytes.Contains(out, []byte(form)) || !bytes.Contains(out, []byte("[redacted]")) {
			t.Errorf("%s form survives", name)
		}
	}
	for lead := range 3 {
		for _, enc := range encoders {
			for tail := range 3 {
				text := enc.EncodeToString([]byte(strings.Repeat("a", lead) + value + strings.Repeat("b", tail)))
				if out := string(r.Clean([]byte(text))); !strings.Contains(out, "[redacted]") {
					t.Errorf("base64 with %d bytes before and %d behind survives", lead, tail)
				}
			}
		}
	}
}

func TestRedactorLeavesTheRest(t *testing.T) {
	r := &Redactor{}
	r.AddSecret(NewSecret("abc")) // too short to be taken out of text
	r.AddSecret(NewSecret(canary))
	var out bytes.Buffer
	w := r.Writer(&out)
	line := "abc is a word, " + canary + " is none\n"
	if n, err := w.Write([]byte(line)); n != len(line) || err != nil {
		t.Errorf("Write = %d, %v", n, err)
	}
	if want := "abc is a word, [redacted] is none\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// TestRedactorFindsAnyOfMany: a text is cleaned of each of hundreds of keys, and of two that overlap.
func TestRedactorFindsAnyOfMany(t *testing.T) {
	r := &Redactor{}
	var keys []string
	for i := range 200 {
		keys = append(keys, fmt.Sprintf("%06d", i*331)+canary)
		r.AddSecret(NewSecret(keys[i]))
	}
	for _, key := range keys {
		for _, lead := range []string{"", "x", "path/of/"} {
			if got := string(r.Clean([]byte(lead + key))); got != lead+"[redacted]" {
				t.Fatalf("a key behind %q survives", lead)
			}
		}
	}
	if got := r.Clean([]byte(keys[7] + keys[9][3:])); bytes.Contains(got, []byte(keys[7])) {
		t.Error("a key beside a part of another survives")
	}
}

// TestRedactorLeavesPlaces: the user and host of a key, and a password that is a word, name places by right.
func TestRedactorLeavesPlaces(t *testing.T) {
	parts := map[string]Secret{"token": NewSecret(canary), "user": NewSecret("deployer"), "host": NewSecret("db.acme.io")}
	r := &Redactor{}
	r.Add(parts)
	r.AddSecret(NewSecret("postgres"))
	path := "home/deployer/db.acme.io/postgresql.yml"
	if got := string(r.Clean([]byte(path))); got != path {
		t.Errorf("the redactor makes %q of %q", got, path)
	}
	l := Location{Path: path + "/" + canary, Refs: []string{"deployer/" + canary}}.without(parts)
	if want := path + "/[redacted]"; l.Path != want || l.Refs[0] != "deployer/[redacted]" {
		t.Errorf("got %q and %q", l.Path, l.Refs[0])
	}
}
