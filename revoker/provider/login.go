package provider

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider/internal/login"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// A login is the check of a key that opens a server whose address stands beside it in the scanned text: a database, by package
// login. Whoever wrote the text chose the address, so that nothing is sent there, and its name is not even looked up, before the
// operator's configuration names it (login_hosts.go). A login is made once and never repeated; an accepted one is followed by one
// with another password, which the server must refuse.

// loginPace is how often any one server is asked, for the sake of those that lock an account after a few failures.
var loginPace = sharedQuota("login", 20, time.Minute)

// loginVerifier is the Verifier of rules whose verify is a login.
type loginVerifier struct {
	logins *logins
	rule   *rules.Rule
	step   *rules.Login
}

// Verify implements [revoker.Verifier].
func (l *loginVerifier) Verify(ctx context.Context, f scanner.Finding) (revoker.Verdict, error) {
	v, _, err := l.present(ctx, f)
	if err != nil || v.Validity != revoker.Active {
		return v, err
	}
	altered, how, ok := l.control(f)
	if !ok {
		return doubt(v, "; no control is possible: the key has no character that can be changed"), nil
	}
	c, answer, err := l.present(ctx, altered)
	v.Control = c.Proof
	switch {
	case err != nil:
		return doubt(v, "; the control was stopped"), err
	case c.Validity == revoker.Active:
		return doubt(v, "; the server accepts another key too: the check proves nothing"), nil
	case answer.Result != login.Refused:
		v.RetryAfter = c.RetryAfter
		return doubt(v, "; the control with another key got no clear answer: "+c.Reason), nil
	}
	v.Reason += "; " + how + " it " + c.Reason
	return v, nil
}

// control returns a finding that the server must refuse, and in words what is another in it.
func (l *loginVerifier) control(f scanner.Finding) (altered scanner.Finding, how string, ok bool) {
	if l.step.Scheme == mutualScheme {
		altered, err := stranger(f, l.logins.client.clock.Now())
		return altered, "with a certificate that nobody issued", err == nil
	}
	value, ok := alter(f.Token().Reveal(), l.rule.Prefix())
	f.Parts = maps.Clone(f.Parts)
	f.Parts["token"] = scanner.NewSecret(value)
	return f, "with one character changed", ok
}

// present logs in once. A refusal that the right password of an account elsewhere would get says nothing by itself.
func (l *loginVerifier) present(ctx context.Context, f scanner.Finding) (revoker.Verdict, login.Answer, error) {
	v := revoker.Verdict{Validity: revoker.Unknown}
	to, why := l.target(f)
	if why == "" {
		why = l.logins.refusal(to.host)
	}
	if why != "" {
		v.Reason = scrub(why, f)
		return v, login.Answer{}, nil
	}
	answer, failed := l.logins.try(ctx, to, f.ID)
	v.At = l.logins.client.clock.Now()
	v.Proof = &revoker.Exchange{Method: "LOGIN", URL: scrub(to.origin(), f), At: v.At}
	if failed != nil {
		failed.Method, failed.Host = "LOGIN", scrub(to.origin(), f)
		v.Reason, v.RetryAfter, v.Proof.Err = failed.Error(), failed.hold, failed.Cause
		return v, login.Answer{}, mendable(failed)
	}
	v.Reason = answer.Why
	switch {
	case answer.Result == login.Accepted:
		v.Validity = revoker.Active
	case answer.Result == login.Refused && !answer.Elsewhere:
		v.Validity = revoker.Inactive
	}
	if v.Validity != revoker.Unknown && !answer.Trusted {
		v.Reason += ", over a connection that nobody vouches for"
	}
	return v, answer, nil
}

// target reads the address from the parts of the key.
func (l *loginVerifier) target(f scanner.Finding) (target, string) {
	fill := func(template string) string {
		text, err := rules.Expand(template, func(name string) (string, bool) { return f.Parts[name].Reveal(), true }, plain)
		if err != nil {
			return ""
		}
		return text
	}
	return readTarget(rules.Login{
		Scheme: fill(l.step.Scheme), Host: fill(l.step.Host), Port: fill(l.step.Port), User: fill(l.step.User),
		Password: fill(l.step.Password), Database: fill(l.step.Database), Options: fill(l.step.Options),
	})
}

// scrub takes the password out of a text that is recorded.
func scrub(text string, f scanner.Finding) string {
	if token := f.Token(); token.Len() > 0 {
		return strings.ReplaceAll(text, token.Reveal(), mask("token"))
	}
	return text
}

// logins is what the login verifiers of a registry share.
type logins struct {
	client *client
	hosts  hostList
	plain  hostList
	sim    *Simulation
	dialer *net.Dialer
}

// newLogins checks the options.
func newLogins(o Options, c *client) (*logins, error) {
	hosts, err := readHosts("network.logins", o.Logins.Hosts)
	if err != nil {
		return nil, err
	}
	plain, err := readHosts("network.plain_logins", o.Logins.Plain)
	if err != nil {
		return nil, err
	}
	allow := append(append([]netip.Prefix{}, o.AllowAddrs...), hosts.networks...)
	return &logins{
		client: c, hosts: hosts, plain: plain, sim: o.Simulate,
		dialer: &net.Dialer{Timeout: dialTimeout, Control: guard(allow).Safe, Resolver: o.Logins.Resolver},
	}, nil
}

// refusal says why no login is tried at a host; "" where one is.
func (l *logins) refusal(host string) string {
	if l.hosts.has(host) {
		return ""
	}
	return "no login is tried at " + host + ", which only the scanned text names: add it to network.logins if it is yours"
}

// try logs in once, if nothing is against it.
func (l *logins) try(ctx context.Context, to target, key scanner.ID) (login.Answer, *callError) {
	q := call{key: key, limits: []limit{loginPace}}
	if failed := l.client.limiter.wait(ctx, to.origin(), q, defaultWait); failed != nil {
		return login.Answer{}, failed
	}
	if err := l.client.kill(ctx); err != nil {
		return login.Answer{}, &callError{Cause: "the kill switch stops it: " + err.Error(), is: revoker.ErrStopped}
	}
	within, cancel := context.WithTimeout(ctx, l.client.timeout)
	defer cancel()
	answer, err := l.connect(within, to)
	if err != nil {
		var failed *callError
		if errors.As(err, &failed) {
			return answer, failed
		}
		return answer, classify(ctx, err, true)
	}
	return answer, nil
}

// connect dials the server and logs in. The address is checked when it is dialled, after its name was resolved.
func (l *logins) connect(ctx context.Context, to target) (login.Answer, error) {
	if to.srv {
		var err error
		if to, err = l.seed(ctx, to); err != nil {
			return login.Answer{}, err
		}
	}
	if to.scheme == mutualScheme {
		return l.mutual(ctx, to)
	}
	r := to.request
	r.Host, r.Plain = to.host, l.plain.has(to.host)
	if l.sim != nil {
		r.Roots = l.sim.Roots
	}
	conn, err := l.dial()(ctx, "tcp", net.JoinHostPort(to.host, to.port))
	if err != nil {
		return login.Answer{}, err
	}
	answer, err := login.Try(ctx, conn, r)
	answer.Elsewhere = answer.Elsewhere || r.Kind == login.MongoDB && r.Database != "" && !to.source
	return answer, err
}

// dial returns the dialler, under a simulation that of simulated hosts.
func (l *logins) dial() func(context.Context, string, string) (net.Conn, error) {
	if l.sim != nil {
		return l.sim.dial(l.dialer)
	}
	return l.dialer.DialContext
}

// seed finds a server of a mongodb+srv address, and the options that its name has. The servers must be of the name's own domain,
// and of those that the configuration names.
// https://github.com/mongodb/specifications/blob/master/source/initial-dns-seedlist-discovery/initial-dns-seedlist-discovery.md
func (l *logins) seed(ctx context.Context, to target) (target, error) {
	if l.sim != nil {
		return to, errNotSimulated
	}
	resolver := cmp.Or(l.dialer.Resolver, net.DefaultResolver)
	_, servers, err := resolver.LookupSRV(ctx, "mongodb", "tcp", to.host)
	if err != nil {
		return to, err
	}
	texts, _ := resolver.LookupTXT(ctx, to.host) // there need be none
	if len(servers) == 0 {
		return to, &callError{Cause: "the name stands for no server"}
	}
	_, domain, _ := strings.Cut(to.host, ".")
	host := strings.ToLower(strings.TrimSuffix(servers[0].Target, "."))
	if !strings.Contains(domain, ".") || !strings.HasSuffix(host, "."+domain) {
		return to, &callError{Cause: "the name stands for a server of another domain"}
	}
	if why := l.refusal(host); why != "" {
		return to, &callError{Cause: why}
	}
	to.host, to.port, to.srv = host, strconv.Itoa(int(servers[0].Port)), false
	if options, err := url.ParseQuery(strings.Join(texts, "&")); err == nil && !to.source {
		to.source = options.Has("authSource")
		to.request.Database = cmp.Or(options.Get("authSource"), to.request.Database)
	}
	return to, nil
}
