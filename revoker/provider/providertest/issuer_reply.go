package providertest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/quash-sh/quash/rules"
)

// told are the values that the issuer tells of its key, from the replies on record.
func (i *Issuer) told() map[string]string {
	told := map[string]string{}
	for _, steps := range []rules.Flow{i.rule.Verify, i.rule.Revoke} {
		for n := range steps {
			if len(steps[n].Capture) > 0 {
				maps.Copy(told, steps[n].Captured(live(&steps[n])))
			}
		}
	}
	return told
}

// live is the reply on record to a request with the live key.
func live(step *rules.Step) rules.Reply {
	return recorded(step, rules.Reply{Status: 200}, "active", "done", "requested")
}

// recorded is the first reply on record with one of the readings, or the given one.
func recorded(step *rules.Step, or rules.Reply, wanted ...string) rules.Reply {
	for _, want := range wanted {
		for _, e := range step.Examples {
			if e.Want == want {
				return e.Reply
			}
		}
	}
	return or
}

// hole is a name in a template.
var hole = regexp.MustCompile(`\{\{[^{}]*\}\}`)

// route prepares a step.
func (i *Issuer) route(flow string, step *rules.Step, told map[string]string) route {
	method, target := step.Request()
	target = strings.Replace(target, "{{base}}", i.Base(), 1)
	_, after, _ := strings.Cut(target, "://")
	host, path, _ := strings.Cut(after, "/")
	path, _, _ = strings.Cut("/"+path, "?")
	r := route{flow: flow, method: method, host: host, step: step}
	var pattern strings.Builder
	for n, literal := range hole.Split(path, -1) {
		if n > 0 {
			pattern.WriteString(`[^/]+`)
		}
		pattern.WriteString(regexp.QuoteMeta(literal))
	}
	r.path = regexp.MustCompile("^" + pattern.String() + "$")
	for _, name := range names(step) {
		if value, ok := i.sample.Parts[name]; ok {
			r.needs = append(r.needs, value)
		} else if name == "token" {
			r.needs = append(r.needs, i.sample.Token)
		} else if value, ok := told[name]; ok {
			r.needs = append(r.needs, value)
		}
	}
	return r
}

// names are the names in a step's templates.
func names(step *rules.Step) []string {
	_, target := step.Request()
	all := []string{target, step.Basic, step.JSON, step.Body}
	all = slices.AppendSeq(all, maps.Values(step.Header))
	all = slices.AppendSeq(all, maps.Values(step.Form))
	return rules.TemplateNames(strings.Join(all, " "))
}

// answer records the request, does what it asks, and returns the reply.
func (i *Issuer) answer(in *Request, u *url.URL) (Fault, rules.Reply) {
	i.mu.Lock()
	defer i.mu.Unlock()
	to := i.find(in)
	in.Mutating = in.Method != http.MethodGet && in.Method != http.MethodHead
	if to != nil && to.step.Digest != "" && !strings.HasPrefix(in.Header.Get("Authorization"), "Digest ") {
		return i.challenge()
	}
	if to != nil {
		in.Flow, in.Key = to.flow, carries(in, u, to.needs) && i.signed(to.step, in, u)
		in.Mutating = in.Mutating && to.flow != "verify"
	}
	i.log = append(i.log, *in)
	fault := i.fault
	if fault.On != nil && !fault.On(*in) {
		fault = Fault{}
	}
	if fault.Reply != nil {
		return fault, *fault.Reply
	}
	return fault, i.act(in, to, fault.AcceptAll)
}

// find returns the route of a request, or nil.
func (i *Issuer) find(in *Request) *route {
	for n := range i.routes {
		r := &i.routes[n]
		if r.method == in.Method && r.host == in.Host && r.path.MatchString(in.Path) {
			return r
		}
	}
	return nil
}

// act does what the request asks and returns the reply on record for it.
func (i *Issuer) act(in *Request, to *route, acceptAll bool) rules.Reply {
	switch {
	case to == nil:
		return rules.Reply{Status: 404, Body: `{"error":"no such endpoint in the simulation"}`}
	case to.flow == "review":
		return recorded(to.step, rules.Reply{Status: 200, Body: "[]"}, firstWant(to.step))
	case !acceptAll && (i.revoked || !in.Key):
		return recorded(to.step, rules.Reply{Status: 401}, "inactive", "failed")
	}
	if to.flow == "revoke" && in.Mutating {
		i.revoked = true
	}
	return live(to.step)
}

// firstWant is the reading of the first reply on record.
func firstWant(step *rules.Step) string {
	if len(step.Examples) == 0 {
		return ""
	}
	return step.Examples[0].Want
}

// carries says whether the request holds every one of the values, in any of the places and encodings that the rule files use.
func carries(in *Request, u *url.URL, values []string) bool {
	seen := []string{u.Path, u.RawQuery, string(in.Body)}
	for _, q := range u.Query() {
		seen = append(seen, q...)
	}
	for _, h := range in.Header {
		seen = append(seen, h...)
	}
	if _, encoded, ok := strings.Cut(in.Header.Get("Authorization"), "Basic "); ok {
		if pair, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			seen = append(seen, string(pair))
		}
	}
	if form, err := url.ParseQuery(string(in.Body)); err == nil {
		for _, f := range form {
			seen = append(seen, f...)
		}
	}
	var doc any
	if json.Unmarshal(in.Body, &doc) == nil {
		seen = append(seen, fmt.Sprint(doc))
	}
	return !slices.ContainsFunc(values, func(v string) bool {
		return !slices.ContainsFunc(seen, func(s string) bool { return strings.Contains(s, v) })
	})
}
