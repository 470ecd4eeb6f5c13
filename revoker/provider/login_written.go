package provider

import (
	"net/url"
	"slices"
	"strings"

	"github.com/quash-sh/quash/rules"
)

// settingsScheme is that of a connection string: settings of the form name=value, with semicolons between them. Host holds those before
// the password, Options those after it.
const settingsScheme = "settings"

// asAddress turns what a driver is configured with, an address of JDBC or a connection string, into the parts of an address; other
// logins are left as they are.
func asAddress(a rules.Login) (address rules.Login, why string) {
	scheme := strings.ToLower(a.Scheme)
	if name, ok := strings.CutPrefix(scheme, "jdbc:"); ok {
		return fromJDBC(strings.TrimSuffix(name, ":"), a)
	}
	if scheme == settingsScheme {
		return fromSettings(a)
	}
	return a, ""
}

// fromJDBC reads jdbc:NAME://HOST:PORT/DATABASE?user=USER. Drivers take a plus sign of the options for a space.
// https://jdbc.postgresql.org/documentation/use/, https://dev.mysql.com/doc/connector-j/en/connector-j-reference-jdbc-url-format.html
func fromJDBC(name string, a rules.Login) (rules.Login, string) {
	if !slices.Contains([]string{"postgresql", "mysql", "mariadb"}, name) {
		return a, "there is no check for addresses of this kind"
	}
	place, query, _ := strings.Cut(a.Host, "?")
	host, database, _ := strings.Cut(place, "/")
	options, err := url.ParseQuery(strings.ReplaceAll(query+"&"+strings.TrimLeft(a.Options, "&;"), "&amp;", "&"))
	if err != nil || strings.ContainsAny(place, "@,;()") {
		return a, "the address has another form than one host with options"
	}
	password, err := url.QueryUnescape(a.Password)
	if err != nil {
		return a, "the password in the address cannot be read"
	}
	return rules.Login{
		Scheme: name, Host: host, User: url.PathEscape(options.Get("user")), Password: url.PathEscape(password), Database: database,
	}, ""
}

// settingNames are the names of settings, in lower case and without spaces, that say the same.
// https://www.npgsql.org/doc/connection-string-parameters.html, https://mysqlconnector.net/connection-options/
var settingNames = map[string]string{
	"server": "host", "host": "host", "datasource": "host", "addr": "host", "address": "host",
	"port":   "port",
	"userid": "user", "uid": "user", "username": "user", "user": "user",
	"database": "database", "initialcatalog": "database",
}

// settingKinds are the kinds of server by the port that a connection string names.
var settingKinds = map[string]string{"5432": "postgresql", "3306": "mysql"}

// fromSettings reads a connection string, whose values are taken as they stand.
func fromSettings(a rules.Login) (rules.Login, string) {
	values, written := make(map[string]string), make(map[string]bool)
	for setting := range strings.SplitSeq(a.Host+";"+a.Options, ";") {
		name, value, ok := strings.Cut(setting, "=")
		name = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), " ", "")
		what := settingNames[name]
		if !ok || what == "" {
			continue
		}
		if _, twice := values[what]; twice {
			return a, "the connection string names its " + what + " twice"
		}
		values[what], written[name] = strings.TrimSpace(value), true
	}
	kind := settingKinds[values["port"]]
	if kind == "" && values["port"] == "" && written["host"] && written["username"] {
		kind = "postgresql"
	}
	if kind == "" {
		return a, "the connection string does not say what kind of server it is"
	}
	for _, value := range values {
		if strings.ContainsAny(value, "${}*%<>,") {
			return a, "the connection string has a variable in it"
		}
	}
	return rules.Login{
		Scheme: kind, Host: values["host"], Port: values["port"], User: url.PathEscape(values["user"]),
		Password: url.PathEscape(a.Password), Database: url.PathEscape(values["database"]),
	}, ""
}
