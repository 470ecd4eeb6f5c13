package forge

import (
	"context"
	"net/netip"
	"net/url"
	"testing"
)

// TestAccess: a credential goes to the forge's hosts, and only where nobody on the way reads along.
func TestAccess(t *testing.T) {
	a := Access{
		Token:    func(context.Context) (string, error) { return "token", nil },
		Hosts:    []string{"github.com", "127.0.0.1", "10.1.2.3", "192.168.1.1"},
		Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	}
	for raw, want := range map[string]string{
		"https://github.com/acme/shop.git":   "token",
		"https://github.com:8443/acme/shop":  "token",
		"http://github.com/acme/shop.git":    "",
		"https://github.com.evil.example/a":  "",
		"https://evil.example/github.com":    "",
		"http://127.0.0.1:8080/a.git":        "token",
		"http://127.0.0.2:8080/a.git":        "",
		"http://10.1.2.3/a.git":              "token",
		"http://192.168.1.1/a.git":           "",
		"ssh://git@github.com/acme/shop.git": "",
		"git://127.0.0.1/a.git":              "",
		"file:///srv/a.git":                  "",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := a.to(t.Context(), u); got != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", raw, got, err, want)
		}
	}
}
