package rules

import (
	"fmt"
	"strings"
	"testing"
)

// acme is a rule file with nothing wrong in it, and one of everything.
const acme = `provider: acme
docs: https://acme.example/docs
hosts: [api.acme.example]
base: https://self.acme.example
vars:
  name: 'ACME_(?:KEY|TOKEN)'
rules:
  - id: acme-token
    name: Acme token
    keywords: [acme_pat_]
    pattern: '\b(?P<token>acme_pat_(?P<body>[0-9A-Za-z]{30})(?P<sum>[0-9A-Za-z]{6}))\b'
    near:
      account:
        pattern: '\bacct-[0-9]{6}\b'
        within: 100
        optional: true
    validate: [{checksum: crc32-base62}, {entropy: 3.0}]
    severity: high
    confidence: high
    evidence: {at: https://acme.example/docs/me, on: 2026-11-23, says: [request, inactive, revoke]}
    manual: ['Open the settings of {{owner}} and delete the token.']
    manual_url: https://acme.example/settings
    examples:
      match: ['ACME="{{sample}}"', '{{account}} and {{sample}}', 'echo ${{ secrets.ACME }} {{sample}}']
      ignore: ['{{sample}}0', 'acme_pat_short']
    verify:
      - get: https://api.acme.example/v1/me
        header: {Authorization: 'Bearer {{token}}'}
        active: {status: 200}
        inactive: {status: 401, json: {.error: [gone, expired]}}
        capture: {owner: .login, key_id: .token.id, scopes: header:X-Scopes, session: .session}
        secret: [session]
        examples:
          - reply: {status: 200, header: {x-scopes: read}, body: '{"login":"ann","token":{"id":7}}'}
            want: active
            capture: {key_id: 7, scopes: read}
          - {reply: {status: 401, body: '{"error":"gone"}'}, want: inactive}
          - {reply: {status: 503}, want: unknown}
      - post: '{{base}}/v1/introspect'
        form: {session: '{{session}}'}
        capture: {expires: .exp}
    revoke:
      - delete: https://api.acme.example/v1/tokens/self
        header: {Authorization: 'Bearer {{token}}'}
        bind: self
        idempotent: true
        done: {status: [204, 404]}
        examples:
          - {reply: {status: 204}, want: done}
          - {reply: {status: 500}, want: failed}
      - post: https://api.acme.example/v1/report
        json: '{"tokens":["{{token}}"]}'
        bind: value
        batch: tokens:100
        requested: [{status: 202}, {status: 200, contains: taken}]
        examples:
          - {reply: {status: 202}, want: requested}
          - {reply: {status: 422}, want: failed}
      - delete: https://api.acme.example/v1/tokens/{{key_id}}
        header: {Authorization: 'Bearer {{operator.acme}}'}
        bind: echoed
        done: {status: 204}
        examples:
          - {reply: {status: 204}, want: done}
          - {reply: {status: 500}, want: failed}
    review:
      - get: https://api.acme.example/v1/tokens/{{key_id}}/events?since={{since}}
        header: {Authorization: 'Bearer {{operator.acme}}'}
        events: {list: .events, time: .at, actor: .user.name, ip: '."ip-address"'}
        examples:
          - {reply: {status: 200, body: '{"events":[{"at":"2026-01-01T00:00:00Z"}]}'}, want: 1}
          - {reply: {status: 403}, want: failed}
  - id: acme-setting
    name: Acme token in a setting
    keywords: [acme_]
    pattern: '(?i)\b{{name}}\s?=\s?(?P<token>[0-9a-z]{32})\b'
    validate: [{distinct: 8}, {words: none}]
    examples:
      match: ['acme_key={{sample}}']
      ignore: ['ACME_KEY=00000000000000000000000000000000']
`

func TestCheckFileAccepts(t *testing.T) {
	_, problems := CheckFile("acme.yaml", []byte(acme), Options{})
	for _, p := range problems {
		t.Error(p)
	}
}

// refusals change one thing in the good file: old to new, and the problem that must come of it, by line of the file and
// a part of its message. One change may have more than one consequence.
var refusals = []struct {
	name, old, new, want string
}{
	// The document.
	{"unknown field of a file", "docs: https://acme.example/docs", "doc: x", `2: unknown field "doc"`},
	{"unknown field of a rule", "    keywords: [acme_pat_]", "    keyword: [acme_pat_]", `10: unknown field "keyword"`},
	{"unknown field of a step", "bind: self", "binds: self", `unknown field "binds"`},
	{"unknown field of a condition", "active: {status: 200}", "active: {state: 200}", `unknown field "state"`},
	{"doubled field", "    severity: high", "    name: Acme again", "already defined"},
	{"a second document", "provider: acme", "provider: acme\n---\nprovider: acme", "more than one YAML document"},
	{"no rules", acme[strings.Index(acme, "rules:"):], "", "no rules"},
	{"not YAML", "provider: acme", "provider: [acme", "did not find"},
	{"a check with two kinds", "{entropy: 3.0}", "{entropy: 3.0, distinct: 3}", "a check is written {kind: argument}"},
	{"a condition that is a number", "active: {status: 200}", "active: 200", "cannot unmarshal"},

	// Names, hosts, vars.
	{"provider's name", "provider: acme", "provider: Acme", `provider "Acme"`},
	{"host with a scheme", "[api.acme.example]", "['https://api.acme.example']", `3: host "https://api.acme.example"`},
	{"base over http", "base: https:", "base: http:", `4: base "http://self.acme.example"`},
	{"base with a path", "self.acme.example", "self.acme.example/x", "4: base"},
	{"docs over http", "docs: https:", "docs: http:", "2: docs"},
	{"id of another provider", "id: acme-token", "id: other-token", `8: id "other-token"`},
	{"id in capitals", "id: acme-token", "id: acme-Token", `8: id "acme-Token"`},
	{"id twice", "id: acme-setting", "id: acme-token", "the id is used twice"},
	{"no name", "    name: Acme token\n", "", "no name"},
	{"severity", "severity: high", "severity: awful", `severity "awful"`},
	{"confidence", "confidence: high", "confidence: sure", `confidence "sure"`},
	{"manual_url over http", "manual_url: https:", "manual_url: http:", "manual_url"},
	{"evidence over http", "at: https://acme", "at: http://acme", "evidence at"},
	{"evidence of no day", "2026-11-23", "2026-13-23", `evidence on "2026-13-23"`},
	{"evidence that says nothing", "[request, inactive, revoke]", "[]", "evidence says nothing"},
	{"evidence that says something else", "inactive, revoke]", "dead, revoke]", `evidence says "dead"`},
	{"evidence that says a thing twice", "inactive, revoke]", "request, revoke]", "evidence says request twice"},
	{"evidence of a flow that is not there", "    validate: [{distinct: 8}", "    evidence: {at: https://acme.example, on: 2026-11-23, says: [revoke]}\n    validate: [{distinct: 8}",
		"evidence says revoke, and the rule has no revoke"},
	{"var that nothing uses", "{{name}}", "ACME_KEY", "var name is used by no pattern"},
	{"var that nothing defines", "{{name}}", "{{nome}}", "{{nome}}: the file's vars have no such name"},
	{"var with a group", "(?:KEY|TOKEN)", "(KEY|TOKEN)", "6: var name: a var has no capturing group"},
	{"var that does not compile", "(?:KEY|TOKEN)", "(?:KEY|TOKEN", "6: var name"},

	// Keywords and patterns.
	{"no keywords", "    keywords: [acme_pat_]\n", "", "no keywords"},
	{"short keyword", "keywords: [acme_pat_]", "keywords: [ac]", `10: keyword "ac" is shorter than 3 bytes`},
	{"keyword outside ASCII", "keywords: [acme_pat_]", "keywords: [äcme]", "only printable ASCII"},
	{"match without a keyword", "acme_pat_(?P<body>", "acme_(?:pat_)?(?P<body>", "11: pattern can match a text that has none of the keywords"},
	{"branch without a keyword", "'ACME_(?:KEY|TOKEN)'", "'ACM(?:E_KEY|ETOKEN)'", "none of the keywords"},
	{"no pattern", `    pattern: '\b(?P<token>acme`, `    grants: ['\b(?P<token>acme`, "did not find"},
	{"pattern that does not compile", "[0-9A-Za-z]{30})", "[0-9A-Za-z]{30}))", "11: pattern is not a usable RE2 expression"},
	{"lookahead", `(?P<token>acme_pat_`, `(?=x)(?P<token>acme_pat_`, "not a usable RE2 expression"},
	{"unbounded pattern", "[0-9A-Za-z]{30}", "[0-9A-Za-z]+", "pattern has no greatest length"},
	{"pattern too long", "[0-9A-Za-z]{30}", strings.Repeat(".{1000}", 17), "at most 65536"},
	{"pattern too large", "[0-9A-Za-z]{30}", strings.Repeat("(?:[0-9A-Za-z]{0,1000})", 100), "too large"},
	{"max out of range", "    severity: high", "    max: 100000", "max 100000"},
	{"group's name taken", "(?P<body>", "(?P<base>", `group "base": the name is taken`},
	{"group's name in capitals", "(?P<body>", "(?P<Body>", `group "Body": the name is taken or not`},
	{"group's name twice", "(?P<body>", "(?P<sum>", `group "sum" stands twice`},
	{"near part with a group's name", "      account:", "      body:", `near part "body" has the name of a group`},
	{"near part with a taken name", "      account:", "      until:", `near part "until": the name is taken`},
	{"near without within", "        within: 100\n", "", `near part "account" has no within`},
	{"near that is not bounded", "acct-[0-9]{6}", "acct-[0-9]+", `near part "account" has no greatest length`},
	{"near that does not compile", "acct-[0-9]{6}", "acct-[0-9", "near part account is not a usable RE2 expression"},
	{"near with another group", "acct-[0-9]{6}", "acct-(?P<n>[0-9]{6})", `has the group "n"`},

	// Checks.
	{"unknown check", "{entropy: 3.0}", "{entrpy: 3.0}", `"entrpy" is no kind of check`},
	{"unknown algorithm", "crc32-base62", "crc64", `"crc64" is no known algorithm`},
	{"entropy that is no number", "entropy: 3.0", "entropy: lots", `"lots" is not a number`},
	{"words with another argument", "words: none", "words: some", `the argument is "none"`},
	{"checksum without a group", "(?P<sum>[0-9A-Za-z]{6})", "[0-9A-Za-z]{6}", "no group (?P<sum>…)"},
	{"entropy out of reach", "entropy: 3.0", "entropy: 7.9", "no sample key could be made"},
	{"checksum of another length", "(?P<sum>[0-9A-Za-z]{6})", "(?P<sum>[0-9A-Za-z]{7})", "no sample key could be made"},

	// Examples.
	{"no example", `    examples:
      match: ['acme_key={{sample}}']
      ignore: ['ACME_KEY=00000000000000000000000000000000']
`, "", "no example"},
	{"example without the sample", `'ACME="{{sample}}"'`, `'ACME=""'`, "the rule does not find it: it has no keyword"},
	{"example in which the key runs on", `'ACME="{{sample}}"'`, `'ACME="{{sample}}x"'`, "the rule does not find it: the pattern does not match"},
	{"example with a near part too many", "{{account}} and", "{{acount}} and", "{{acount}}: the rule has no part of that name"},
	{"example with two keys", "'acme_key={{sample}}'", "'acme_key={{sample}} ACME_TOKEN=0123456789abcdefghijklmnopqrstuv'", "finds 2 keys"},
	{"example whose check fails", "'acme_key={{sample}}'", "'acme_key=00000000000000000000000000000000'", "only 1 distinct characters"},
	{"example with a key as text", "'acme_key={{sample}}'", "'acme_key=0123456789abcdefghijklmnopqrstuv'", "another text than {{sample}}"},
	{"look-alike that is found", "ignore: ['{{sample}}0'", "ignore: ['{{sample}}'", "the rule finds it, and it should not"},

	// Requests.
	{"host that is not listed", "get: https://api.acme.example/v1/me", "get: https://api.acme.io/v1/me",
		`verify goes to "api.acme.io", which is not under hosts; add it to hosts if the issuer documents it`},
	{"host with a user before it", "get: https://api.acme.example/v1/me", "get: https://api.acme.example@evil.example/", "not under hosts"},
	{"host with a longer name", "get: https://api.acme.example/v1/me", "get: https://api.acme.example.evil.example/", "not under hosts"},
	{"base with a longer name", "'{{base}}/v1", "'{{base}}.evil.example/v1", "not https://HOST/… or {{base}}/…"},
	{"host from a reply", "https://api.acme.example/v1/tokens/{{key_id}}\n", "https://{{key_id}}/v1/tokens\n", "a host is never taken from scanned text or a reply"},
	{"host from a part of the key", "get: https://api.acme.example/v1/me", "get: 'https://{{account}}.acme.example/v1/me'", "a host is never taken"},
	{"http", "get: https://api.acme.example/v1/me", "get: http://api.acme.example/v1/me", "a key is sent over https only"},
	{"two methods", "get: https://api.acme.example/v1/me", "get: https://api.acme.example/v1/me\n        post: https://api.acme.example/v1/me", "the step has 2 methods"},
	{"no method", "get: https://api.acme.example/v1/me\n        header:", "header:", "the step has 0 methods"},
	{"two bodies", "        batch: tokens:100", "        body: x", "the step has 2 bodies"},
	{"verify that deletes", "get: https://api.acme.example/v1/me", "delete: https://api.acme.example/v1/me", "changes nothing at the issuer"},
	{"verify without the key", "header: {Authorization: 'Bearer {{token}}'}\n        active", "active", "does not send {{token}}"},
	{"name that nothing defines", "tokens/{{key_id}}\n", "tokens/{{keyid}}\n", "{{keyid}}: nothing of that name is known here"},
	{"secret capture in another flow", "tokens/{{key_id}}\n", "tokens/{{session}}\n", "{{session}}: nothing of that name is known here"},
	{"window outside a review", "tokens/{{key_id}}\n", "tokens/{{since}}\n", "{{since}}: nothing of that name is known here"},
	{"open braces", "Bearer {{operator.acme}}'}\n        bind", "Bearer {{operator.acme'}\n        bind", "is no {{NAME}}"},
	{"json that is none", `'{"tokens":["{{token}}"]}'`, `'{"tokens":["{{token}}"}'`, "the json body is not JSON"},
	{"batch of another form", "batch: tokens:100", "batch: tokens", "written field:limit"},
	{"batch of another field", "batch: tokens:100", "batch: keys:100", `has no array "keys"`},
	{"batch without json", `json: '{"tokens":["{{token}}"]}'`, "body: '{{token}}'", "batch names an array of the json body"},
	{"header that the client sets", "header: {Authorization: 'Bearer {{token}}'}\n        active", "header: {Host: 'x', Authorization: 'Bearer {{token}}'}\n        active", "is set by the client alone"},
	{"header's name", "{Authorization: 'Bearer {{token}}'}\n        active", "{'A b': 'Bearer {{token}}'}\n        active", "is no header's name"},
	{"operator's credential beside the key", "Bearer {{token}}'}\n        bind", "Bearer {{operator.acme}} {{token}}'}\n        bind", "never travels with the leaked key"},
	{"operator's credential beside a part of the key", "tokens/{{key_id}}\n", "tokens/{{account}}\n", "never travels with the leaked key"},
	{"operator's credential beside a secret capture", "form: {session: '{{session}}'}", "form: {session: '{{session}}', admin: '{{operator.acme}}'}", "never travels with the leaked key"},
	{"the key in a review", "Bearer {{operator.acme}}'}\n        events", "Bearer {{token}}'}\n        events", "in a review"},
	{"the key in a manual step", "settings of {{owner}}", "settings of {{token}}", "never shows the key"},
	{"unknown name in a manual step", "settings of {{owner}}", "settings of {{ownr}}", "{{ownr}}: nothing of that name"},

	// Flows.
	{"revoke without verify", acme[strings.Index(acme, "    verify:"):strings.Index(acme, "    revoke:")], "", "revoke without verify"},
	{"revoke without bind", "        bind: self\n", "", "revoke without bind"},
	{"unknown bind", "bind: self", "bind: first", "bind first: it is value, self"},
	{"value without the key", `["{{token}}"]`, `["{{owner}}"]`, "bind value: the URL or the body must hold {{token}}"},
	{"self without the key", "header: {Authorization: 'Bearer {{token}}'}\n        bind: self", "bind: self", "bind self: the request must be authenticated with {{token}}"},
	{"self with an id", "tokens/self\n", "tokens/{{key_id}}\n", "bind self: the request names {{key_id}}"},
	{"self with a part of the key", "tokens/self\n", "tokens/{{account}}\n", "bind self: the request names {{account}}"},
	{"id-in-key without one", "bind: echoed", "bind: id-in-key", "must hold the id, a part of the key"},
	{"echoed without a capture", "tokens/{{key_id}}\n", "tokens/1\n", "must hold the id, a capture of the verify"},
	{"matched without a capture", "tokens/{{key_id}}\n        header: {Authorization: 'Bearer {{operator.acme}}'}\n        bind: echoed", "tokens/1\n        bind: matched", "must hold the id, a capture"},
	{"verify that never reads inactive", "        inactive: {status: 401, json: {.error: [gone, expired]}}\n", "", "says which reply is active and which is inactive"},
	{"revoke that reads nothing", "        done: {status: [204, 404]}\n", "", "the step says which reply is done or requested"},
	{"a field of another flow", "        idempotent: true", "        active: {status: 200}", "active is of a verify, not of a revoke"},
	{"events outside a review", "        idempotent: true", "        events: {list: .a, time: .b}", "events is of a review, not of a revoke"},
	{"a later step that decides", "        capture: {expires: .exp}", "        capture: {expires: .exp}\n        active: {status: 200}", "only the first step of a verify decides"},
	{"a step to no purpose", "        capture: {expires: .exp}\n", "", "neither decides nor captures"},
	{"condition without a status", "active: {status: 200}", "active: {contains: ok}", "active has no status"},
	{"status out of range", "active: {status: 200}", "active: {status: 2000}", "status 2000"},
	{"path that is none", ".error:", "error:", `path "error"`},
	{"path without a value", ".error: [gone, expired]", ".error: []", "has no value to compare with"},
	{"capture with a taken name", "expires: .exp", "token: .exp", `capture "token": the name is taken`},
	{"capture that nothing reads", "expires: .exp", "expiry: .exp", `capture "expiry": nothing reads it`},
	{"capture's path", "expires: .exp", "expires: exp", `path "exp"`},
	{"capture's header", "scopes: header:X-Scopes", "scopes: 'header:X Scopes'", "a header's name is wanted"},
	{"secret that is not captured", "secret: [session]", "secret: [sesion]", `secret "sesion"`},
	{"events without a time", "time: .at, ", "", "events has a list and a time"},
	{"events with a bad path", "list: .events", "list: events", `path "events"`},

	// Recorded replies.
	{"no active reply", "status: 200, header: {x-scopes: read}", "status: 500, header: {x-scopes: read}", `is read as "unknown", wanted is "active"`},
	{"no inactive reply", `          - {reply: {status: 401, body: '{"error":"gone"}'}, want: inactive}` + "\n", "", "no recorded reply reads inactive"},
	{"no unknown reply", "          - {reply: {status: 503}, want: unknown}\n", "", "no recorded reply reads unknown"},
	{"no done reply", "          - {reply: {status: 204}, want: done}\n", "", "no recorded reply reads done or requested"},
	{"no failed reply", "          - {reply: {status: 422}, want: failed}\n", "", "no recorded reply reads failed"},
	{"no events reply", acme[strings.Index(acme, "        examples:\n          - {reply: {status: 200, body: '{\"events"):strings.Index(acme, "  - id: acme-setting")], "", "no recorded reply reads a number of events"},
	{"reply read otherwise", "{status: 503}, want: unknown", "{status: 401}, want: inactive", `is read as "unknown", wanted is "inactive"`},
	{"another number of events", "want: 1", "want: 2", `is read as "1", wanted is "2"`},
	{"another capture", "key_id: 7,", "key_id: 8,", `gives key_id = "7", wanted is "8"`},
}

func TestCheckFileRefuses(t *testing.T) {
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Count(acme, tt.old) == 0 {
				t.Fatalf("the good file has no %q", tt.old)
			}
			_, problems := CheckFile("acme.yaml", []byte(strings.Replace(acme, tt.old, tt.new, 1)), Options{})
			var all []string
			for _, p := range problems {
				all = append(all, p.String())
				if strings.Contains(fmt.Sprintf("%d: %s", p.Line, p.Msg), tt.want) {
					return
				}
			}
			t.Errorf("no problem says %q; problems:\n%s", tt.want, strings.Join(all, "\n"))
		})
	}
}

// TestCheckBuiltin runs the proofs of the embedded files, with an operator's var that no sample can satisfy.
func TestCheckBuiltin(t *testing.T) {
	if testing.Short() {
		t.Skip("it proves the whole catalogue, as TestCatalogue does")
	}
	problems := CheckBuiltin(Options{Vars: map[string]string{"agiled.key_pattern": "x{200}y", "acme.x": "y"}})
	if len(problems) < 2 || problems[len(problems)-1].File != "vars" {
		t.Errorf("a key pattern without any entropy or a var of no file is taken: %v", problems)
	}
	for _, p := range problems[:len(problems)-1] {
		if !strings.HasPrefix(p.Rule, "agiled-") {
			t.Error(p)
		}
	}
}
