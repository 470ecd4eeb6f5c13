package rules

import (
	"strings"
	"testing"
)

// FuzzLoad holds the loader to one thing: it refuses or accepts, and what it accepts can be used.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(acme))
	for _, tt := range refusals {
		f.Add([]byte(strings.Replace(acme, tt.old, tt.new, 1)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			return
		}
		set, err := (&Set{}).With("fuzz.yaml", data, Options{})
		if err != nil {
			return
		}
		for r := range set.All() {
			if s := r.Sample(r.rand()); s.Token == "" || len(s.Text) > r.Span().Match {
				t.Errorf("%s: a sample of %d bytes, span %d", r.ID, len(s.Text), r.Span().Match)
			}
			r.Prefix()
			r.Anchor()
		}
		_ = set.Version()
	})
}

// FuzzReadReply reads any reply in every way.
func FuzzReadReply(f *testing.F) {
	f.Add(200, `{"a":[{"b":1}],"c":null}`, ".a[*].b", "1", "X-A")
	f.Add(200, `[[[]]]`, "[0][0]", "*", "")
	f.Add(401, `{"a":`, `."a b"`, "null", "a")
	f.Fuzz(func(t *testing.T, code int, body, path, value, header string) {
		conditions := Conditions{{Status: []int{code}, JSON: map[string][]string{path: {value}}}, {Contains: value, Header: map[string]string{header: value}}}
		s := Step{
			Active: conditions, Inactive: conditions[1:], Done: conditions, Requested: conditions[1:],
			Capture: map[string]string{"owner": path, "scopes": headerPath + header},
			Events:  &Events{List: path, Time: path},
		}
		reply := Reply{Status: code, Header: map[string]string{header: value}, Body: body}
		if v := s.ReadVerify(reply); v != "active" && v != "inactive" && v != "unknown" {
			t.Errorf("verify is read as %q", v)
		}
		if v := s.ReadRevoke(reply); v != "done" && v != "requested" && v != "failed" {
			t.Errorf("revoke is read as %q", v)
		}
		s.Captured(reply)
		if _, err := s.EventsOf(reply); err != nil && len(body) > 20 && strings.Contains(err.Error(), body) {
			t.Error("the error quotes the body")
		}
	})
}
