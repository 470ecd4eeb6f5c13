package rules

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// signedName is the name of a signed token in the templates of its request.
const signedName = "jwt"

// assertionAlgs are the ways in which a token can be signed.
var assertionAlgs = []string{"RS256", "ES256", "HS256"}

// templates lists the templated texts of a token. What it says and what signs it stand in the request's header, or as good as.
func (a *Assertion) templates() []template {
	list := []template{{at{signedName, "key"}, a.Key, inHeader}}
	for _, f := range []struct {
		name   string
		fields map[string]string
	}{{"header", a.Header}, {"claims", a.Claims}} {
		for _, name := range slices.Sorted(maps.Keys(f.fields)) {
			list = append(list, template{at{signedName, f.name, name}, f.fields[name], inHeader})
		}
	}
	return list
}

// assertion refuses a token that cannot be signed, or is not sent.
func (c *stepChecker) assertion() {
	a, used := c.step.JWT, slices.Contains(c.step.uses(inURL, inHeader, inBody), signedName)
	switch {
	case a == nil:
		return
	case !slices.Contains(assertionAlgs, a.Alg):
		c.addf(at{signedName, "alg"}, "alg %q: it is %s", a.Alg, strings.Join(assertionAlgs, ", "))
	case a.Hex && a.Alg != "HS256":
		c.addf(at{signedName, "hex"}, "hex is of the secret of HS256")
	case !slices.ContainsFunc(TemplateNames(a.Key), func(name string) bool { return c.origin(name) == fromKey }):
		c.addf(at{signedName, "key"}, "the token is not signed with a part of the key; the reply says nothing of it")
	case !used:
		c.addf(at{signedName}, "the request does not carry {{jwt}}")
	}
}

// templates lists the templated texts of a login.
func (l *Login) templates() []template {
	var list []template
	for _, f := range []struct{ name, text string }{
		{"scheme", l.Scheme},
		{"host", l.Host},
		{"port", l.Port},
		{"user", l.User},
		{"password", l.Password},
		{"database", l.Database},
		{"options", l.Options},
	} {
		list = append(list, template{at{"login", f.name}, f.text, inBody})
	}
	return list
}

// login checks a login, which has nothing of a request: what a server answers is read by the protocol.
func (c *stepChecker) login() {
	rest := *c.step
	rest.Login = nil
	switch {
	case c.kind != verifyFlow || len(c.flow) != 1:
		c.addf(at{"login"}, "a login is the only step of a verify")
	case !reflect.ValueOf(rest).IsZero():
		c.addf(at{"login"}, "a step with a login has nothing else: its answers are read by the protocol")
	case c.step.Login.Scheme == "" || c.step.Login.Host == "":
		c.addf(at{"login"}, "a login needs a scheme and a host")
	case !slices.Contains(TemplateNames(c.step.Login.Password), "token"):
		c.addf(at{"login", "password"}, "the login does not show {{token}}; its answer says nothing of the key")
	case c.rule.Trace == "":
		c.addf(at{"login"}, "the rule does not say in trace what a login leaves at the server")
	}
	c.names()
	for _, name := range c.usesFrom(fromOperator, inBody) {
		c.addf(at{"login"}, "{{%s}}: a login shows the leaked key alone", name)
	}
}
