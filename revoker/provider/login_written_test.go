package provider

import (
	"testing"

	"github.com/quash-sh/quash/rules"
)

// TestReadTargetWritten: what stands in addresses of JDBC and in connection strings is read as the drivers read it.
func TestReadTargetWritten(t *testing.T) {
	const escaped, plain, raw, bad = "x%2Fy+z", "w0rd", "a%41+b", "x%y"
	for name, tc := range map[string]struct {
		login                        rules.Login
		origin, user, word, database string
	}{
		"JDBC": {
			rules.Login{Scheme: "jdbc:postgresql:", Host: "db.acme.example/shop?user=a%40b", Password: escaped, Options: "&ssl=true"},
			"postgresql://db.acme.example:5432", "a@b", "x/y z", "shop",
		},
		"JDBC in XML": {
			rules.Login{Scheme: "jdbc:mysql:", Host: "DB:33060/shop?a=b&amp;user=ann&amp", Password: bad},
			"", "", "", "",
		},
		"MariaDB": {
			rules.Login{Scheme: "JDBC:mariadb:", Host: "DB:33060/shop?a=b&amp;user=ann&amp;", Password: plain},
			"mariadb://db:33060", "ann", "w0rd", "shop",
		},
		"Npgsql": {
			rules.Login{Scheme: settingsScheme, Host: "Host=db.acme.example;Username=ann;", Password: raw, Options: ";Database=a/b"},
			"postgresql://db.acme.example:5432", "ann", "a%41+b", "a/b",
		},
		"MySQL": {
			rules.Login{Scheme: settingsScheme, Host: "Server = db ; Port=3306; User ID=ann ; SslMode=None;", Password: plain},
			"mysql://db:3306", "ann", "w0rd", "",
		},
		"SQL Server":   {login: rules.Login{Scheme: settingsScheme, Host: "Server=tcp:db,1433;User ID=ann;", Password: plain}},
		"replicas":     {login: rules.Login{Scheme: "jdbc:mysql:replication:", Host: "a,b/shop?user=ann&", Password: plain}},
		"options of ;": {login: rules.Login{Scheme: "jdbc:mysql:", Host: "db/shop?user=ann;x=y&", Password: plain}},
		"own login":    {login: rules.Login{Scheme: "jdbc:mysql:", Host: "ann:word@db/shop?", Password: plain}},
	} {
		t.Run(name, func(t *testing.T) {
			to, why := readTarget(tc.login)
			if tc.origin == "" {
				if why == "" {
					t.Errorf("read as %s", to.origin())
				}
				return
			}
			r := to.request
			if why != "" || to.origin() != tc.origin || r.User != tc.user || r.Password != tc.word || r.Database != tc.database {
				t.Errorf("%q: %s as %q with %q in %q", why, to.origin(), r.User, r.Password, r.Database)
			}
		})
	}
}
