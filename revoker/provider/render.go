package provider

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// cannotSend is a request that cannot be made, for a reason that the operator or the rule's author can mend. It holds no
// value of any template.
type cannotSend struct{ why string }

// Error implements error.
func (e *cannotSend) Error() string { return e.why }

// scope are the values that templates may name.
type scope struct {
	finding scanner.Finding
	// facts are captured values; secret are those that are themselves secret.
	facts  map[string]string
	secret map[string]scanner.Secret
	// since and until bound a review, in RFC 3339.
	since, until string
	// control says that a signed token is to be one that the issuer must refuse.
	control bool
}

func newScope(f scanner.Finding) *scope {
	return &scope{finding: f, facts: map[string]string{}, secret: map[string]scanner.Secret{}}
}

// place is where in a request a value stands.
type place string

const (
	inURL    place = "url"
	inHeader place = "header"
	inBody   place = "body"
)

// kind is where a value comes from.
type kind string

const (
	fromKey      kind = "key"      // a part of the leaked key
	fromCapture  kind = "capture"  // told by the issuer
	fromOperator kind = "operator" // the operator's credential
	fromReview   kind = "review"   // a time
)

// use is one value that a request was rendered with.
type use struct {
	name  string
	kind  kind
	place place
}

// renderer turns one step into a call.
type renderer struct {
	flow  *flow
	scope *scope
	uses  []use
	// signed is the token that the request carries, where it carries one.
	signed string
	err    error
}

// render returns the call of a step and the values it was made with. Its errors are *cannotSend.
func (f *flow) render(step *rules.Step, sc *scope) (call, []use, error) {
	r := &renderer{flow: f, scope: sc}
	method, target := step.Request()
	q := call{
		method: method, origins: f.origins, key: sc.finding.ID, header: http.Header{},
		limits: slices.Concat(f.limits, documented(step)),
	}
	if step.JWT != nil {
		r.signed = r.assert(step.JWT)
	}
	q.url = r.url(target, view{r.value(inURL), func(v string, escape func(string) string) string { return escape(v) }})
	q.shown = r.scrubbed(r.url(target, view{r.masked, unlessMask}))
	r.headers(step, &q)
	r.body(step, &q)
	if step.Sign != nil {
		r.sign(step.Sign, &q)
	}
	if r.mixes() {
		r.fail("the rule puts an operator's credential and the leaked key in one request")
	}
	return q, r.uses, r.err
}

// fail keeps the first reason why the request cannot be made.
func (r *renderer) fail(why string) {
	if r.err == nil {
		r.err = &cannotSend{why}
	}
}

// mixes says whether the request would show the operator's credential together with the leaked key.
func (r *renderer) mixes() bool {
	from := func(k kind) bool { return slices.ContainsFunc(r.uses, func(u use) bool { return u.kind == k }) }
	return from(fromOperator) && from(fromKey)
}

// value looks names up for one place of the request, and remembers what was used.
func (r *renderer) value(at place) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, from := r.lookup(name)
		if value == "" {
			r.fail(r.missing(name))
			return "", false
		}
		r.uses = append(r.uses, use{name, from, at})
		return value, true
	}
}

// lookup returns the value of a name and where it comes from.
func (r *renderer) lookup(name string) (string, kind) {
	if operator, ok := strings.CutPrefix(name, "operator."); ok {
		return r.flow.operator[operator].Reveal(), fromOperator
	}
	if name == signedName {
		return r.signed, fromKey
	}
	if part, ok := r.scope.finding.Parts[name]; ok {
		return part.Reveal(), fromKey
	}
	if secret, ok := r.scope.secret[name]; ok {
		return secret.Reveal(), fromCapture
	}
	switch name {
	case "since":
		return r.scope.since, fromReview
	case "until":
		return r.scope.until, fromReview
	}
	return r.scope.facts[name], fromCapture
}

// missing says what to do about a name without a value.
func (r *renderer) missing(name string) string {
	if operator, ok := strings.CutPrefix(name, "operator."); ok {
		return "no credential of yours is configured for " + operator + ": set providers." + operator + ".credential"
	}
	if _, near := r.flow.rule.Near[name]; near || name == "token" {
		return "the key's part " + name + " was not found beside it"
	}
	return "the issuer did not tell " + name
}

// masked is the lookup for what is recorded: captured facts and times as they are, {{name}} for all else.
func (r *renderer) masked(name string) (string, bool) {
	_, part := r.scope.finding.Parts[name]
	_, secret := r.scope.secret[name]
	if value, from := r.lookup(name); !part && name != signedName && !secret && from != fromOperator && value != "" {
		return value, true
	}
	return mask(name), true
}

func mask(name string) string { return "{{" + name + "}}" }

// scrubbed is a recorded URL in which no part of the key stands, whatever the issuer told or the template says.
func (r *renderer) scrubbed(shown string) string {
	for name, part := range r.scope.finding.Parts {
		if part.Len() >= leastPart {
			shown = strings.ReplaceAll(shown, part.Reveal(), mask(name))
		}
	}
	return shown
}

// view is one of the two readings of a URL template: as it is sent and as it is recorded.
type view struct {
	value  func(name string) (string, bool)
	escape func(value string, escape func(string) string) string
}

// url renders a URL. Scheme and host are the template's own or the base's: no value reaches them.
func (r *renderer) url(template string, as view) string {
	root, rest := splitOrigin(template)
	if after, ok := strings.CutPrefix(template, mask("base")); ok {
		if root, rest = r.flow.base, after; root == "" {
			r.fail("no base URL configured for " + r.flow.rule.Provider + ": set providers." + r.flow.rule.Provider + ".base_url")
		}
	}
	if strings.Contains(root, "{{") {
		r.fail("the rule takes the host of its request from a value")
	}
	path, query, asks := strings.Cut(rest, "?")
	rendered := root + r.expand(path, as.value, func(v string) string { return as.escape(v, r.segment) })
	if asks {
		rendered += "?" + r.expand(query, as.value, func(v string) string { return as.escape(v, url.QueryEscape) })
	}
	return rendered
}

// unlessMask leaves {{name}} readable in a recorded URL.
func unlessMask(v string, escape func(string) string) string {
	if strings.HasPrefix(v, "{{") {
		return v
	}
	return escape(v)
}

// splitOrigin splits a URL template after its host.
func splitOrigin(template string) (root, rest string) {
	scheme, after, _ := strings.Cut(template, "://")
	if i := strings.IndexAny(after, "/?"); i >= 0 {
		return scheme + "://" + after[:i], after[i:]
	}
	return template, ""
}

// expand fills in one template; "" after a failure.
func (r *renderer) expand(template string, value func(string) (string, bool), escape func(string) string) string {
	text, err := rules.Expand(template, value, escape)
	if err != nil {
		r.fail("a template of the rule cannot be filled in")
	}
	return text
}

// segment escapes a value for a URL's path. A value that is a dot segment would change the path.
func (r *renderer) segment(v string) string {
	if v == "." || v == ".." {
		r.fail("a value would change the path of the request")
	}
	return url.PathEscape(v)
}

// plain escapes nothing.
func plain(v string) string { return v }

// headers renders the headers, HTTP Basic and what HTTP Digest will want.
func (r *renderer) headers(step *rules.Step, q *call) {
	for _, name := range slices.Sorted(maps.Keys(step.Header)) {
		q.header.Set(name, r.expand(step.Header[name], r.value(inHeader), r.headerValue))
	}
	if user, password, ok := r.pair(step.Basic); ok {
		if strings.Contains(user, ":") {
			r.fail("a user name with a colon cannot be sent by HTTP Basic (RFC 7617)")
		}
		q.header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
	if user, password, ok := r.pair(step.Digest); ok {
		if strings.ContainsAny(user, `:"\`) {
			r.fail("a user name with a colon, quote or backslash cannot be sent by HTTP Digest (RFC 7616)")
		}
		q.digest = &digestKey{r.headerValue(user), password}
	}
}

// pair renders user:password; ok is false where there is none.
func (r *renderer) pair(template string) (user, password string, ok bool) {
	if template == "" {
		return "", "", false
	}
	user, password, _ = strings.Cut(template, ":")
	return r.expand(user, r.value(inHeader), plain), r.expand(password, r.value(inHeader), plain), true
}

// headerValue lets through what may stand in a header.
func (r *renderer) headerValue(v string) string {
	if strings.ContainsFunc(v, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		r.fail("a value has control characters and cannot stand in a header")
	}
	return v
}

// body renders the body and its content type.
func (r *renderer) body(step *rules.Step, q *call) {
	switch {
	case step.JSON != "":
		q.body = []byte(r.expand(step.JSON, r.value(inBody), r.jsonString))
		setDefault(q.header, "Content-Type", "application/json")
	case step.Form != nil:
		form := url.Values{}
		for name, template := range step.Form {
			form.Set(name, r.expand(template, r.value(inBody), plain))
		}
		q.body = []byte(form.Encode())
		setDefault(q.header, "Content-Type", "application/x-www-form-urlencoded")
	case step.Body != "":
		q.body = []byte(r.expand(step.Body, r.value(inBody), plain))
	}
}

func setDefault(h http.Header, name, value string) {
	if h.Get(name) == "" {
		h.Set(name, value)
	}
}

// jsonString escapes a value for the inside of a JSON string.
func (r *renderer) jsonString(v string) string {
	quoted, err := json.Marshal(v)
	if err != nil || !utf8.ValidString(v) {
		r.fail("a value is not UTF-8 and cannot stand in JSON")
		return ""
	}
	return string(quoted[1 : len(quoted)-1])
}
