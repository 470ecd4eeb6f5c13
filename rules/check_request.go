package rules

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// template is one templated text of a request.
type template struct {
	at   at
	text string
	// place is where it stands.
	place place
}

// place is a part of a request.
type place int

const (
	inURL place = iota
	inHeader
	inBody
)

// templates lists the templated texts of a request.
func (s *Step) templates() []template {
	method, url := s.Request()
	list := []template{
		{at{strings.ToLower(method)}, url, inURL},
		{at{"basic"}, s.Basic, inHeader},
		{at{"json"}, s.JSON, inBody},
		{at{"body"}, s.Body, inBody},
	}
	if s.Sign != nil {
		list = append(list,
			template{at{"sign", "id"}, s.Sign.ID, inHeader},
			template{at{"sign", "secret"}, s.Sign.Secret, inHeader},
			template{at{"sign", "session"}, s.Sign.Session, inHeader})
	}
	list = append(list, template{at{"digest"}, s.Digest, inHeader})
	if s.JWT != nil {
		list = append(list, s.JWT.templates()...)
	}
	if s.Login != nil {
		list = append(list, s.Login.templates()...)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Header)) {
		list = append(list, template{at{"header", name}, s.Header[name], inHeader})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Form)) {
		list = append(list, template{at{"form", name}, s.Form[name], inBody})
	}
	return list
}

// uses lists the names that the request uses at some places, sorted.
func (s *Step) uses(places ...place) []string {
	var names []string
	for _, t := range s.templates() {
		if slices.Contains(places, t.place) {
			names = append(names, TemplateNames(t.text)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// The forms of URLs and headers.
var (
	urlForm      = form(`^https://([^/?#]*)([/?].*)?$`)
	baseURL      = form(`^\{\{base\}\}([/?].*)?$`)
	headerForm   = form("^[0-9A-Za-z!#$%&'*+.^_`|~-]+$")
	operatorForm = form(`^operator\.[a-z][a-z0-9_-]*$`)
	batchForm    = form(`^([A-Za-z_][A-Za-z0-9_]*):([1-9][0-9]{0,5})$`)
)

// forbiddenHeaders decide where a request goes or how it is framed; the client sets them.
var forbiddenHeaders = []string{"host", "content-length", "transfer-encoding", "connection"}

// request checks what is sent and where to. It reports whether there is a request to look at further.
func (c *stepChecker) request() bool {
	methods := 0
	for _, url := range []string{c.step.Get, c.step.Head, c.step.Post, c.step.Put, c.step.Patch, c.step.Delete} {
		if url != "" {
			methods++
		}
	}
	if methods != 1 {
		c.addf(nil, "the step has %d methods; a request has exactly one of get, head, post, put, patch, delete", methods)
		return false
	}
	method, url := c.step.Request()
	c.url(at{strings.ToLower(method)}, url)
	if changes := method != "GET" && method != "HEAD" && method != "POST"; changes && !(c.kind == revokeFlow && c.step.acts()) {
		c.addf(at{strings.ToLower(method)}, "a step that does not revoke changes nothing at the issuer; it is a get, head or post")
	}
	c.bodies()
	c.headers()
	c.signature()
	c.assertion()
	c.names()
	return true
}

// url refuses every request that could carry a key elsewhere than to the file's hosts.
func (c *stepChecker) url(where at, url string) {
	if baseURL().MatchString(url) {
		return
	}
	m := urlForm().FindStringSubmatch(url)
	if m == nil {
		c.addf(where, "%s goes to %q, which is not https://HOST/… or {{base}}/…; a key is sent over https only", c.kind, url)
		return
	}
	switch host := m[1]; {
	case strings.Contains(host, "{{"):
		c.addf(where, "%s goes to %q: a host is never taken from scanned text or a reply; for a self-hosted service begin with {{base}}",
			c.kind, host)
	case !slices.Contains(c.file.Hosts, host) && host != c.file.baseHost():
		c.addf(where, "%s goes to %q, which is not under hosts; add it to hosts if the issuer documents it", c.kind, host)
	}
}

func (c *stepChecker) bodies() {
	bodies := 0
	for _, set := range []bool{c.step.JSON != "", len(c.step.Form) > 0, c.step.Body != ""} {
		if set {
			bodies++
		}
	}
	if bodies > 1 {
		c.addf(nil, "the step has %d bodies; at most one of json, form and body is set", bodies)
	}
	if c.step.JSON != "" {
		c.jsonBody()
	}
	if c.step.Batch != "" && c.step.JSON == "" {
		c.addf(at{"batch"}, "batch names an array of the json body, and there is none")
	}
}

// jsonBody checks that the body is JSON once its templates are filled, and that batch names an array of it.
func (c *stepChecker) jsonBody() {
	filled, err := Expand(c.step.JSON, func(string) (string, bool) { return "x", true }, verbatim)
	var doc any
	if err == nil {
		err = json.Unmarshal([]byte(filled), &doc)
	}
	if err != nil {
		c.addf(at{"json"}, "the json body is not JSON: %v", err)
		return
	}
	if c.step.Batch == "" {
		return
	}
	m := batchForm().FindStringSubmatch(c.step.Batch)
	if m == nil {
		c.addf(at{"batch"}, "batch %q: it is written field:limit", c.step.Batch)
		return
	}
	object, _ := doc.(map[string]any)
	if list, ok := object[m[1]].([]any); !ok || len(list) != 1 {
		c.addf(at{"batch"}, "batch %q: the json body has no array %q with one item", c.step.Batch, m[1])
	}
}

// BatchOf reads a step's batch: the field of the JSON body that takes many keys and how many. ok is false for a step that
// takes one key at a time.
func (s *Step) BatchOf() (field string, limit int, ok bool) {
	m := batchForm().FindStringSubmatch(s.Batch)
	if m == nil {
		return "", 0, false
	}
	limit, err := strconv.Atoi(m[2])
	return m[1], limit, err == nil
}

func (c *stepChecker) headers() {
	for _, name := range slices.Sorted(maps.Keys(c.step.Header)) {
		if !headerForm().MatchString(name) {
			c.addf(at{"header", name}, "header %q is no header's name", name)
		}
		if slices.Contains(forbiddenHeaders, strings.ToLower(name)) {
			c.addf(at{"header", name}, "header %q is set by the client alone", name)
		}
	}
}

// signature refuses a signature that lacks what it is made of.
func (c *stepChecker) signature() {
	s := c.step.Sign
	ways := 0
	for _, set := range []bool{c.step.Basic != "", c.step.Digest != "", s != nil} {
		if set {
			ways++
		}
	}
	if ways > 1 {
		c.addf(nil, "the step has %d of basic, digest and sign; a request is authenticated in one way", ways)
	}
	if s == nil {
		return
	}
	if s.Service == "" || s.Region == "" || s.ID == "" || s.Secret == "" {
		c.addf(at{"sign"}, "a signature needs service, region, id and secret")
	}
}

// names refuses template names that nothing defines.
func (c *stepChecker) names() {
	for _, t := range c.step.templates() {
		_, err := Expand(t.text, func(name string) (string, bool) {
			return "", c.origin(name) != 0 || name == signedName && c.step.JWT != nil
		}, verbatim)
		if err != nil {
			c.addf(t.at, "%v; known are %s", err, c.knownNames())
		}
	}
}

// origin is where the value of a name comes from, 0 if nothing defines it.
func (c *flowChecker) origin(name string) origin {
	if operatorForm().MatchString(name) {
		return fromOperator
	}
	return c.known[name]
}

func (c *flowChecker) knownNames() string {
	return strings.Join(append(slices.Sorted(maps.Keys(c.known)), "operator.NAME"), ", ")
}

// usesFrom lists the names from an origin that the request uses at some places.
func (c *stepChecker) usesFrom(o origin, places ...place) []string {
	return slices.DeleteFunc(c.step.uses(places...), func(name string) bool { return c.origin(name) != o })
}

// credentials refuses a request in which the wrong credentials meet.
func (c *stepChecker) credentials() {
	operator := c.usesFrom(fromOperator, inURL, inHeader, inBody)
	key := append(c.usesFrom(fromKey, inURL, inHeader, inBody), c.usesFrom(fromSecret, inURL, inHeader, inBody)...)
	if len(operator) > 0 && len(key) > 0 {
		c.addf(nil, "{{%s}} and {{%s}} in one request: the operator's credential never travels with the leaked key",
			operator[0], key[0])
	}
	if leaked := c.usesFrom(fromKey, inURL, inHeader, inBody); c.kind == reviewFlow && len(leaked) > 0 {
		c.addf(nil, "{{%s}} in a review: the key is dead by then; a review uses the operator's credential", leaked[0])
	}
	if c.kind == verifyFlow && c.index == 0 && !slices.Contains(key, "token") && c.step.JWT == nil {
		c.addf(nil, "the first step of a verify does not send {{token}}; its reply says nothing of the key")
	}
}

// selfURL finds the words by which issuers name, in a URL, the credential of the request.
var selfURL = form(`\b(self|current)\b`)

// binding refuses a revoke whose request does not fit what it says of how it hits this key.
func (c *stepChecker) binding() {
	var fault string
	switch c.step.Bind {
	case "":
		return
	case BindValue:
		if !slices.Contains(c.step.uses(inURL, inBody), "token") {
			fault = "the URL or the body must hold {{token}}"
		}
	case BindSelf:
		fault = c.selfFault()
	case BindIDInKey:
		fault = c.idFault("a part of the key", c.idParts())
	case BindEchoed:
		fault = c.idFault("a capture of the verify", slices.DeleteFunc(c.usesFrom(fromReply, inURL, inBody), func(name string) bool {
			return c.early[name] != fromReply
		}))
	case BindMatched:
		fault = c.idFault("a capture", c.usesFrom(fromReply, inURL, inBody))
	default:
		fault = "it is value, self, id-in-key, echoed or matched"
	}
	if fault != "" {
		c.addf(at{"bind"}, "bind %s: %s", c.step.Bind, fault)
	}
}

func (c *stepChecker) selfFault() string {
	if !slices.Contains(c.step.uses(inURL, inHeader, inBody), "token") {
		return "the request must be authenticated with {{token}}"
	}
	_, url := c.step.Request()
	ids := append(c.usesFrom(fromReply, inURL, inBody), c.idParts()...)
	if len(ids) > 0 && !selfURL().MatchString(url) {
		return fmt.Sprintf("the request names {{%s}}; where the issuer takes the request's own credential there is no id", ids[0])
	}
	return ""
}

// idParts lists the parts of the key, other than the key itself, that stand where a request names its object.
func (c *stepChecker) idParts() []string {
	return slices.DeleteFunc(c.usesFrom(fromKey, inURL, inBody), func(name string) bool {
		return name == "token" || name == "body" || name == "sum"
	})
}

// idFault refuses a request without an id of the right origin.
func (c *stepChecker) idFault(what string, ids []string) string {
	if len(ids) == 0 {
		return "the URL or the body must hold the id, " + what
	}
	return ""
}
