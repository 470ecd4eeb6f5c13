package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// AgiledEndpoint is a request of the operator's own that revokes a key: an internal service, not a part of Agiled's API.
// It is sent with an Idempotency-Key, so that an order that is repeated is one order.
//
// URL, header values and body are templates. {{id}} is the finding ID, {{key_name}} the key's name from the inventory,
// {{key_id}} what Agiled tells as token_id, {{organization}} and {{organization_id}} what it tells of the organization,
// {{credential}} (headers only) the credential. {{token}} (body only) is the leaked key itself, for services that know keys
// by nothing else; it is sent only where the operator writes it.
type AgiledEndpoint struct {
	// Method is POST where it is empty.
	Method string
	// URL is https, or http where the host is an IP address in Options.AllowAddrs. Its host holds no template. It is recorded
	// as it is sent, so it is no place for a credential.
	URL string
	// Header are the request's headers. Where none uses {{credential}}, "Authorization: Bearer {{credential}}" is added.
	Header map[string]string
	// Credential is the operator's.
	Credential scanner.Secret
	// Body is a JSON text, or empty.
	Body string
	// Success are the status codes that say that the order was taken. Empty: 200, 202 and 204.
	Success []int
}

func (e AgiledEndpoint) method() string {
	if e.Method == "" {
		return http.MethodPost
	}
	return strings.ToUpper(e.Method)
}

// headers are the header templates with the credential in one of them.
func (e AgiledEndpoint) headers() map[string]string {
	h := map[string]string{}
	maps.Copy(h, e.Header)
	if !slices.ContainsFunc(slices.Collect(maps.Values(h)), func(t string) bool { return strings.Contains(t, mask("credential")) }) {
		h["Authorization"] = "Bearer " + mask("credential")
	}
	return h
}

// names are the template names of the URL, all headers, and the body.
func (e AgiledEndpoint) names() (inTarget, inHeaders, inText []string) {
	for _, t := range e.headers() {
		inHeaders = append(inHeaders, rules.TemplateNames(t)...)
	}
	return rules.TemplateNames(e.URL), inHeaders, rules.TemplateNames(e.Body)
}

// check says what is wrong with the configuration.
func (e AgiledEndpoint) check(allow []netip.Prefix) error {
	root, _ := splitOrigin(e.URL)
	if strings.Contains(root, "{{") {
		return errors.New(".endpoint.url: its host is taken from a template; write the host out")
	}
	if _, err := checkBase(root, allow); err != nil {
		return fmt.Errorf(".endpoint.url: %w", err)
	}
	if e.Credential.Len() == 0 {
		return errors.New(".endpoint.credential: missing; an endpoint that asks for none would let anybody revoke keys")
	}
	if !slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, e.method()) {
		return fmt.Errorf(".endpoint.method: %q cannot revoke; use POST, PUT, PATCH or DELETE", e.Method)
	}
	if err := e.trial(); err != nil {
		return err
	}
	if e.bind() == "" {
		return errors.New(".endpoint: neither url nor body says which key is meant; use {{key_name}}, {{key_id}} or {{id}}")
	}
	return nil
}

// trial refuses templates that cannot be filled in, and values in places where they may not stand.
func (e AgiledEndpoint) trial() error {
	target, headers, text := e.names()
	order := agiledOrder{}
	for setting, names := range map[string][]string{"url": target, "header": headers, "body": text} {
		for _, name := range names {
			_, known := e.value(order, name)
			if !known || name == "credential" && setting != "header" || name == "token" && setting != "body" {
				return fmt.Errorf(".endpoint.%s: {{%s}} may not stand here", setting, name)
			}
		}
	}
	for setting, t := range map[string]string{"url": e.URL, "body": e.Body} {
		if _, err := rules.Expand(t, func(string) (string, bool) { return "1", true }, plain); err != nil {
			return fmt.Errorf(".endpoint.%s: %w", setting, err)
		}
	}
	body, _ := rules.Expand(e.Body, func(string) (string, bool) { return "1", true }, plain)
	if e.Body != "" && !json.Valid([]byte(body)) {
		return errors.New(".endpoint.body: not JSON once it is filled in")
	}
	return nil
}

// bind says by what the endpoint knows the key.
func (e AgiledEndpoint) bind() rules.Bind {
	target, headers, text := e.names()
	names := slices.Concat(target, headers, text)
	switch {
	case slices.Contains(names, "token"):
		return rules.BindValue
	case slices.Contains(names, "key_id"):
		return rules.BindEchoed
	case slices.Contains(names, "key_name"), slices.Contains(names, "id"):
		return rules.BindMatched
	}
	return ""
}

// value is what a name of a template stands for; false when there is no such name.
func (e AgiledEndpoint) value(o agiledOrder, name string) (string, bool) {
	switch name {
	case "id":
		return string(o.finding.ID), true
	case "key_name":
		return o.keyName(), true
	case "key_id":
		return o.verdict.Facts["key_id"], true
	case "organization":
		return o.organization(), true
	case "organization_id":
		return o.verdict.Facts["owner_id"], true
	case "credential":
		return e.Credential.Reveal(), true
	case "token":
		return o.finding.Token().Reveal(), true
	}
	return "", false
}

// callEndpoint is the way through the operator's endpoint.
func (a *agiledRevoker) callEndpoint(ctx context.Context, o agiledOrder) (revoker.Receipt, error) {
	e := a.o.Revoke.Endpoint
	if e.Credential.Equal(o.finding.Token()) {
		return revoker.Receipt{}, refuse("the endpoint's credential is the leaked key itself; give the endpoint another one")
	}
	q, err := e.call(o)
	if err != nil {
		return revoker.Receipt{}, err
	}
	got, err := a.client.do(ctx, q)
	if err != nil {
		return revoker.Receipt{}, unsent("revoke endpoint", err)
	}
	success := e.Success
	if len(success) == 0 {
		success = []int{http.StatusOK, http.StatusAccepted, http.StatusNoContent}
	}
	if !slices.Contains(success, got.Status) {
		return revoker.Receipt{}, fmt.Errorf("revoke endpoint: answered %d, which is not among its success codes; whether the key was revoked is not known",
			got.Status)
	}
	return revoker.Receipt{State: revoker.Requested, Action: agiledEndpoint, At: got.exchange.At, Exchange: &got.exchange}, nil
}

// call fills in the templates. Its error is a *revoker.Refusal that names what is missing.
func (e AgiledEndpoint) call(o agiledOrder) (call, error) {
	missing := ""
	value := func(name string) (string, bool) {
		v, _ := e.value(o, name)
		if v == "" {
			missing = name
		}
		return v, v != ""
	}
	root, rest := splitOrigin(e.URL)
	path, query, asks := strings.Cut(rest, "?")
	target := root + fill(path, value, url.PathEscape)
	if asks {
		target += "?" + fill(query, value, url.QueryEscape)
	}
	q := call{
		method: e.method(), url: target, shown: target, header: http.Header{}, body: []byte(fill(e.Body, value, inJSON)),
		origins: []string{root}, key: o.finding.ID, limits: agiledWrite(),
	}
	if e.Body != "" {
		q.header.Set("Content-Type", "application/json")
	}
	for name, t := range e.headers() {
		q.header.Set(name, fill(t, value, oneLine))
	}
	q.header.Set("Idempotency-Key", string(o.finding.ID)+"-revoke")
	if missing == "key_name" {
		return call{}, refuse("the endpoint wants the key's name, and the inventory has none: quash keys add")
	}
	if missing != "" {
		return call{}, refuse("the endpoint wants " + missing + ", and Agiled did not tell it")
	}
	return q, nil
}

// fill fills in a template that was checked; "" where a value is missing, which the lookup has noted.
func fill(template string, value func(string) (string, bool), escape func(string) string) string {
	text, err := rules.Expand(template, value, escape)
	if err != nil {
		return ""
	}
	return text
}

// inJSON escapes a value for the inside of a JSON string.
func inJSON(v string) string {
	quoted, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(quoted[1 : len(quoted)-1])
}

// oneLine takes control characters out of a value for a header.
func oneLine(v string) string { return normal("", v) }
