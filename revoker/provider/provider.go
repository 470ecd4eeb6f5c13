package provider

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// Options are the operator's configuration of issuers.
type Options struct {
	// Rules are the kinds of key and their flows. Required.
	Rules *rules.Set
	// Clock is the time. nil: the machine's.
	Clock revoker.Clock
	// Base is the base URL of self-hosted issuers by provider: https, or http where the host is an IP address in
	// AllowAddrs. It may have a path; user info, query and fragment are refused.
	Base map[string]string
	// AllowAddrs are networks that are not public and may be dialled all the same. None: public addresses only. Under
	// Simulate it is loopback, and nothing else is dialled.
	AllowAddrs []netip.Prefix
	// Logins are the servers that a login may be tried at. The zero value allows none.
	Logins LoginOptions
	// Operator are the operator's own credentials by name: {{operator.NAME}} in rule files.
	Operator map[string]scanner.Secret
	// Kill is asked before every request; an error stops it. nil: no switch.
	Kill revoker.KillSwitch
	// UserAgent is sent with every request. Empty: "quash".
	UserAgent string
	// Timeout bounds one try of a request. 0: 15 s.
	Timeout time.Duration
	// Simulate replaces all issuers by simulated ones on loopback.
	Simulate *Simulation
	// Agiled and GitHub are what those providers want to know beyond that.
	Agiled AgiledOptions
	GitHub GitHubOptions
}

// Registry knows what can be done about each kind of key. It is safe for concurrent use.
type Registry struct {
	options Options
	client  *client
	// bases are the operator's base URLs without a trailing slash.
	bases  map[string]string
	agiled *agiled
	logins *logins
}

// special are the providers that are Go code, by provider; filled by the register lines of their files.
var special = map[string]func(*Registry, *rules.Rule) revoker.Provider{}

// register adds a provider that HTTP steps are not enough for.
func register(name string, build func(*Registry, *rules.Rule) revoker.Provider) struct{} {
	special[name] = build
	return struct{}{}
}

// New makes a registry. It opens no connection. Its errors name the setting that is wrong.
func New(o Options) (*Registry, error) {
	if o.Rules == nil {
		return nil, errors.New("providers: no rules were given")
	}
	if o.Simulate != nil {
		o.AllowAddrs = loopback
	}
	bases := make(map[string]string, len(o.Base))
	for name, base := range o.Base {
		clean, err := checkBase(base, o.AllowAddrs)
		if err != nil {
			return nil, fmt.Errorf("providers.%s.base_url: %w", name, err)
		}
		bases[name] = clean
	}
	if o.Clock == nil {
		o.Clock = revoker.SystemClock{}
	}
	c := newClient(o)
	agiled, err := newAgiled(o.Agiled, o.AllowAddrs, c)
	if err != nil {
		return nil, err
	}
	logins, err := newLogins(o, c)
	if err != nil {
		return nil, err
	}
	return &Registry{options: o, client: c, bases: bases, agiled: agiled, logins: logins}, nil
}

// Provider returns what can be done about a kind of key; a nil field cannot be done. The zero Provider is returned for a
// rule that is not known.
func (r *Registry) Provider(ruleID string) revoker.Provider {
	rule, ok := r.options.Rules.Rule(ruleID)
	if !ok {
		return revoker.Provider{}
	}
	if build, ok := special[rule.Provider]; ok {
		return guarded(build(r, rule), rule)
	}
	return guarded(r.flows(rule), rule)
}

// base returns the base URL of a provider: the operator's, else the rule file's, else "".
func (r *Registry) base(rule *rules.Rule) string {
	return cmp.Or(r.bases[rule.Provider], rule.File().Base)
}

// regions are the further bases of a provider, where the operator names none.
func (r *Registry) regions(rule *rules.Rule) []string {
	if r.bases[rule.Provider] != "" {
		return nil
	}
	return rule.File().Regions
}

// origins are where requests of the rule may go: the hosts of its file, the base and the regions.
func (r *Registry) origins(rule *rules.Rule) []string {
	var list []string
	for _, host := range rule.File().Hosts {
		list = append(list, "https://"+host)
	}
	for _, base := range append([]string{r.base(rule)}, r.regions(rule)...) {
		if u, err := url.Parse(base); err == nil && u.Host != "" {
			list = append(list, origin(u))
		}
	}
	return list
}

// checkBase returns a base URL without its trailing slash, or says what is wrong with it. The URL itself is not quoted: it
// may hold a credential.
func checkBase(base string, allow []netip.Prefix) (string, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return "", errors.New(`not a URL; write it like "https://git.example.com"`)
	case u.User != nil:
		return "", errors.New("it holds user info; credentials go under operator")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return "", errors.New("it holds a query or fragment; leave them out")
	case u.Host != strings.ToLower(u.Host) || strings.ContainsFunc(u.Host, func(c rune) bool { return c > 126 || c <= ' ' }):
		return "", errors.New("its host is not lower-case ASCII; write an international name in its xn-- form")
	case u.Scheme != "https" && u.Scheme != "http":
		return "", fmt.Errorf("its scheme is %q; use https", u.Scheme)
	}
	if at, err := netip.ParseAddr(u.Hostname()); u.Scheme == "http" && (err != nil || !within(at, allow)) {
		return "", errors.New("plain http; use https, or an IP address in a network that network.allow names")
	}
	return origin(u) + strings.TrimRight(u.EscapedPath(), "/"), nil
}
