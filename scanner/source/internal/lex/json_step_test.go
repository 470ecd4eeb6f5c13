package lex

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// drawObject draws an object as programs write them, or nearly so: with the same few names, of which some have escapes, and spaces that are
// mostly the same.
func drawObject(t *rapid.T, deep int) string {
	space := rapid.SampledFrom([]string{"", " ", "\n    ", "\n  "})
	var b strings.Builder
	b.WriteString("{")
	for i := range rapid.IntRange(0, 4).Draw(t, "members") {
		if i > 0 {
			b.WriteString(rapid.SampledFrom([]string{",", ",", ",", " ,", "", ",,"}).Draw(t, "comma"))
		}
		name := rapid.SampledFrom([]string{"a", "b", "text", `q\"uote`, `\u0061`, "long" + strings.Repeat("g", longestStep)}).Draw(t, "name")
		b.WriteString(space.Draw(t, "before") + `"` + name + `"` + rapid.SampledFrom([]string{":", ": ", " : ", ": ", "", "::"}).Draw(t, "colon"))
		switch kind := rapid.IntRange(0, 4).Draw(t, "kind"); {
		case kind == 0 && deep > 0:
			b.WriteString(drawObject(t, deep-1))
		case kind == 1 && deep > 0:
			b.WriteString("[" + drawObject(t, deep-1) + "," + drawObject(t, deep-1) + "]")
		case kind == 2:
			b.WriteString("12")
		default:
			b.WriteString(`"` + rapid.SampledFrom([]string{"", "x", `\n`, `a": "b`}).Draw(t, "value") + `"`)
		}
	}
	return b.String() + space.Draw(t, "end") + "}"
}

// TestStepsChangeNothing reads objects behind each other, and each alone: the tokens are the same, and so is where and why the last one
// breaks. A number stands for one name.
func TestStepsChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all strings.Builder
		var want []Token
		var fault error
		for range rapid.IntRange(1, 6).Draw(t, "objects") {
			object := drawObject(t, 2)
			tokens, err := joined(NewJSON(NewInput(strings.NewReader(object))))
			want = append(want, tokens...)
			if e := (*Error)(nil); errors.As(err, &e) {
				e.Offset, e.Line = e.Offset+int64(all.Len()), e.Line+strings.Count(all.String(), "\n")
				all.WriteString(object)
				fault = e
				break
			}
			all.WriteString(object)
		}
		in := NewInput(strings.NewReader(all.String()))
		if rapid.Bool().Draw(t, "byte by byte") {
			in = NewInput(iotest.OneByteReader(strings.NewReader(all.String())))
		}
		names := map[int32]string{}
		j := NewJSON(in)
		got, err := joined(nexter(func() (Token, error) {
			tok, err := j.Next()
			if known, ok := names[tok.Known]; tok.Known > 0 && ok && known != string(tok.Text) {
				t.Fatalf("%q and %q have one number", known, tok.Text)
			}
			names[tok.Known] = string(tok.Text)
			return tok, err
		}))
		if !slices.EqualFunc(got, want, sameToken) || fault != nil && err.Error() != fault.Error() {
			t.Fatalf("%s\n%v %v\neach alone: %v %v", all.String(), got, err, want, fault)
		}
	})
}

// nexter is what gives tokens.
type nexter func() (Token, error)

func (n nexter) Next() (Token, error) { return n() }

// TestSteps counts the names that are read in one step: all but the first ones.
func TestSteps(t *testing.T) {
	object := []byte("{\n  \"type\": \"message\",\n  \"user\": {\"name\": \"ann\"},\n  \"ts\": 1\n}\n")
	j := NewJSON(NewInput(bytes.NewReader(bytes.Repeat(object, 100))))
	names, known := 0, 0
	for {
		tok, err := j.Next()
		if err != nil {
			break
		}
		if tok.Kind == Key {
			names++
			if tok.Known > 0 {
				known++
			}
		}
	}
	if names != 400 || known != 395 {
		t.Errorf("%d of %d names were read in one step, want 395 of 400", known, names)
	}
}
