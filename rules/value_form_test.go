package rules

import (
	"testing"

	"pgregory.net/rapid"
)

// TestForms compares the looks before the expressions with these.
func TestForms(t *testing.T) {
	pieces := []string{
		"$", "1", "2b", "apr1", "{", "SSHA", "}", "pbkdf2_sha", "sha1", "sha256$", "md5:", "phpass:", "*", "0123456789ABCDEF0123456789ABCDEF01234567",
		"%", "<", ">", "[", "]", "(", ")", "@", ":", "&", ";", "!", "?", "=", "-", "--", ".", "~", "a", "abc", "_x", "A", "/", "v", "^", "x", "é",
		"arn:", "2026-11-23", "Key", "Token", "Factory", "Error", "json", ".pem", "C:", "..", "01234567-89ab-cdef-0123-456789abcdef", "+", "\n", "9", ",", " ",
	}
	rapid.Check(t, func(t *rapid.T) {
		v := ""
		for _, p := range rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 5).Draw(t, "pieces") {
			v += p
		}
		for _, f := range []struct {
			name    string
			may, is bool
		}{
			{"hash", mayHash(v), hashForm().MatchString(v)},
			{"variable", mayVariable(v), variableForm().MatchString(v)},
			{"path", mayPath(v), pathForm().MatchString(v)},
			{"name", mayName(v), nameForm().MatchString(v)},
			{"UUID", len(v) == uuidLength, uuidForm().MatchString(v)},
		} {
			if f.is && !f.may {
				t.Errorf("%q is a %s and was not looked at", v, f.name)
			}
		}
	})
}
