package provider

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/quash-sh/quash/revoker/provider/internal/login"
	"github.com/quash-sh/quash/rules"
)

// target is a server to log in to, and as whom.
type target struct {
	// scheme is the protocol's name, host and port where the server is.
	scheme, host, port string
	// srv says that the host's name stands for servers by its SRV records. source says that its options name the database that
	// keeps the user.
	srv, source bool
	request     login.Request
	// certificate and key are those of a client that is known by them.
	certificate, key string
}

// mutualScheme is that of servers that know their clients by a certificate.
const mutualScheme = "https"

// origin names the server: "postgres://db.acme.example:5432".
func (t target) origin() string { return t.scheme + "://" + net.JoinHostPort(t.host, t.port) }

// protocols are what servers speak, by the scheme of their addresses.
var protocols = map[string]struct {
	kind login.Kind
	port string
	tls  bool
}{
	"postgres":    {login.PostgreSQL, "5432", false},
	"postgresql":  {login.PostgreSQL, "5432", false},
	"cockroachdb": {login.PostgreSQL, "26257", false},
	"mysql":       {login.MySQL, "3306", false},
	"mariadb":     {login.MySQL, "3306", false},
	"mongodb":     {login.MongoDB, "27017", false},
	"mongodb+srv": {login.MongoDB, "27017", true},
	"redis":       {login.Redis, "6379", false},
	"rediss":      {login.Redis, "6379", true},
}

// readTarget reads an address as the clients of its protocol do, or says why there can be no login. What it says quotes nothing of the
// address.
func readTarget(a rules.Login) (t target, why string) {
	if a, why = asAddress(a); why != "" {
		return t, why
	}
	t.scheme = strings.ToLower(a.Scheme)
	if name, _, _ := strings.Cut(t.scheme, "+"); protocols[name].kind == login.MySQL || protocols[name].kind == login.PostgreSQL {
		t.scheme = name // what follows is the client's driver
	}
	if t.scheme == mutualScheme {
		t.certificate, t.key = a.User, a.Password
		return t, t.at(a.Host, cmp.Or(a.Port, "443"))
	}
	p, known := protocols[t.scheme]
	if !known {
		return t, "there is no check for addresses of this kind"
	}
	if why := t.at(a.Host, cmp.Or(a.Port, p.port)); why != "" {
		return t, why
	}
	t.srv = t.scheme == "mongodb+srv"
	if strings.HasPrefix(a.Database, "<") || strings.ContainsAny(a.User+a.Database+a.Options, "${}*") {
		return t, "the address has a variable in it"
	}
	database, _, _ := strings.Cut(a.Database, "<") // the next tag
	options, err := url.ParseQuery(a.Options)
	if err != nil {
		return t, "the options of the address cannot be read"
	}
	t.request = login.Request{
		Kind: p.kind, TLS: p.tls, User: unescaped(a.User), Password: unescaped(a.Password), Database: unescaped(database),
	}
	return t, t.heed(options)
}

// at takes where the server is. A host may bring its port.
func (t *target) at(host, port string) (why string) {
	if name, own, err := net.SplitHostPort(host); err == nil {
		host, port = name, own
	}
	t.host, t.port = strings.ToLower(host), port
	number, err := strconv.ParseUint(port, 10, 16)
	if _, ip := netip.ParseAddr(t.host); err != nil || number == 0 || ip != nil && !hostForm.MatchString(t.host) {
		return "the address has a host or port that cannot be"
	}
	return ""
}

// heed takes what the options of an address say of its login.
func (t *target) heed(options url.Values) (why string) {
	switch t.request.Kind {
	case login.PostgreSQL:
		if options.Has("host") || options.Has("hostaddr") {
			return "the options of the address name another host"
		}
	case login.MongoDB:
		for _, name := range []string{"tls", "ssl"} {
			if options.Has(name) {
				t.request.TLS = options.Get(name) == "true"
			}
		}
		if source := options.Get("authSource"); source != "" {
			t.request.Database, t.source = source, true
		}
		if way := options.Get("authMechanism"); way != "" && !strings.HasPrefix(way, "SCRAM-") {
			return "the address asks for a kind of login without a password"
		}
	case login.Redis:
		t.request.Database = ""
	}
	return ""
}

// unescaped is a text without its percent signs; a text that is not escaped is taken as it is.
func unescaped(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
