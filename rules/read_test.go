package rules

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// status is a condition on the status alone.
func status(codes ...int) Conditions { return Conditions{{Status: codes}} }

func TestReadVerify(t *testing.T) {
	step := Step{
		Active:   Conditions{{Status: []int{200}, JSON: map[string][]string{".ok": {"true"}}}, {Status: []int{403}}},
		Inactive: Conditions{{Status: []int{401}}, {Status: []int{200}, JSON: map[string][]string{".error": {"gone", "expired"}}}},
	}
	for _, tt := range []struct {
		name  string
		reply Reply
		want  string
	}{
		{"active", Reply{Status: 200, Body: `{"ok":true}`}, "active"},
		{"active by another condition", Reply{Status: 403}, "active"},
		{"inactive", Reply{Status: 401}, "inactive"},
		{"inactive with 200", Reply{Status: 200, Body: `{"ok":false,"error":"expired"}`}, "inactive"},
		{"neither", Reply{Status: 500}, "unknown"},
		{"both", Reply{Status: 200, Body: `{"ok":true,"error":"gone"}`}, "unknown"},
		{"a text where a truth is wanted", Reply{Status: 200, Body: `{"ok":"yes"}`}, "unknown"},
		{"a page", Reply{Status: 200, Body: `<html>`}, "unknown"},
		{"JSON and more", Reply{Status: 200, Body: `{"ok":true} x`}, "unknown"},
		{"nothing", Reply{}, "unknown"},
	} {
		if got := step.ReadVerify(tt.reply); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestReadRevoke(t *testing.T) {
	step := Step{Done: status(204, 404), Requested: status(202, 404)}
	for code, want := range map[int]string{204: "done", 202: "requested", 404: "requested", 401: "failed", 0: "failed"} {
		if got := step.ReadRevoke(Reply{Status: code}); got != want {
			t.Errorf("%d: %s, want %s", code, got, want)
		}
	}
}

func TestConditions(t *testing.T) {
	reply := Reply{
		Status: 200,
		Header: map[string]string{"X-Kind": "token; v=2"},
		Body:   `{"n":1.50,"s":"a","null":null,"list":[{"id":1},{"id":"two"}],"o":{}}`,
	}
	path := func(path string, values ...string) Condition {
		return Condition{JSON: map[string][]string{path: values}}
	}
	for _, tt := range []struct {
		name string
		c    Condition
		want bool
	}{
		{"nothing", Condition{}, false},
		{"contains", Condition{Contains: `"s":`}, true},
		{"contains not", Condition{Contains: "other"}, false},
		{"lacks", Condition{Lacks: "other"}, true},
		{"lacks not", Condition{Lacks: `"s":`}, false},
		{"header", Condition{Header: map[string]string{"x-kind": "v=2"}}, true},
		{"header's value", Condition{Header: map[string]string{"x-kind": "v=3"}}, false},
		{"header that is not there", Condition{Header: map[string]string{"x-other": ""}}, false},
		{"number", path(".n", "1.50"), true},
		{"text", path(".s", "b", "a"), true},
		{"any", path(".s", "*"), true},
		{"any object", path(".o", "*"), true},
		{"any but null", path(".null", "*"), false},
		{"null", path(".null", "null"), true},
		{"no such name", path(".none", "*"), false},
		{"one of a list", path(".list[*].id", "two"), true},
		{"item", path(".list[0].id", "1"), true},
		{"item beyond the end", path(".list[2].id", "*"), false},
		{"name of a list", path(".list.id", "*"), false},
		{"path that is none", path("list", "*"), false},
		{"both parts", Condition{Status: []int{200}, Contains: "nothing of this"}, false},
	} {
		if got := newReading(reply).holds(tt.c); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestCaptured(t *testing.T) {
	step := Step{Capture: map[string]string{
		"owner": ".user.login", "key_id": ".id", "scopes": ".scopes", "expires": "header:x-expires", "created": `."created-at"`,
		"key_name": ".keys[*].name", "last_used": ".none", "environment": ".null", "organization": ".user", "owner_id": "bad path",
	}}
	got := step.Captured(Reply{
		Header: map[string]string{"X-Expires": "2026-01-01"},
		Body: `{"user":{"login":"ann"},"id":12345678901234567890,"scopes":["read",null,7,{"x":1}],"created-at":"then",
			"keys":[{"name":"a"},{"name":"b"}],"null":null}`,
	})
	want := map[string]string{"owner": "ann", "key_id": "12345678901234567890", "scopes": "read, 7", "expires": "2026-01-01",
		"created": "then", "key_name": "a, b"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEventsOf(t *testing.T) {
	step := Step{Events: &Events{List: ".data[0].events", Time: ".at", Actor: ".user.name", IP: ".ip"}}
	got, err := step.EventsOf(Reply{Status: 200, Body: `{"data":[{"events":[{"at":"t1","user":{"name":"ann"},"x":1},{"at":"t2"},7]}]}`})
	want := []map[string]string{{"time": "t1", "actor": "ann"}, {"time": "t2"}, {}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for name, tt := range map[string]struct {
		reply Reply
		want  string
	}{
		"a refusal":       {Reply{Status: 403, Body: `{"data":[{"events":[]}]}`}, "status 403"},
		"no list":         {Reply{Status: 200, Body: `{"data":[]}`}, "no list at .data[0].events"},
		"another thing":   {Reply{Status: 200, Body: `{"data":[{"events":{}}]}`}, "no list at .data[0].events"},
		"a page with key": {Reply{Status: 200, Body: `<html>`}, "no list at .data[0].events"},
	} {
		if _, err := step.EventsOf(tt.reply); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", name, err, tt.want)
		}
	}
	if _, err := new(Step).EventsOf(Reply{Status: 200}); err == nil {
		t.Error("a step without events reads some")
	}
}

func TestParsePath(t *testing.T) {
	for path, want := range map[string][]any{
		".":               nil,
		".a":              {"a"},
		".a.b_1[0].$c":    {"a", "b_1", 0, "$c"},
		`."x-y"[*]."a.b"`: {"x-y", allItems{}, "a.b"},
		"[2].a":           {2, "a"},
		".[2]":            {2},
	} {
		if got, err := parsePath(path); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %v %v, want %v", path, got, err, want)
		}
	}
	for _, path := range []string{"", "a", ".a.", "..a", ".a-b", `."a`, ".a[", ".a[x]", ".a[-1]", ".a[*", ".a[]", ". a", ".a[0]b"} {
		if got, err := parsePath(path); err == nil {
			t.Errorf("%q is read as %v", path, got)
		}
	}
}

func TestExpand(t *testing.T) {
	value := func(name string) (string, bool) {
		v, ok := map[string]string{"token": "a b", "operator.acme": "{{token}}", "empty": ""}[name]
		return v, ok
	}
	escape := func(s string) string { return strings.ReplaceAll(s, " ", "%20") }
	for tmpl, want := range map[string]string{
		"":                             "",
		"no names {here}":              "no names {here}",
		"https://x/{{token}}?a b":      "https://x/a%20b?a b",
		"{{token}}{{empty}}{{token}}":  "a%20ba%20b",
		"{{operator.acme}}":            "{{token}}", // values are not expanded again
		`{"a":{"b":"{{token}}"}}`:      `{"a":{"b":"a%20b"}}`,
		`query{viewer{id}}{{empty}}}}`: `query{viewer{id}}}}`,
	} {
		if got, err := Expand(tmpl, value, escape); got != want || err != nil {
			t.Errorf("%s: %q %v, want %q", tmpl, got, err, want)
		}
	}
	for tmpl, want := range map[string]string{
		"{{tokn}}": "{{tokn}}: nothing of that name", "{{token}": "{{token is no {{NAME}}", "{{ token }}": "is no {{NAME}}",
		"{{": "is no {{NAME}}", "{{}}": "is no {{NAME}}", "{{a{{token}}": "is no {{NAME}}",
	} {
		if got, err := Expand(tmpl, value, escape); err == nil || !strings.Contains(err.Error(), want) || got != "" {
			t.Errorf("%s: %q %v, want the error %q", tmpl, got, err, want)
		}
	}
	names := TemplateNames("{{b}} {{a}} {{ x }} {{a}} {{c")
	if diff := cmp.Diff([]string{"a", "b"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestBatchOf(t *testing.T) {
	s := Step{Batch: "credentials:1000"}
	if field, limit, ok := s.BatchOf(); field != "credentials" || limit != 1000 || !ok {
		t.Errorf("got %q %d %v", field, limit, ok)
	}
	if _, _, ok := new(Step).BatchOf(); ok {
		t.Error("a step without batch has one")
	}
}
