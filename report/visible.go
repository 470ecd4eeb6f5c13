package report

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Paths, authors, refs and issuers' replies are other people's text. A terminal obeys an escape sequence in a file's name, and
// a direction mark turns the rest of a line around. So a format for people never sees such text as it came: [summarize] hands
// it a copy of the run in which every string is [visible].

// hidden says of a character that a reader would not see it, or that it acts on what is around it: control and format
// characters, line ends, and every space but the common one.
func hidden(r rune) bool { return !unicode.IsPrint(r) }

// visible is s with each hidden character, and each byte that is not UTF-8, written out as Go writes it: \x1b, \u202e, \n.
func visible(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for i, w := 0, 0; i < len(s); i += w {
		var r rune
		r, w = utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && w == 1:
			_, _ = fmt.Fprintf(&b, `\x%02x`, s[i]) // a strings.Builder does not fail
		case hidden(r):
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteString(s[i : i+w])
		}
	}
	return b.String()
}

// visibleCopy is a deep copy of v in which every string is visible, whatever fields its type has today or gets later. v itself
// is left as it is: other formats are reading it.
func visibleCopy[T any](v T) T {
	return visibleValue(reflect.ValueOf(&v).Elem()).Interface().(T)
}

func visibleValue(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.String:
		out.SetString(visible(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(visibleValue(v.Elem()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if out.Field(i).CanSet() { // a time.Time has no field that can be set, and no text
				out.Field(i).Set(visibleValue(v.Field(i)))
			}
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), 0, v.Len()))
			for i := range v.Len() {
				out.Set(reflect.Append(out, visibleValue(v.Index(i))))
			}
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMap(v.Type()))
			for name, value := range v.Seq2() {
				out.SetMapIndex(visibleValue(name), visibleValue(value))
			}
		}
	}
	return out
}
